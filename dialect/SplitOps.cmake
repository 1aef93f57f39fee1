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
set(written "")
set(mark "// Of ${GROUP}.td, by SplitOps.cmake.")
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
  # What the op's class is made of, and no more: an edit of an interface is
  # none of what has it not.
  string(REGEX MATCHALL "::gptc::gpt::[A-Za-z]+::Trait" headers "${part}")
  list(TRANSFORM headers REPLACE ".*::([A-Za-z]+)::Trait" "\\1")
  foreach(kind Attr Type)
    if(part MATCHES "::gptc::gpt::[A-Za-z]+${kind}[^A-Za-z]")
      list(APPEND headers Gpt${kind}s)
    endif()
  endforeach()
  list(PREPEND headers ${base})
  list(TRANSFORM headers REPLACE "(.+)" "#include \"dialect/\\1.h\"\n")
  list(JOIN headers "" headers)
  string(TOUPPER "GPTC_DIALECT_${dialect}_${op}" guard)
  file(CONFIGURE OUTPUT ${dialect}/${op}.h.inc @ONLY CONTENT "${mark}
#ifndef ${guard}
#define ${guard}
${headers}namespace gptc::${dialect} {
class ${op};
} // namespace gptc::${dialect}
${part}#endif // ${guard}
")
  list(APPEND written ${dialect}/${op}.h.inc)
  string(APPEND group "#include \"dialect/${dialect}/${op}.h.inc\"\n")
endforeach()
# What this group wrote of an op that it has no more, no source shall find.
file(GLOB old RELATIVE ${CMAKE_CURRENT_BINARY_DIR} ${dialect}/*Op.h.inc)
list(REMOVE_ITEM old ${written})
foreach(header ${old})
  file(STRINGS ${header} first LIMIT_COUNT 1)
  if(first STREQUAL mark)
    file(REMOVE ${header})
  endif()
endforeach()
file(CONFIGURE OUTPUT ${GROUP}.h.inc CONTENT "${group}" @ONLY)
