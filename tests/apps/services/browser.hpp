// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "integration/scratch_directory.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

namespace conats::test {

/// A Chromium without a window, with one page, driven by its DevTools. Gone when this is. What
/// fails, or takes too long, throws std::runtime_error.
class browser {
public:
    /// Skips the test where there is no Chromium: `$CHROMIUM`, or `chromium` in PATH.
    browser();
    browser(const browser&) = delete;
    browser& operator=(const browser&) = delete;
    ~browser();

    /// The page's size in CSS pixels.
    void resize(int width, int height);
    void open(const std::string& url);
    /// The value of an expression of JavaScript.
    boost::json::value evaluate(const std::string& expression);
    /// Whether an expression becomes true in time.
    bool eventually(const std::string& expression);
    /// Types a text as a person does, into what has the focus.
    void type(const std::string& text);
    void press_enter();
    /// As a PNG.
    void screenshot(const std::filesystem::path& file);
    /// Whether the page has scripts that failed or were refused by its policy, one a line.
    std::string complaints();

private:
    using socket = boost::beast::websocket::stream<boost::beast::tcp_stream>;

    boost::json::object call(const std::string& method, boost::json::object parameters);
    boost::asio::awaitable<boost::json::object> exchange(std::string method,
                                                         boost::json::object parameters);
    boost::asio::awaitable<void> connect(std::string port, std::string path);
    void await(boost::asio::awaitable<void> work);
    void kill();

    scratch_directory directory_;
    pid_t pid_ = -1;
    boost::asio::io_context context_;
    std::unique_ptr<socket> socket_;
    std::string session_;
    std::string complaints_;
    int last_id_ = 0;
};

} // namespace conats::test
