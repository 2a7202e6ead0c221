# SPDX-License-Identifier: Apache-2.0

# How targets of this project are made.

# conats_configure_target(<target>)
# Language, warnings, visibility and instrumentation, alike for everything compiled here.
function(conats_configure_target target)
    target_compile_features(${target} PUBLIC cxx_std_20)
    set_target_properties(
        ${target}
        PROPERTIES CXX_EXTENSIONS OFF
                   CXX_VISIBILITY_PRESET hidden
                   VISIBILITY_INLINES_HIDDEN ON)

    if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # It takes what is local to an included source for a header's.
        target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
    endif()
    if(CONATS_WARNINGS_AS_ERRORS)
        target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
        if(CMAKE_UNITY_BUILD)
            # What is local to one source hides nothing of the others.
            target_compile_options(${target} PRIVATE -Wno-shadow)
        endif()
        if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
            # g++ reports it falsely for coroutines that return asio::awaitable.
            target_compile_options(${target} PRIVATE -Wno-mismatched-new-delete)
            if(CONATS_SANITIZE)
                # Instrumented code confuses the flow analysis behind this one.
                target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
            endif()
        endif()
    endif()

    if(CONATS_SANITIZE)
        set(flags -fsanitize=${CONATS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
        target_compile_options(${target} PRIVATE ${flags})
        target_link_options(${target} PRIVATE ${flags})
        if(CONATS_SANITIZE MATCHES thread)
            # Asio counts the owners of an executor with a release and a separate acquire fence.
            # ThreadSanitizer does not see fences and takes the last owner's delete for a race;
            # with Boost's own counter each step is both.
            target_compile_definitions(${target} PRIVATE BOOST_ASIO_DISABLE_STD_ATOMIC)
        endif()
    endif()
    if(CONATS_BUILD_FUZZ)
        target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
        target_link_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
    endif()
    if(CONATS_COVERAGE)
        target_compile_options(${target} PRIVATE --coverage -fprofile-update=atomic)
        target_link_options(${target} PRIVATE --coverage)
    endif()
endfunction()

# conats_complete(<target>)
# A shared library has all that it needs, or names a library that does: it does not link otherwise.
function(conats_complete target)
    if(BUILD_SHARED_LIBS AND CMAKE_SYSTEM_NAME STREQUAL "Linux" AND NOT CONATS_SANITIZE)
        target_link_options(${target} PRIVATE LINKER:--no-undefined)
    endif()
endfunction()

# conats_precompile(<target> <header>...)
# conats_precompile(<target> FROM <other>)
# Precompiles headers of other projects for a target, or shares those of another target. Own
# headers never go in: that each of them stands alone is checked by tests/headers.
function(conats_precompile target)
    if(NOT CONATS_PCH)
        return()
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        target_compile_options(${target} PRIVATE -fpch-preprocess)
    endif()
    if("${ARGV1}" STREQUAL "FROM")
        target_precompile_headers(${target} REUSE_FROM ${ARGV2})
    else()
        target_precompile_headers(${target} PRIVATE ${ARGN})
    endif()
endfunction()

# conats_layer(<name> [DEPENDS <layer>...] [LIBRARIES <target>...] [PCH] SOURCES <file>...)
# One layer of the library: an OBJECT library conats_<name>. DEPENDS names layers to its left,
# LIBRARIES what its sources use beyond Boost's headers. PCH shares the precompiled Asio headers.
function(conats_layer name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "PCH" "" "DEPENDS;LIBRARIES;SOURCES")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "conats_layer(${name}): what is '${arg_UNPARSED_ARGUMENTS}'?")
    endif()

    set(target conats_${name})
    add_library(${target} OBJECT ${arg_SOURCES})
    conats_configure_target(${target})
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/lib")
    target_link_libraries(${target} PUBLIC ${CONATS_BOOST_HEADERS} Threads::Threads ${arg_LIBRARIES})
    if(BUILD_SHARED_LIBS)
        target_compile_definitions(${target} PRIVATE CONATS_BUILDING)
    else()
        target_compile_definitions(${target} PUBLIC CONATS_STATIC_DEFINE)
    endif()
    foreach(layer IN LISTS arg_DEPENDS)
        target_link_libraries(${target} PUBLIC conats_${layer})
    endforeach()
    if(arg_PCH)
        conats_precompile(${target} FROM conats_pch)
    endif()

    set_property(GLOBAL APPEND PROPERTY CONATS_LAYERS ${target})
    set_property(GLOBAL APPEND PROPERTY CONATS_LIBRARIES ${arg_LIBRARIES})
endfunction()

# conats_example(<target> SOURCES <file>... [LIBRARIES <target>...])
# A program against the public headers alone; conats_examples builds them all and the documents'
# snippets, conats_example_programs those that tests run.
if(CONATS_BUILD_EXAMPLES)
    add_custom_target(conats_examples)
    add_custom_target(conats_example_programs)
    add_dependencies(conats_examples conats_example_programs)
endif()
function(conats_example target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
    add_executable(${target} ${arg_SOURCES})
    conats_configure_target(${target})
    target_link_libraries(${target} PRIVATE conats::conats ${arg_LIBRARIES})
    if(target MATCHES "^snippet_")
        add_dependencies(conats_examples ${target})
    else()
        add_dependencies(conats_example_programs ${target})
    endif()
endfunction()
