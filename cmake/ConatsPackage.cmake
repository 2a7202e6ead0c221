# SPDX-License-Identifier: Apache-2.0

# Debian packages by CPack: the shared library, what is needed to build with it, and the command line
# tool. scripts/package makes them.

if(NOT BUILD_SHARED_LIBS OR NOT CONATS_WEBSOCKET OR NOT CONATS_TESTING OR NOT CONATS_TOOL)
    message(FATAL_ERROR "CONATS_PACKAGE: the packages have all parts, with shared libraries")
endif()

set(CPACK_PACKAGE_NAME conats)
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGE_VENDOR "The conats authors")
set(CPACK_PACKAGE_CONTACT "The conats authors <conats@localhost>" CACHE STRING "Maintainer of the packages")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each package has its own
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_GENERATOR DEB)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
                                                WORLD_READ WORLD_EXECUTE)

set(CPACK_COMPONENTS_ALL runtime development tool)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${PROJECT_BINARY_DIR}/lib;${PROJECT_BINARY_DIR}/lib/websocket")

# conats_packages_with(<variable> <file>...): the installed packages that own files of a dependency.
function(conats_packages_with variable)
    set(packages "")
    foreach(file IN LISTS ARGN)
        execute_process(
            COMMAND dpkg-query --search "${file}"
            OUTPUT_VARIABLE owner
            ERROR_QUIET RESULT_VARIABLE result)
        if(NOT result EQUAL 0)
            message(FATAL_ERROR "CONATS_PACKAGE: no Debian package owns '${file}'")
        endif()
        string(REGEX REPLACE "[:,].*" "" owner "${owner}")
        list(APPEND packages "${owner}")
    endforeach()
    set(${variable} "${packages}" PARENT_SCOPE)
endfunction()

get_target_property(boost_include Boost::headers INTERFACE_INCLUDE_DIRECTORIES)
cmake_path(GET Boost_DIR PARENT_PATH boost_libraries)
cmake_path(GET boost_libraries PARENT_PATH boost_libraries)
conats_packages_with(boost "${boost_include}/boost/version.hpp" "${boost_libraries}/libboost_json.so")
list(TRANSFORM boost APPEND " (>= ${CONATS_BOOST_MINIMUM})")
list(JOIN boost ", " boost)

set(soversion "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
set(version "${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}")

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME "libconats${soversion}")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA "${PROJECT_BINARY_DIR}/packaging/shlibs"
                                               "${PROJECT_SOURCE_DIR}/cmake/packaging/debian/triggers")
string(
    CONCAT CPACK_COMPONENT_RUNTIME_DESCRIPTION
           "C++20 client for NATS on Boost.Asio coroutines - shared libraries\n"
           "A client of the NATS messaging system that runs on the executor of the\n"
           "application: publish and subscribe, requests, TLS, every kind of\n"
           "authentication, reconnecting, WebSocket, proxies.\n"
           ".\n"
           "This package has the shared libraries.")
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/packaging/shlibs"
     CONTENT "libconats ${soversion} libconats${soversion} (>= ${PROJECT_VERSION})
libconats-websocket ${soversion} libconats${soversion} (>= ${PROJECT_VERSION})\n")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libconats-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libconats${soversion} (= ${version}), ${boost}")
string(
    CONCAT CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
           "C++20 client for NATS on Boost.Asio coroutines - development files\n"
           "A client of the NATS messaging system that runs on the executor of the\n"
           "application: publish and subscribe, requests, TLS, every kind of\n"
           "authentication, reconnecting, WebSocket, proxies.\n"
           ".\n"
           "This package has the headers, the CMake package, the pkg-config files, and\n"
           "conats::testing, a broker and more for tests of programs that use conats.")

set(CPACK_DEBIAN_TOOL_PACKAGE_NAME conats)
set(CPACK_DEBIAN_TOOL_PACKAGE_SECTION net)
set(CPACK_DEBIAN_TOOL_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_TOOL_PACKAGE_DEPENDS "libconats${soversion} (= ${version})")
string(
    CONCAT CPACK_COMPONENT_TOOL_DESCRIPTION
           "command line client for NATS\n"
           "Publishes, subscribes, asks and answers from the command line, and tells\n"
           "what is known of a NATS server and of the way to it.")

# The manual page is what the tool says of itself.
find_program(CONATS_HELP2MAN help2man REQUIRED)
mark_as_advanced(CONATS_HELP2MAN)
set(manual "${PROJECT_BINARY_DIR}/packaging/conats.1")
add_custom_command(
    OUTPUT "${manual}.gz"
    COMMAND "${CONATS_HELP2MAN}" --no-info "--name=command line client for NATS" --output=${manual}
            $<TARGET_FILE:conats_tool>
    COMMAND gzip --best --no-name --force "${manual}"
    DEPENDS conats_tool
    VERBATIM)
add_custom_target(conats_manual ALL DEPENDS "${manual}.gz")
install(
    FILES "${manual}.gz"
    DESTINATION "${CMAKE_INSTALL_MANDIR}/man1"
    COMPONENT tool)

# The papers of each package.
file(STRINGS "${PROJECT_SOURCE_DIR}/CHANGELOG.md" day REGEX "^## ${PROJECT_VERSION} - [0-9-]+$")
string(REGEX REPLACE ".* " "" day "${day}")
if(day STREQUAL "")
    message(FATAL_ERROR "CONATS_PACKAGE: CHANGELOG.md has no '## ${PROJECT_VERSION} - DATE'")
endif()
execute_process(
    COMMAND date --rfc-email --utc "--date=${day}"
    OUTPUT_VARIABLE released
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
configure_file("${PROJECT_SOURCE_DIR}/cmake/packaging/debian/changelog.in"
               "${PROJECT_BINARY_DIR}/packaging/changelog.Debian" @ONLY)
configure_file("${PROJECT_SOURCE_DIR}/CHANGELOG.md" "${PROJECT_BINARY_DIR}/packaging/changelog" COPYONLY)
execute_process(
    COMMAND gzip --best --no-name --force --keep "${PROJECT_BINARY_DIR}/packaging/changelog.Debian"
            "${PROJECT_BINARY_DIR}/packaging/changelog" COMMAND_ERROR_IS_FATAL ANY)
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
    string(TOUPPER "${component}" upper)
    install(
        FILES "${PROJECT_SOURCE_DIR}/cmake/packaging/debian/copyright"
              "${PROJECT_BINARY_DIR}/packaging/changelog.Debian.gz"
              "${PROJECT_BINARY_DIR}/packaging/changelog.gz"
        DESTINATION "${CMAKE_INSTALL_DATAROOTDIR}/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME}"
        COMPONENT ${component})
endforeach()

include(CPack)
