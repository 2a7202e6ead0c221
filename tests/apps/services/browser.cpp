// SPDX-License-Identifier: Apache-2.0
#include "browser.hpp"

#include "support/base64.hpp"
#include "support/child_process.hpp"
#include "support/nats_server.hpp"
#include "support/timing.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

namespace conats::test {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace fs = std::filesystem;
namespace json = boost::json;
using asio::use_awaitable;
using namespace std::chrono_literals;

namespace {

/// The port and the path, as DevToolsActivePort has them.
std::pair<std::string, std::string> two_lines(const std::string& text) {
    std::istringstream lines(text);
    std::string first;
    std::string second;
    std::getline(lines, first);
    std::getline(lines, second);
    return {first, second};
}

} // namespace

browser::browser() {
    std::string program = program_named_by("CHROMIUM");
    if (program.empty())
        program = program_in_path("chromium");
    if (program.empty())
        skip_test("SKIPPED: needs chromium (scripts/install-deps browser)");
    const std::string profile = (directory_.path() / "profile").string();
    std::vector<std::string> command = {program,
                                        "--headless",
                                        "--disable-gpu",
                                        "--disable-dev-shm-usage",
                                        "--disable-extensions",
                                        "--disable-background-networking",
                                        "--no-first-run",
                                        "--remote-debugging-port=0",
                                        "--user-data-dir=" + profile,
                                        "about:blank"};
    if (::geteuid() == 0)
        command.insert(command.begin() + 1, "--no-sandbox"); // which root cannot have
    pid_ = start_process(command, directory_.path() / "log");
    try {
        std::pair<std::string, std::string> where;
        const auto is_there = [&] {
            where = two_lines(read_file(fs::path(profile) / "DevToolsActivePort"));
            return !where.second.empty();
        };
        if (!test::eventually(is_there, 30s))
            throw std::runtime_error("chromium does not start:\n" +
                                     read_file(directory_.path() / "log"));
        await(connect(where.first, where.second));
        const json::object targets = call("Target.getTargets", {});
        for (const json::value& each : targets.at("targetInfos").as_array())
            if (each.at("type").as_string() == "page" && session_.empty())
                session_ = call("Target.attachToTarget",
                                {{"targetId", each.at("targetId")}, {"flatten", true}})
                               .at("sessionId")
                               .as_string()
                               .c_str();
        call("Page.enable", {});
        call("Runtime.enable", {});
        call("Log.enable", {});
    } catch (...) {
        kill();
        throw;
    }
}

browser::~browser() {
    try {
        session_.clear();
        call("Browser.close", {});
    } catch (const std::exception&) {
        // It is ended all the same.
    }
    kill();
}

void browser::kill() {
    end_process(pid_, 500ms);
}

void browser::resize(int width, int height) {
    call("Emulation.setDeviceMetricsOverride",
         {{"width", width}, {"height", height}, {"deviceScaleFactor", 1}, {"mobile", width < 600}});
}

void browser::open(const std::string& url) {
    const json::object result = call("Page.navigate", {{"url", url}});
    if (result.contains("errorText"))
        throw std::runtime_error("chromium: " + url + ": " +
                                 result.at("errorText").as_string().c_str());
    if (!eventually("document.readyState === 'complete' && location.href === " +
                    json::serialize(json::value(url))))
        throw std::runtime_error("chromium does not load " + url);
}

json::value browser::evaluate(const std::string& expression) {
    const json::object result =
        call("Runtime.evaluate", {{"expression", expression}, {"returnByValue", true}});
    if (result.contains("exceptionDetails"))
        throw std::runtime_error("in the page: " + json::serialize(result.at("exceptionDetails")));
    const json::object& value = result.at("result").as_object();
    const json::value* const v = value.if_contains("value");
    return v == nullptr ? json::value() : *v;
}

bool browser::eventually(const std::string& expression) {
    const auto holds = [&] {
        const json::value v = evaluate(expression);
        return v.is_bool() && v.get_bool();
    };
    return test::eventually(holds, 20s);
}

void browser::type(const std::string& text) {
    call("Input.insertText", {{"text", text}});
}

void browser::press_enter() {
    for (const char* const what : {"keyDown", "keyUp"})
        call("Input.dispatchKeyEvent", {{"type", what},
                                        {"key", "Enter"},
                                        {"code", "Enter"},
                                        {"text", "\r"},
                                        {"windowsVirtualKeyCode", 13}});
}

void browser::screenshot(const fs::path& file) {
    const json::object result = call("Page.captureScreenshot", {});
    std::string text = result.at("data").as_string().c_str();
    text.resize(text.find_last_not_of('=') + 1);
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    std::string bytes(conats::impl::base64url_decoded_size(text.size()), '\0');
    if (!conats::impl::base64url_decode(text, bytes.data()))
        throw std::runtime_error("chromium: a screenshot is no base64");
    std::ofstream(file, std::ios::binary) << bytes;
}

std::string browser::complaints() {
    evaluate("0"); // what was said before has come then
    return complaints_;
}

json::object browser::call(const std::string& method, json::object parameters) {
    json::object result;
    const auto work = [&]() -> asio::awaitable<void> {
        result = co_await exchange(method, parameters);
    };
    await(work());
    return result;
}

asio::awaitable<json::object> browser::exchange(std::string method, json::object parameters) {
    const int id = ++last_id_;
    json::object request;
    request["id"] = id;
    request["method"] = method;
    request["params"] = std::move(parameters);
    if (!session_.empty())
        request["sessionId"] = session_;
    const std::string text = json::serialize(request);
    co_await socket_->async_write(asio::buffer(text), use_awaitable);
    for (;;) {
        beast::flat_buffer buffer;
        co_await socket_->async_read(buffer, use_awaitable);
        const json::value answer = json::parse(beast::buffers_to_string(buffer.data()));
        const json::object& o = answer.as_object();
        if (const json::value* const what = o.if_contains("method")) {
            if (*what == "Runtime.exceptionThrown" || *what == "Log.entryAdded")
                complaints_ += json::serialize(o) + "\n";
        } else if (o.at("id") == id) {
            if (const json::value* const e = o.if_contains("error"))
                throw std::runtime_error("chromium: " + method + ": " + json::serialize(*e));
            co_return o.at("result").as_object();
        }
    }
}

asio::awaitable<void> browser::connect(std::string port, std::string path) {
    socket_ = std::make_unique<socket>(context_);
    socket_->read_message_max(std::size_t{64} << 20U);
    const asio::ip::tcp::endpoint endpoint(asio::ip::make_address("127.0.0.1"),
                                           static_cast<std::uint16_t>(std::stoi(port)));
    co_await socket_->next_layer().async_connect(endpoint, use_awaitable);
    co_await socket_->async_handshake("127.0.0.1:" + port, path, use_awaitable);
}

void browser::await(asio::awaitable<void> work) {
    std::exception_ptr failure;
    bool done = false;
    asio::co_spawn(context_, std::move(work), [&](const std::exception_ptr& thrown) {
        failure = thrown;
        done = true;
    });
    context_.restart();
    context_.run_for(scaled(30s));
    if (failure)
        std::rethrow_exception(failure);
    if (!done)
        throw std::runtime_error("chromium does not answer");
}

} // namespace conats::test
