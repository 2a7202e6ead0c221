# SPDX-License-Identifier: Apache-2.0

# Uses ccache where it is found, and tells it what precompiled headers need and that two checkouts
# of one source may share results.

if(CMAKE_CXX_COMPILER_LAUNCHER OR DEFINED ENV{CMAKE_CXX_COMPILER_LAUNCHER})
    return()
endif()

find_program(CONATS_CCACHE ccache)
mark_as_advanced(CONATS_CCACHE)
if(CONATS_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER
        "${CMAKE_COMMAND}" -E env
        "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime"
        "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}"
        "CCACHE_NOHASHDIR=true"
        "${CONATS_CCACHE}")
endif()
