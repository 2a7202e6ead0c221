// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/timing.hpp"

#include <conats/conats.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace conats::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif
#else
inline constexpr bool sanitized = false;
#endif

/// What a client that checks nothing can send: `bytes` behind a CONNECT. Returns when the server
/// has processed them.
inline void send_raw(const nats_server& server, std::string_view bytes) {
    asio::io_context context;
    asio::ip::tcp::socket socket(context);
    socket.connect({asio::ip::make_address(server.host()), server.port()});
    std::string all = R"(CONNECT {"verbose":false,"headers":true,"no_responders":true})"
                      "\r\n";
    all.append(bytes).append("PING\r\n");
    asio::write(socket, asio::buffer(all));
    std::string in;
    bool answered = false;
    asio::async_read_until(socket, asio::dynamic_buffer(in), "PONG\r\n",
                           [&](const auto& ec, std::size_t) { answered = !ec; });
    context.run_for(scaled(std::chrono::seconds(5)));
    if (!answered)
        throw std::runtime_error("a raw client got no PONG but " + in);
}

/// HPUB (or, with a sid before the size, HMSG) as it stands on the wire; `to` is everything
/// between the verb and the sizes.
inline std::string raw_headers(std::string_view verb, std::string_view to, std::string_view block,
                               std::string_view payload = {}) {
    std::string frame(verb);
    frame.append(" ").append(to).append(" ").append(std::to_string(block.size()));
    frame.append(" ").append(std::to_string(block.size() + payload.size())).append("\r\n");
    return frame.append(block).append(payload).append("\r\n");
}

/// The events that are there.
inline std::vector<conats::event> take_events(conats::event_stream& stream) {
    std::vector<conats::event> all;
    while (auto e = stream.try_next())
        all.push_back(*e);
    return all;
}

inline std::size_t count_events(const std::vector<conats::event>& all, conats::event_kind kind) {
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [kind](const auto& e) { return e.kind() == kind; }));
}

/// Gives everybody else on the executor a turn, so many times.
inline asio::awaitable<void> turns(int n) {
    auto executor = co_await asio::this_coro::executor;
    for (int i = 0; i != n; ++i)
        co_await asio::post(executor, asio::use_awaitable);
}

/// Holds coroutines of one thread back until it is opened. Those may outlive it.
class gate {
public:
    explicit gate(const asio::any_io_executor& executor)
        : state_(std::make_shared<state>(executor)) {}

    [[nodiscard]] asio::awaitable<void> pass() { return pass(state_); }
    [[nodiscard]] int waiting() const { return state_->waiting; }
    void open() {
        state_->is_open = true;
        state_->timer.cancel();
    }
    void close() { state_->is_open = false; }

private:
    struct state {
        explicit state(const asio::any_io_executor& executor)
            : timer(executor, asio::steady_timer::time_point::max()) {}

        asio::steady_timer timer;
        int waiting = 0;
        bool is_open = false;
    };

    static asio::awaitable<void> pass(std::shared_ptr<state> s) {
        ++s->waiting;
        if (!s->is_open)
            co_await s->timer.async_wait(asio::as_tuple(asio::use_awaitable));
        --s->waiting;
    }

    std::shared_ptr<state> state_;
};

} // namespace conats::test
