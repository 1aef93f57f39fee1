# The runtime holds no mathematics: no object of it needs a function of libm.
#
#   cmake -DNM=nm -DLIBM=libm.so.6 "-DOBJECTS=a.o;b.o" -P CheckSymbols.cmake
#
# Compares what the objects leave undefined with what libm exports.

cmake_minimum_required(VERSION 3.20)
execute_process(COMMAND ${NM} -D --defined-only ${LIBM}
  OUTPUT_VARIABLE exported COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${NM} --undefined-only ${OBJECTS}
  OUTPUT_VARIABLE needed COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[A-Za-z] [A-Za-z_0-9]+@" exported "${exported}")
list(TRANSFORM exported REPLACE "^. (.*)@$" "\\1")
string(REGEX MATCHALL " U [A-Za-z_0-9]+" needed "${needed}")
list(TRANSFORM needed REPLACE "^ U " "")
list(LENGTH exported exportedCount)
list(LENGTH needed neededCount)
if(exportedCount LESS 100 OR neededCount LESS 20)
  message(FATAL_ERROR "${NM} lists too little: ${exportedCount} symbols of "
    "${LIBM}, ${neededCount} of the runtime")
endif()
list(REMOVE_DUPLICATES needed)
foreach(symbol IN LISTS needed)
  if(symbol IN_LIST exported)
    message(FATAL_ERROR "the runtime needs ${symbol} of ${LIBM}")
  endif()
endforeach()
message(STATUS "none of ${exportedCount} functions of libm is needed")
