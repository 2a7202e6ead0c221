# SPDX-License-Identifier: Apache-2.0

# Install rules: the library, its headers, the CMake package and the pkg-config file.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

if(CONATS_FETCH_DEPENDENCIES AND NOT Boost_DIR)
    message(STATUS "conats: no install rules, since its dependencies were fetched into this build")
    return()
endif()

set(package_directory "${CMAKE_INSTALL_LIBDIR}/cmake/conats")

install(
    TARGETS conats
    EXPORT conatsTargets
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT runtime
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT runtime NAMELINK_COMPONENT development
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)
if(CONATS_TESTING)
    install(
        TARGETS conats_testing
        EXPORT conatsTargets
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)
    set(without_testing "")
else()
    set(without_testing PATTERN "testing" EXCLUDE)
endif()
if(CONATS_WEBSOCKET)
    install(
        TARGETS conats_websocket
        EXPORT conatsTargets
        RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT runtime
        LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT runtime NAMELINK_COMPONENT development
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)
    set(without_websocket "")
else()
    set(without_websocket PATTERN "websocket.hpp" EXCLUDE)
endif()
install(
    DIRECTORY "${PROJECT_SOURCE_DIR}/include/conats"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    COMPONENT development
    FILES_MATCHING
    PATTERN "*.hpp"
    ${without_testing}
    ${without_websocket})
if(CONATS_TOOL)
    install(TARGETS conats_tool RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT tool)
    if(BUILD_SHARED_LIBS AND NOT IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
        file(RELATIVE_PATH up "/${CMAKE_INSTALL_BINDIR}" "/${CMAKE_INSTALL_LIBDIR}")
        set_target_properties(conats_tool PROPERTIES INSTALL_RPATH "$ORIGIN/${up}")
    endif()
endif()
install(
    EXPORT conatsTargets
    NAMESPACE conats::
    DESTINATION "${package_directory}"
    COMPONENT development)

# What a static conats makes its users find as well, and what its pkg-config file passes on.
if(BUILD_SHARED_LIBS)
    set(CONATS_CONFIG_BOOST "find_dependency(Boost ${CONATS_BOOST_MINIMUM} CONFIG)")
    if(CONATS_TESTING)
        # conats::testing is static in any case.
        set(CONATS_CONFIG_BOOST "find_dependency(Boost ${CONATS_BOOST_MINIMUM} CONFIG COMPONENTS json)")
    endif()
    set(CONATS_CONFIG_SIMDJSON "")
    set(CONATS_CONFIG_OPENSSL "")
    set(CONATS_PC_CFLAGS "")
else()
    set(CONATS_CONFIG_BOOST "find_dependency(Boost ${CONATS_BOOST_MINIMUM} CONFIG COMPONENTS url json)")
    set(CONATS_CONFIG_SIMDJSON "find_dependency(simdjson ${CONATS_SIMDJSON_MINIMUM})")
    set(CONATS_CONFIG_OPENSSL "find_dependency(OpenSSL ${CONATS_OPENSSL_MINIMUM} COMPONENTS Crypto SSL)")
    set(CONATS_PC_CFLAGS "-DCONATS_STATIC_DEFINE")
endif()
set(CONATS_PC_REQUIRES
    "simdjson >= ${CONATS_SIMDJSON_MINIMUM}, libssl >= ${CONATS_OPENSSL_MINIMUM}, libcrypto >= ${CONATS_OPENSSL_MINIMUM}")

# Boost has no pkg-config files: name its libraries, and their place where it is not the usual one.
set(CONATS_PC_LIBS "-lboost_url -lboost_json -lboost_container")
cmake_path(GET Boost_DIR PARENT_PATH boost_libraries)
cmake_path(GET boost_libraries PARENT_PATH boost_libraries)
if(NOT boost_libraries IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
    string(PREPEND CONATS_PC_LIBS "-L${boost_libraries} ")
endif()
get_target_property(boost_include Boost::headers INTERFACE_INCLUDE_DIRECTORIES)
if(boost_include AND NOT boost_include IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
    string(APPEND CONATS_PC_CFLAGS " -I${boost_include}")
endif()

string(REPLACE "-lboost_url " "" CONATS_PC_TESTING_LIBS "${CONATS_PC_LIBS}")

if(BUILD_SHARED_LIBS)
    # Nothing but the library itself is linked then.
    set(CONATS_PC_REQUIRES "")
    set(CONATS_PC_LIBS "")
endif()

# The prefix as seen from the pkg-config file, so that an install tree may be moved.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    set(CONATS_PC_PREFIX "${CMAKE_INSTALL_PREFIX}")
else()
    cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY
               "${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/pkgconfig" OUTPUT_VARIABLE up)
    set(CONATS_PC_PREFIX "\${pcfiledir}/${up}")
    string(REGEX REPLACE "/$" "" CONATS_PC_PREFIX "${CONATS_PC_PREFIX}")
endif()
foreach(kind IN ITEMS LIBDIR INCLUDEDIR)
    if(IS_ABSOLUTE "${CMAKE_INSTALL_${kind}}")
        set(CONATS_PC_${kind} "${CMAKE_INSTALL_${kind}}")
    else()
        set(CONATS_PC_${kind} "\${prefix}/${CMAKE_INSTALL_${kind}}")
    endif()
endforeach()

configure_package_config_file(
    "${PROJECT_SOURCE_DIR}/cmake/conatsConfig.cmake.in" "${PROJECT_BINARY_DIR}/conatsConfig.cmake"
    INSTALL_DESTINATION "${package_directory}"
    NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(
    "${PROJECT_BINARY_DIR}/conatsConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
configure_file("${PROJECT_SOURCE_DIR}/cmake/conats.pc.in" "${PROJECT_BINARY_DIR}/conats.pc" @ONLY)
set(package_files "${PROJECT_BINARY_DIR}/conats.pc")
if(CONATS_TESTING)
    configure_file("${PROJECT_SOURCE_DIR}/cmake/conats-testing.pc.in"
                   "${PROJECT_BINARY_DIR}/conats-testing.pc" @ONLY)
    list(APPEND package_files "${PROJECT_BINARY_DIR}/conats-testing.pc")
endif()
if(CONATS_WEBSOCKET)
    configure_file("${PROJECT_SOURCE_DIR}/cmake/conats-websocket.pc.in"
                   "${PROJECT_BINARY_DIR}/conats-websocket.pc" @ONLY)
    list(APPEND package_files "${PROJECT_BINARY_DIR}/conats-websocket.pc")
endif()

install(
    FILES "${PROJECT_BINARY_DIR}/conatsConfig.cmake" "${PROJECT_BINARY_DIR}/conatsConfigVersion.cmake"
    DESTINATION "${package_directory}"
    COMPONENT development)
install(
    FILES ${package_files}
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
    COMPONENT development)
install(
    FILES "${PROJECT_SOURCE_DIR}/LICENSE"
    DESTINATION "${CMAKE_INSTALL_DOCDIR}"
    COMPONENT development)
