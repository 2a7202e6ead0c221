# SPDX-License-Identifier: Apache-2.0

# What the library stands on. Installed packages come first; where
# CONATS_FETCH_DEPENDENCIES is on, CMake downloads those it does not find.

set(CONATS_BOOST_MINIMUM 1.81)
set(CONATS_SIMDJSON_MINIMUM 3.0)
set(CONATS_OPENSSL_MINIMUM 3.0)

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

if(CONATS_FETCH_DEPENDENCIES)
    include(FetchContent)
    set(BOOST_INCLUDE_LIBRARIES asio beast json system url)
    set(BOOST_ENABLE_CMAKE ON)
    FetchContent_Declare(
        Boost
        URL https://github.com/boostorg/boost/releases/download/boost-1.86.0/boost-1.86.0-cmake.tar.xz
        DOWNLOAD_EXTRACT_TIMESTAMP ON
        FIND_PACKAGE_ARGS ${CONATS_BOOST_MINIMUM} CONFIG COMPONENTS url json)
    FetchContent_Declare(
        simdjson
        URL https://github.com/simdjson/simdjson/archive/refs/tags/v3.10.1.tar.gz
        DOWNLOAD_EXTRACT_TIMESTAMP ON
        FIND_PACKAGE_ARGS ${CONATS_SIMDJSON_MINIMUM})
    FetchContent_MakeAvailable(Boost simdjson)
else()
    find_package(Boost ${CONATS_BOOST_MINIMUM} CONFIG REQUIRED COMPONENTS url json)
    find_package(simdjson ${CONATS_SIMDJSON_MINIMUM} REQUIRED)
endif()

# The header-only part of Boost: one target in an installed Boost, several in a fetched one.
if(TARGET Boost::headers)
    set(CONATS_BOOST_HEADERS Boost::headers)
else()
    set(CONATS_BOOST_HEADERS Boost::asio Boost::system)
endif()

# Beast, for conats::websocket alone, is header-only too.
set(CONATS_BEAST_FOUND OFF)
if(TARGET Boost::headers)
    get_target_property(directories Boost::headers INTERFACE_INCLUDE_DIRECTORIES)
    find_file(CONATS_BEAST_HEADER boost/beast/zlib/deflate_stream.hpp HINTS ${directories})
    mark_as_advanced(CONATS_BEAST_HEADER)
    if(CONATS_BEAST_HEADER)
        set(CONATS_BEAST_FOUND ON)
    endif()
elseif(TARGET Boost::beast)
    list(APPEND CONATS_BOOST_HEADERS Boost::beast)
    set(CONATS_BEAST_FOUND ON)
endif()

find_package(OpenSSL ${CONATS_OPENSSL_MINIMUM} REQUIRED COMPONENTS Crypto SSL)
