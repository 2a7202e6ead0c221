# SPDX-License-Identifier: Apache-2.0

# cmake -DKIND=archive|tag -DSOURCE= -DVERSION= -DWORK= -DGENERATOR= -DSETTINGS=... -P consumer_fetch.cmake
# Makes what a release offers for download of the working tree, an archive or a repository with a
# tag, and configures a consumer that fetches it. Only what a user needs is in it. One layer is built:
# what follows the download is add_subdirectory, which has a test of its own.

# Nothing of what an earlier run has downloaded is taken.
set(offer "${WORK}/offer")
set(tree "${offer}/conats-${VERSION}")
file(REMOVE_RECURSE "${offer}" "${WORK}/build/_deps")
foreach(part IN ITEMS CMakeLists.txt LICENSE cmake include lib)
    file(COPY "${SOURCE}/${part}" DESTINATION "${tree}")
endforeach()

if(KIND STREQUAL archive)
    set(archive "${offer}/v${VERSION}.tar.gz")
    execute_process(
        COMMAND "${CMAKE_COMMAND}" -E tar czf "${archive}" "conats-${VERSION}"
        WORKING_DIRECTORY "${offer}" COMMAND_ERROR_IS_FATAL ANY)
    file(SHA256 "${archive}" hash)
    set(from "-DARCHIVE=${archive}" "-DARCHIVE_HASH=SHA256=${hash}")
else()
    foreach(
        words IN
        ITEMS "init;-q" "add;." "commit;-q;-m;Release" "tag;v${VERSION}")
        execute_process(
            COMMAND "${GIT}" -c user.name=conats -c user.email=conats@localhost -c core.hooksPath=/dev/null
                    -c commit.gpgSign=false -c tag.gpgSign=false ${words}
            WORKING_DIRECTORY "${tree}" COMMAND_ERROR_IS_FATAL ANY)
    endforeach()
    set(from "-DREPOSITORY=file://${tree}" "-DTAG=v${VERSION}")
endif()

execute_process(
    COMMAND "${CMAKE_COMMAND}" --fresh -S "${CMAKE_CURRENT_LIST_DIR}/consumer_fetch" -B "${WORK}/build" -G
            "${GENERATOR}" ${SETTINGS} ${from} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${WORK}/build" --target conats_support COMMAND_ERROR_IS_FATAL ANY)

# What was fetched is what the consumer links.
file(STRINGS "${WORK}/build/CMakeCache.txt" found REGEX "^conats_(SOURCE_DIR|IS_TOP_LEVEL):STATIC=")
string(REGEX REPLACE "conats_[A-Z_]+:STATIC=" "" found "${found}")
if(NOT "${found}" MATCHES "OFF" OR NOT "${found}" MATCHES "${WORK}/build/_deps/conats-src")
    message(FATAL_ERROR "what the consumer links is not what was fetched: ${found}")
endif()
