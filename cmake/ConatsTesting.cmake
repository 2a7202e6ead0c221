# SPDX-License-Identifier: Apache-2.0

# How tests are made and how CTest learns of them.

find_package(Catch2 REQUIRED)

set(CONATS_TEST_TIMEOUT 120 CACHE STRING "Seconds a test may take; CONATS_TIME_SCALE multiplies them")
mark_as_advanced(CONATS_TEST_TIMEOUT)

# Builds the tests of one kind alone: conats_tests_unit and so on.
foreach(kind IN ITEMS unit integration simulation stress fuzz app)
    add_custom_target(conats_tests_${kind})
endforeach()

# conats_test(<target> [LIBRARIES <target>...] [LABELS <label>...] [TIMEOUT <seconds>]
#             [PROCESSORS <n>] [COST <n>] [ONE_BY_ONE] SOURCES <file>...)
# A Catch2 program whose test cases CTest lists one by one. It sees the private headers
# ("protocol/parser.hpp"), the public ones and those of tests/support ("support/catch.hpp").
# LABELS defaults to unit. Test cases are read from the program when ctest runs, so that a changed
# test name needs no new configure. More tests run at once than there are processors, since most
# wait for something: PROCESSORS is the share of those that compute. COST: the larger, the earlier.
# ONE_BY_ONE: its files are compiled each on its own in unity builds too.
function(conats_test target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "ONE_BY_ONE" "TIMEOUT;PROCESSORS;COST" "LIBRARIES;LABELS;SOURCES")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "conats_test(${target}): what is '${arg_UNPARSED_ARGUMENTS}'?")
    endif()
    if(NOT arg_SOURCES)
        return()
    endif()
    if(NOT arg_LABELS)
        set(arg_LABELS unit)
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT ${CONATS_TEST_TIMEOUT})
    endif()
    if(NOT arg_PROCESSORS)
        set(arg_PROCESSORS 1)
    endif()
    if(NOT arg_COST)
        set(arg_COST 0)
    endif()

    add_executable(${target} ${arg_SOURCES})
    conats_configure_target(${target})
    target_link_libraries(${target} PRIVATE conats_test_support ${arg_LIBRARIES})
    if(arg_ONE_BY_ONE)
        set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
    endif()
    # Bound as it starts: a function that is bound when it is first called has the dynamic linker save
    # the vector registers on the stack, and with them what a copy of a secret has left there.
    target_link_options(${target} PRIVATE LINKER:-z,now)
    conats_precompile(${target} FROM conats_test_pch)

    foreach(label IN LISTS arg_LABELS)
        if(TARGET conats_tests_${label})
            add_dependencies(conats_tests_${label} ${target})
        endif()
    endforeach()

    set(list_file "${CMAKE_CURRENT_BINARY_DIR}/${target}.tests.cmake")
    set(include_file "${CMAKE_CURRENT_BINARY_DIR}/${target}.ctest.cmake")
    file(
        GENERATE
        OUTPUT "${include_file}"
        CONTENT
            "set(conats_program [==[$<TARGET_FILE:${target}>]==])
set(conats_target [==[${target}]==])
set(conats_list_file [==[${list_file}]==])
set(conats_labels [==[${arg_LABELS}]==])
set(conats_timeout ${arg_TIMEOUT})
set(conats_processors ${arg_PROCESSORS})
set(conats_cost ${arg_COST})
set(conats_catch_major ${Catch2_VERSION_MAJOR})
include([==[${PROJECT_SOURCE_DIR}/cmake/ConatsDiscoverTests.cmake]==])
")
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${include_file}")
endfunction()

# conats_fuzz(<target> SOURCES <file>... [CORPUS <directory>] [ROWS <id>...])
# A libFuzzer target (LLVMFuzzerTestOneInput). Where CONATS_BUILD_FUZZ is off it is built with a
# main of its own and replays its corpus as a test, whose name begins with ROWS; M07 unless told.
function(conats_fuzz target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "CORPUS" "SOURCES;ROWS")
    if(NOT arg_SOURCES)
        return()
    endif()
    if(NOT arg_CORPUS)
        set(arg_CORPUS corpus/${target})
    endif()
    if(NOT arg_ROWS)
        set(arg_ROWS M07)
    endif()
    cmake_path(ABSOLUTE_PATH arg_CORPUS BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")

    add_executable(${target} ${arg_SOURCES})
    conats_configure_target(${target})
    set_target_properties(${target} PROPERTIES UNITY_BUILD OFF) # each is soon built
    target_link_libraries(${target} PRIVATE conats_private)
    add_dependencies(conats_tests_fuzz ${target})
    if(CONATS_BUILD_FUZZ)
        target_link_options(${target} PRIVATE -fsanitize=fuzzer)
        # Where scripts/fuzz finds the corpus.
        file(GENERATE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/${target}.corpus" CONTENT "${arg_CORPUS}\n")
    else()
        target_sources(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cpp")
        list(JOIN arg_ROWS " " name)
        string(APPEND name " corpus of ${target}")
        add_test(NAME "${name}" COMMAND ${target} "${arg_CORPUS}")
        set_tests_properties("${name}" PROPERTIES LABELS fuzz TIMEOUT ${CONATS_TEST_TIMEOUT})
    endif()
endfunction()
