# `cmake -DFROM=KernRow.decls.inc -DGROUP=KernRow -P SplitOps.cmake`: the
# declarations of each op as a header of its own, kern/NAME.h.inc, and
# KernRow.h.inc, which includes them all. They go without the definitions'
# words, which are comments there. What stays as it is is not written, so that
# an edit of one op's definition rebuilds the sources that name the op.
string(REGEX MATCH "^(Gpt|Kern)" base ${GROUP})
string(TOLOWER ${base} dialect)
file(READ ${FROM} text)
string(REGEX REPLACE "\n *///[^\n]*" "" text "${text}")
set(type_id "MLIR_DECLARE_EXPLICIT_TYPE_ID(::gptc::${dialect}::")
string(REGEX MATCHALL "// ::gptc::${dialect}::[A-Za-z0-9]+ declarations\n" ops
  "${text}")
set(before "#undef GET_OP_CLASSES\n")
set(group "")
foreach(op ${ops})
  string(REGEX REPLACE ".*::([A-Za-z0-9]+) .*" "\\1" op "${op}")
  string(FIND "${text}" "${before}" at)
  string(LENGTH "${before}" skip)
  math(EXPR at "${at} + ${skip}")
  set(before "${type_id}${op})\n")
  string(FIND "${text}" "${before}" end)
  string(LENGTH "${before}" skip)
  math(EXPR length "${end} + ${skip} - ${at}")
  string(SUBSTRING "${text}" ${at} ${length} part)
  set(header ${base})
  if(part MATCHES "::gptc::gpt::[A-Za-z]+::Trait")
    set(header GptInterfaces)
  endif()
  string(TOUPPER "GPTC_DIALECT_${dialect}_${op}" guard)
  file(CONFIGURE OUTPUT ${dialect}/${op}.h.inc @ONLY CONTENT "#ifndef ${guard}
#define ${guard}
#include \"dialect/${header}.h\"
namespace gptc::${dialect} {
class ${op};
} // namespace gptc::${dialect}
${part}#endif // ${guard}
")
  string(APPEND group "#include \"dialect/${dialect}/${op}.h.inc\"\n")
endforeach()
file(CONFIGURE OUTPUT ${GROUP}.h.inc CONTENT "${group}" @ONLY)
