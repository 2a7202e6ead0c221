# SPDX-License-Identifier: Apache-2.0

# cmake -DCOMPILER= -DFLAGS= -DLIBRARY= -DWORK= -P check_format.cmake
# Compiles format.cpp and runs it. The library was built for another standard library, so what is
# needed of it is compiled along, as one source: the layer `values`, and events.

set(source "${CMAKE_CURRENT_LIST_DIR}/format.cpp")
file(GLOB parts "${LIBRARY}/values/*.cpp")
list(APPEND parts "${LIBRARY}/support/ascii.cpp" "${LIBRARY}/engine/event.cpp" "${source}")
list(TRANSFORM parts REPLACE "(.+)" "#include \"\\1\"\n")
list(JOIN parts "" text)
file(WRITE "${WORK}/format_unity.cpp" "${text}")

execute_process(
    COMMAND ${COMPILER} -std=c++20 -DCONATS_STATIC_DEFINE ${FLAGS} "-I${LIBRARY}" "${WORK}/format_unity.cpp" -o
            "${WORK}/format_test" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${WORK}/format_test" COMMAND_ERROR_IS_FATAL ANY)
