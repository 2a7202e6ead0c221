# SPDX-License-Identifier: Apache-2.0

# cmake -DBUILD= -DTREE= -DCONFIG= -P install_tree.cmake: installs a build into an emptied tree.

file(REMOVE_RECURSE "${TREE}")
execute_process(
    COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${TREE}" --config "${CONFIG}" COMMAND_ERROR_IS_FATAL
            ANY)
