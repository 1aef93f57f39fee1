"""What the tests tell the allocator and the sanitizers, as environment variables: memory that was freed is not what it was.

An op that a pass has erased often still reads as it did, and a run that reads it goes well by chance. The C library overwrites what
is freed, and what it hands out; and, without caches that it would leave alone, all of it. So the run crashes, or says another thing,
in every lit test, unit test and run of a random model. In a build with sanitizers (`./x test --sanitize`) their own allocator
stands in for it: a finding is a crash, which no test expects. LLVM's allocators tell of what they hand out only where everything is
built alike, and the libraries are not; what the compiler holds at its end it leaves to the system; and a test waits for the signal of
an access beyond a guarded buffer.
"""

ENVIRONMENT = {
    "MALLOC_PERTURB_": "219",
    "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0",
    "ASAN_OPTIONS": "abort_on_error=1:allow_user_poisoning=0:detect_leaks=0:handle_segv=0",
    "UBSAN_OPTIONS": "abort_on_error=1:print_stacktrace=1",
}
