// SPDX-License-Identifier: Apache-2.0
#include "soak/traffic.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <charconv>
#include <exception>
#include <numeric>

namespace conats::soak {

using namespace std::chrono_literals;

traffic::traffic(asio::thread_pool& threads, conats::client nc)
    : threads_(threads),
      client_(std::move(nc)) {}

void traffic::start() {
    running_ = publishers + subscriptions;
    const auto ended = [this](const std::exception_ptr& e) {
        broken_ += e ? 1 : 0;
        --running_;
    };
    for (std::size_t i = 0; i != subscriptions; ++i)
        asio::co_spawn(asio::make_strand(threads_), consume(i), ended);
    for (std::size_t p = 0; p != publishers; ++p)
        asio::co_spawn(asio::make_strand(threads_), publish(p), ended);
}

// About 5 000 messages a second from each, so that a loss always hits some.
asio::awaitable<void> traffic::publish(std::size_t publisher) {
    constexpr std::uint64_t burst = 10;
    asio::steady_timer pause(co_await asio::this_coro::executor);
    std::uint64_t number = 0;
    while (!stopping_) {
        for (std::uint64_t i = 0; i != burst; ++i) {
            ++number;
            const std::string subject = "soak." + std::to_string(number % subscriptions);
            const std::string text = std::to_string(publisher) + " " + std::to_string(number);
            try {
                co_await client_.publish(subject, text);
                ++sent_;
            } catch (const conats::system_error& e) {
                if (e.details() != conats::errc::outbox_full)
                    throw;
                ++refused_;
            }
        }
        pause.expires_after(2ms);
        co_await pause.async_wait(asio::use_awaitable);
    }
}

asio::awaitable<void> traffic::consume(std::size_t index) {
    auto sub = co_await client_.subscribe("soak." + std::to_string(index));
    while (auto m = co_await sub.next())
        check(seen_[index], m->text());
    if (!stopping_)
        ++broken_;
}

void traffic::check(seen& s, std::string_view text) {
    const std::size_t blank = text.find(' ');
    std::size_t publisher = publishers;
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + blank, publisher);
    std::from_chars(text.data() + blank + 1, text.data() + text.size(), number);
    if (publisher >= publishers || number <= s.last.at(publisher))
        ++out_of_order_;
    else
        s.last.at(publisher) = number;
    ++s.received;
}

std::uint64_t traffic::received() const {
    const auto all = counts();
    return std::accumulate(all.begin(), all.end(), std::uint64_t{0});
}

std::vector<std::uint64_t> traffic::counts() const {
    std::vector<std::uint64_t> all;
    for (const seen& s : seen_)
        all.push_back(s.received);
    return all;
}

} // namespace conats::soak
