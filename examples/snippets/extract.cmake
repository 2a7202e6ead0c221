# SPDX-License-Identifier: Apache-2.0

# extract_snippets(<document> <directory> <out>)
# Writes each ```cpp block of a Markdown document to a file of its own and sets <out> to their
# names. A block with a main() stands as it is. Any other is taken for the body of a coroutine that
# has a client `nc`. Compilers report errors by the document's lines.
function(extract_snippets document directory out)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${document}")
    file(RELATIVE_PATH name "${PROJECT_SOURCE_DIR}" "${document}")
    string(MAKE_C_IDENTIFIER "${name}" name)
    file(READ "${document}" rest)
    set(files "")
    set(line 1)
    set(fence "\n```cpp\n")
    while(TRUE)
        string(FIND "${rest}" "${fence}" begin)
        if(begin EQUAL -1)
            break()
        endif()
        string(LENGTH "${fence}" length)
        math(EXPR begin "${begin} + ${length}")
        string(SUBSTRING "${rest}" 0 ${begin} skipped)
        string(SUBSTRING "${rest}" ${begin} -1 rest)
        string(FIND "${rest}" "```" end)
        string(SUBSTRING "${rest}" 0 ${end} code)
        count_lines("${skipped}" lines)
        math(EXPR line "${line} + ${lines}")

        set(text "#line ${line} \"${document}\"\n${code}")
        if(NOT code MATCHES "int main\\(")
            set(text
                "#include <conats/conats.hpp>\n#include <conats/token.hpp>\n
#include <conats/testing/broker.hpp>\n#include <conats/testing/fault_proxy.hpp>\n
#include <conats/testing/manual_clock.hpp>\n#include <conats/testing/scripted_peer.hpp>\n
#include <conats/observability.hpp>\n#include <conats/stream.hpp>\n#include <conats/websocket.hpp>\n#include <iostream>\n
namespace asio = boost::asio;\nusing namespace std::chrono_literals;\n
asio::awaitable<void> snippet(conats::client nc);
asio::awaitable<void> snippet([[maybe_unused]] conats::client nc) {\n${text}\n    co_return;\n}\n")
        endif()
        set(file "${directory}/${name}_${line}.cpp")
        set(old "")
        if(EXISTS "${file}")
            file(READ "${file}" old)
        endif()
        if(NOT text STREQUAL old)
            file(WRITE "${file}" "${text}")
        endif()
        list(APPEND files "${file}")

        count_lines("${code}" lines)
        math(EXPR line "${line} + ${lines}")
        string(SUBSTRING "${rest}" ${end} -1 rest)
    endwhile()
    set(${out} "${files}" PARENT_SCOPE)
endfunction()

function(count_lines text out)
    string(REGEX REPLACE "[^\n]" "" newlines "${text}")
    string(LENGTH "${newlines}" count)
    set(${out} ${count} PARENT_SCOPE)
endfunction()
