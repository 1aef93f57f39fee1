"""Writes a model of many ops: `large_model.py linear|mixed COUNT`. Each op reads the one before it; `mixed` also an earlier one."""

import sys

MIXED = ("rms_norm %x{i}", "relu2 %x{i}", "add %x{i}, %x{far}", "mul %x{i}, %s", "sigmoid %x{i}", "shift %x{i}")

kind, count = sys.argv[1], int(sys.argv[2])
linear = kind == "linear"
parameters = [f"%w{i} = gpt.param [D, D] init normal(0.1) by %sgd" for i in range(count)] if linear else []
forms = ("linear %x{i}, %w{i}",) if linear else MIXED
ops = ["gpt." + forms[i % len(forms)].format(i=i, far=max(0, i - 3)) for i in range(count)]
print("""gpt.model @large {
  gpt.let T, V = 16, D = 8
  %tokens  = gpt.input [T] i32
  %targets = gpt.input [T] i32
  %table   = gpt.param [V, D] init normal(1) by %sgd
  %s       = gpt.param [] init 1 by %sgd""")
print("\n".join("  " + line for line in parameters))
print("  gpt.graph @train {\n    %embedded = gpt.embed %table[%tokens]\n    %x0 = gpt.mul %embedded, %s")
print("\n".join(f"    %x{i + 1} = {op}" for i, op in enumerate(ops)))
print(f"""    %z = gpt.linear %x{count}, %table
    %loss = gpt.cross_entropy %z, %targets
    gpt.return %loss
  }}
  %lr = gpt.schedule(%step) {{
    gpt.yield 1 - %step/steps
  }} {{shown}}
  %sgd = gpt.optimizer(%p, %g) {{
    %q = gpt.sub %p, %g
    gpt.return %q
  }}
  gpt.let steps = 4
  gpt.recipe (steps = steps, micro_batches = 1, T = 32, document_token = 0, max_document = 32)
}}""")
