# `cmake -DFROM=Passes.h.inc -DTO=FOLDER -P SplitPasses.cmake`: the base class of
# each pass as a header of its own, NAME.h.inc, and Declarations.h.inc, all that
# is left of FROM. What stays as it is is not written, so that an edit of one
# pass's definition rebuilds that pass.
file(READ ${FROM} text)
string(REGEX MATCHALL "class [A-Za-z0-9]+Base " classes "${text}")
foreach(class ${classes})
  string(REGEX REPLACE "class (.*)Base " "\\1" name "${class}")
  string(TOUPPER ${name} upper)
  set(end "#endif // GEN_PASS_DEF_${upper}\n")
  string(LENGTH "${end}" more)
  string(FIND "${text}" "#ifdef GEN_PASS_DEF_${upper}\n" at)
  string(FIND "${text}" "${end}" length)
  math(EXPR length "${length} + ${more} - ${at}")
  string(SUBSTRING "${text}" ${at} ${length} part)
  string(REPLACE "${part}" "" text "${text}")
  file(CONFIGURE OUTPUT ${TO}/${name}.h.inc CONTENT "${part}" @ONLY)
endforeach()
string(FIND "${text}" "#ifdef GEN_PASS_REGISTRATION\n" at)
string(SUBSTRING "${text}" 0 ${at} text)
file(CONFIGURE OUTPUT ${TO}/Declarations.h.inc CONTENT "${text}" @ONLY)
