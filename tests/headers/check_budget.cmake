# SPDX-License-Identifier: Apache-2.0

# cmake -DCOMPILER= -DFLAGS= -DHEADER= -DSOURCE= -DBASELINE= -DWORK= -P check_budget.cmake
# Preprocesses a source that holds one public header, counts the lines that come out, as
# `g++ -E | wc -l` would, and looks which files they come from.

set(allowance 3000)
set(ceiling 125000)
if(HEADER STREQUAL "conats/conats.hpp")
    # All of them at once.
    set(allowance 4000)
endif()
if(HEADER STREQUAL "the quick start")
    # A program of <conats/conats.hpp>, with co_spawn and io_context as its baseline.
    set(allowance 4000)
    set(ceiling 128000)
endif()
if(HEADER STREQUAL "conats/token.hpp")
    # The bridge to completion tokens needs co_spawn.
    set(allowance 6000)
    set(ceiling 128000)
endif()

# Never in a public header, whatever the baseline includes.
set(forbidden boost/asio/ip/ boost/asio/ssl boost/beast boost/url simdjson openssl/)
# Heavy: not beyond what the baseline includes itself.
set(heavy "/ranges" "/algorithm" "/map" "boost/system/result.hpp")
if(HEADER MATCHES "/format.hpp$")
    # For programs that include <format> anyway, which is most of it; empty where there is none.
    set(allowance 60000)
    set(ceiling 200000)
    set(heavy "")
endif()

set(compile "${COMPILER}" -std=c++20 ${FLAGS} -E)

# Sets <out>_lines and <out>_files (the files the output names, one a line).
function(preprocess source out)
    string(MD5 key "${SOURCE} ${source}")
    set(result "${WORK}/${key}.ii")
    execute_process(COMMAND ${compile} "${source}" -o "${result}" RESULT_VARIABLE failed ERROR_VARIABLE text)
    if(failed)
        message(FATAL_ERROR "${source} does not preprocess:\n${text}")
    endif()
    execute_process(COMMAND awk "
        { ++lines }
        /^# [0-9]+ \"/ { split($0, part, \"\\\"\"); seen[part[2]] = 1 }
        END { print lines; for (file in seen) print file }" "${result}" OUTPUT_VARIABLE text)
    file(REMOVE "${result}")
    string(REGEX MATCH "^[0-9]+" lines "${text}")
    set(${out}_lines ${lines} PARENT_SCOPE)
    set(${out}_files "${text}" PARENT_SCOPE)
endfunction()

preprocess("${BASELINE}" baseline)
preprocess("${SOURCE}" header)

set(faults "")
foreach(part IN LISTS forbidden)
    string(REGEX MATCH "[^\n]*/${part}[^\n]*" file "${header_files}")
    if(file)
        list(APPEND faults "includes ${part}: ${file}")
    endif()
endforeach()
foreach(part IN LISTS heavy)
    string(REGEX MATCH "[^\n]*${part}\n" in_header "${header_files}")
    string(REGEX MATCH "[^\n]*${part}\n" in_baseline "${baseline_files}")
    if(in_header AND NOT in_baseline)
        string(REGEX REPLACE "^/(.*)$" "<\\1>" shown "${part}")
        list(APPEND faults "includes ${shown}, 3 to 7 thousand lines by itself")
    endif()
endforeach()

math(EXPR limit "${baseline_lines} + ${allowance}")
if(limit GREATER ceiling)
    set(limit ${ceiling})
endif()
set(size "${header_lines} lines, where the baseline has ${baseline_lines} and the limit is ${limit}")
if(header_lines GREATER limit)
    list(APPEND faults "${size}")
endif()

if(faults)
    list(JOIN faults "\n  " text)
    message(FATAL_ERROR "${HEADER}:\n  ${text}")
endif()
message(STATUS "${HEADER}: ${size}")
