// SPDX-License-Identifier: Apache-2.0
#include "soak/traffic.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <charconv>
#include <exception>
#include <numeric>

namespace conats::soak {

using namespace std::chrono_literals;

namespace {

/// The next number of a text; 0 where there is none.
std::uint64_t take_number(std::string_view& text) {
    std::uint64_t n = 0;
    const auto r = std::from_chars(text.data(), text.data() + text.size(), n);
    text.remove_prefix(static_cast<std::size_t>(r.ptr - text.data()));
    if (text.starts_with(' '))
        text.remove_prefix(1);
    return n;
}

} // namespace

traffic::traffic(asio::thread_pool& threads, conats::client nc)
    : threads_(threads),
      client_(std::move(nc)) {}

void traffic::subscribe() {
    running_consumers_ = subscriptions;
    for (std::size_t i = 0; i != subscriptions; ++i)
        asio::co_spawn(asio::make_strand(threads_), consume(i),
                       [this](const std::exception_ptr& e) {
                           broken_ += e ? 1 : 0;
                           --running_consumers_;
                       });
}

void traffic::publish() {
    running_publishers_ = publishers;
    for (std::size_t p = 0; p != publishers; ++p)
        asio::co_spawn(asio::make_strand(threads_), publish(p),
                       [this](const std::exception_ptr& e) {
                           broken_ += e ? 1 : 0;
                           --running_publishers_;
                       });
}

// About 5 000 messages a second from each, so that a loss always hits some.
asio::awaitable<void> traffic::publish(std::size_t publisher) {
    constexpr std::size_t burst = 10;
    asio::steady_timer pause(co_await asio::this_coro::executor);
    std::size_t subject = 0;
    while (publishing_) {
        for (std::size_t i = 0; i != burst; ++i) {
            subject = (subject + 1) % subscriptions;
            co_await publish_one(publisher, subject);
        }
        pause.expires_after(2ms);
        co_await pause.async_wait(asio::use_awaitable);
    }
}

asio::awaitable<void> traffic::publish_one(std::size_t publisher, std::size_t subject) {
    sent& s = sent_.at(publisher).at(subject);
    const std::string name = "soak." + std::to_string(subject);
    const std::string text = std::to_string(publisher) + " " + std::to_string(s.number + 1) + " " +
                             std::to_string(s.connection);
    const std::uint64_t connection = earliest_connection();
    try {
        co_await client_.publish(name, text);
        ++s.number;
        s.connection = connection;
        ++sent_messages_;
    } catch (const conats::system_error& e) {
        if (e.details() != conats::errc::outbox_full)
            throw;
        ++refused_;
    }
}

// What is accepted while there is no connection goes on the next one, or on a later one.
std::uint64_t traffic::earliest_connection() const {
    const std::uint64_t made = client_.statistics().reconnects; // may be outdated at once
    return made + (client_.status() == conats::status::reconnecting ? 1 : 0);
}

asio::awaitable<void> traffic::consume(std::size_t index) {
    auto sub = co_await client_.subscribe("soak." + std::to_string(index));
    ++subscribed_;
    while (auto m = co_await sub.next())
        check(index, m->text());
    if (!stopping_)
        ++broken_;
}

void traffic::check(std::size_t index, std::string_view text) {
    const std::uint64_t publisher = take_number(text);
    const std::uint64_t number = take_number(text);
    sent before;
    before.connection = take_number(text);
    before.number = number - 1;
    if (publisher >= publishers) {
        ++out_of_order_;
        return;
    }
    seen& s = seen_.at(index);
    ++s.received;
    const std::uint64_t last = s.last.at(publisher);
    if (number <= last) {
        if (!fills_gap(index, publisher, number, before.connection))
            ++out_of_order_;
        return;
    }
    s.last.at(publisher) = number;
    if (before.number != last) {
        auto& gaps = s.gaps.at(publisher);
        std::rotate(gaps.begin(), gaps.end() - 1, gaps.end());
        gaps.front() = {last + 1, before.number};
        note_gap(index, publisher, last, before);
    }
}

bool traffic::fills_gap(std::size_t index, std::size_t publisher, std::uint64_t number,
                        std::uint64_t connection) {
    if (!reads_on_ || client_.statistics().reconnects <= connection)
        return false;
    for (gap& g : seen_.at(index).gaps.at(publisher))
        if (g.first <= number && number <= g.last) {
            g.first = number + 1; // those before it can only come out of order
            --lost_;
            ++late_;
            return true;
        }
    return false;
}

// The last of the missing may only have been lost with the connection on which it went, the one
// that it names or a later one, and what has come now came on one after that.
void traffic::note_gap(std::size_t index, std::size_t publisher, std::uint64_t last,
                       const sent& missing) {
    lost_ += missing.number - last;
    const std::uint64_t now = client_.statistics().reconnects;
    const bool by_gentle = now == missing.connection + 1 && missing.connection == gentle_;
    if (now > missing.connection && !by_gentle)
        return;
    std::string what = "subscription " + std::to_string(index) + " has not received message ";
    what += std::to_string(last + 1);
    if (missing.number != last + 1)
        what += " to " + std::to_string(missing.number);
    what += " of publisher " + std::to_string(publisher) + ", and connection " +
            std::to_string(missing.connection);
    what += by_gentle ? " was left without haste" : " was not lost";
    const std::lock_guard lock(mutex_);
    if (unexplained_.size() != 20)
        unexplained_.push_back(std::move(what));
}

void traffic::check_tails() {
    for (std::size_t p = 0; p != publishers; ++p)
        for (std::size_t i = 0; i != subscriptions; ++i) {
            const std::uint64_t last = seen_.at(i).last.at(p);
            if (const sent& s = sent_.at(p).at(i); s.number != last)
                note_gap(i, p, last, s);
        }
}

std::uint64_t traffic::received() const {
    const auto all = counts();
    return std::accumulate(all.begin(), all.end(), std::uint64_t{0});
}

std::vector<std::string> traffic::unexplained() const {
    const std::lock_guard lock(mutex_);
    return unexplained_;
}

std::vector<std::uint64_t> traffic::counts() const {
    std::vector<std::uint64_t> all;
    for (const seen& s : seen_)
        all.push_back(s.received);
    return all;
}

} // namespace conats::soak
