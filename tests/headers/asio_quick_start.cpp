// SPDX-License-Identifier: Apache-2.0

// Never linked: the program of README.md, statement by statement, on Asio's coroutines alone. What
// it awaits is declared here, with the types that such an interface has.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace asio = boost::asio;

namespace words {

class message {
public:
    const std::string& subject() const;
    std::string_view text() const;

private:
    std::shared_ptr<const std::string> bytes_;
};

class subscription {
public:
    asio::awaitable<std::optional<message>> next();

private:
    std::shared_ptr<void> state_;
};

class client {
public:
    asio::awaitable<subscription> subscribe(std::string_view subject);
    asio::awaitable<void> publish(std::string_view subject, std::string_view payload);

private:
    std::shared_ptr<void> state_;
};

asio::awaitable<client> connect(const std::string& address);

} // namespace words

asio::awaitable<void> run() {
    auto nc = co_await words::connect("nats://s3cr3t@localhost");
    auto sub = co_await nc.subscribe("greet.*");
    co_await nc.publish("greet.joe", "hello");
    while (auto msg = co_await sub.next())
        std::cout << msg->subject() << ": " << msg->text() << '\n';
}

int main() {
    asio::io_context context;
    asio::co_spawn(context, run(), [](const std::exception_ptr& thrown) {
        if (thrown)
            std::rethrow_exception(thrown);
    });
    context.run();
}
