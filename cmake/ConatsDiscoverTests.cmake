# SPDX-License-Identifier: Apache-2.0

# Read by ctest itself: asks a Catch2 program for its test cases, once per build of it, and adds
# each as a test. The variables conats_* are set by the file that includes this one.

if(NOT EXISTS "${conats_program}")
    add_test("${conats_target} is not built" "${conats_program}")
    set_tests_properties("${conats_target} is not built" PROPERTIES LABELS "${conats_labels}")
    return()
endif()

set(conats_scale 1)
if("$ENV{CONATS_TIME_SCALE}" MATCHES "^[1-9][0-9]*$")
    set(conats_scale "$ENV{CONATS_TIME_SCALE}")
endif()
math(EXPR conats_seconds "${conats_timeout} * ${conats_scale}")

if(NOT EXISTS "${conats_list_file}"
   OR "${conats_program}" IS_NEWER_THAN "${conats_list_file}"
   OR "${CMAKE_CURRENT_LIST_FILE}" IS_NEWER_THAN "${conats_list_file}")
    if(conats_catch_major GREATER_EQUAL 3)
        set(conats_list_arguments --list-tests --verbosity quiet)
        set(conats_run_arguments "")
    else()
        set(conats_list_arguments --list-test-names-only)
        set(conats_run_arguments " --warn NoTests")
    endif()
    # Catch2 2 returns the number of tests here, so only output can tell success.
    execute_process(
        COMMAND "${conats_program}" ${conats_list_arguments}
        OUTPUT_VARIABLE conats_output
        ERROR_VARIABLE conats_errors
        RESULT_VARIABLE conats_result)
    if(NOT conats_result MATCHES "^[0-9]+$" OR NOT conats_errors STREQUAL "")
        message(FATAL_ERROR "${conats_program} does not list its tests: ${conats_result}\n${conats_errors}")
    endif()
    # Lists of CMake end at semicolons and brackets: take both out of the way while splitting.
    string(REPLACE ";" "\\;" conats_output "${conats_output}")
    string(REPLACE "[" "<<conats-open>>" conats_output "${conats_output}")
    string(REPLACE "]" "<<conats-close>>" conats_output "${conats_output}")
    string(REGEX REPLACE "\r?\n" ";" conats_output "${conats_output}")

    set(conats_script "")
    foreach(conats_name IN LISTS conats_output)
        string(REPLACE "<<conats-open>>" "[" conats_name "${conats_name}")
        string(REPLACE "<<conats-close>>" "]" conats_name "${conats_name}")
        string(STRIP "${conats_name}" conats_name)
        if(conats_name STREQUAL "")
            continue()
        endif()
        set(conats_filter "${conats_name}")
        foreach(conats_special IN ITEMS "\\" "," "[" "]" "\"")
            string(REPLACE "${conats_special}" "\\${conats_special}" conats_filter "${conats_filter}")
        endforeach()
        string(
            APPEND
            conats_script
            "add_test([==[${conats_name}]==] [==[${conats_program}]==] [==[${conats_filter}]==]${conats_run_arguments})\n"
            "set_tests_properties([==[${conats_name}]==] PROPERTIES LABELS [==[${conats_labels}]==]"
            " TIMEOUT \${conats_seconds} PROCESSORS \${conats_processors} COST \${conats_cost}"
            " SKIP_REGULAR_EXPRESSION [==[conats-test-skipped:]==])\n")
    endforeach()
    file(WRITE "${conats_list_file}" "${conats_script}")
endif()

include("${conats_list_file}")
