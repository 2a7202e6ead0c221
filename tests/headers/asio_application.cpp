// SPDX-License-Identifier: Apache-2.0

// Never linked: what an application on Asio's coroutines costs the compiler without conats.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace asio = boost::asio;

static asio::awaitable<void> run(std::string text) {
    std::cout << text << "\n";
    co_return;
}

int main() {
    asio::io_context context;
    asio::co_spawn(context, run("hello"), asio::detached);
    context.run();
}
