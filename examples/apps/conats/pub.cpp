// SPDX-License-Identifier: Apache-2.0
#include "exit_code.hpp"
#include "input.hpp"
#include "interrupts.hpp"
#include "session.hpp"
#include "template.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <conats/conats.hpp>

#include <boost/asio/this_coro.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace tool {

namespace {

/// Publishes the messages of one run and counts them.
class publisher {
public:
    publisher(conats::client nc, const pub_settings& s) : nc_(std::move(nc)), s_(s) {}

    [[nodiscard]] asio::awaitable<void> publish(std::string_view payload) {
        template_values values;
        values.count = ++messages_;
        const message_settings& m = s_.message;
        conats::publish_options o;
        o.reply(s_.reply).headers(parse_headers(m.headers, m.templates ? &values : nullptr));
        const std::string text = m.templates ? expand(payload, values) : std::string(payload);
        bytes_ += text.size();
        return nc_.publish(m.templates ? expand(m.subject, values) : m.subject, text, o);
    }

    /// Throws what the server has refused so far.
    void check() {
        while (const auto e = events_.try_next())
            if (is_refusal(*e))
                throw failure(failed, advise(e->what()));
    }

    [[nodiscard]] std::uint64_t messages() const { return messages_; }
    [[nodiscard]] std::string summary() const {
        const std::string to = " to " + in_quotes(s_.message.subject);
        const std::string bytes = count_text(bytes_, "byte");
        if (s_.count == 1 && messages_ == 1)
            return "Published " + bytes + to;
        return "Published " + count_text(messages_, "message") + ", " + bytes + ',' + to;
    }

private:
    conats::client nc_;
    const pub_settings& s_;
    conats::event_stream events_ = nc_.events();
    std::uint64_t messages_ = 0;
    std::uint64_t bytes_ = 0;
};

/// Sends a payload `count` times, with pauses between all messages, until the end is reached.
asio::awaitable<void> repeat(publisher& p, const pub_settings& s, const std::string& payload,
                             ending& end) {
    for (std::uint64_t i = 0; i != s.count && !end.reached(); ++i) {
        if (p.messages() != 0 && s.sleep > nanoseconds(0)) {
            const auto until = std::chrono::steady_clock::now() + s.sleep;
            const auto deadline = [until] { return until; };
            if (co_await end.wait(deadline))
                co_return;
        }
        co_await p.publish(payload);
        p.check();
    }
}

asio::awaitable<void> send_lines(publisher& p, const pub_settings& s, line_reader& lines,
                                 ending& end) {
    while (const auto line = co_await lines.next())
        co_await repeat(p, s, *line, end);
}

} // namespace

asio::awaitable<int> pub(conats::connect_options options, const pub_settings& s, output& out,
                         interrupts& signals) {
    const auto executor = co_await asio::this_coro::executor;
    const auto limit = options.request_timeout();
    const conats::client nc = co_await open_connection(std::move(options));
    const auto end = std::make_shared<ending>(executor);
    watch(nc, out, end, false);
    publisher p(nc, s);
    if (s.message.payload) {
        signals.on_first([&] { end->reach(signals.code()); });
        co_await repeat(p, s, *s.message.payload, *end);
    } else {
        line_reader lines(executor);
        signals.on_first([&] {
            end->reach(signals.code());
            lines.stop();
        });
        co_await send_lines(p, s, lines, *end);
        signals.on_first([&] { end->reach(signals.code()); });
    }
    co_await nc.flush(limit);
    p.check();
    if (!end->reached())
        end->reach(done);
    out.note(p.summary());
    const auto code = co_await end->wait();
    co_return *code;
}

} // namespace tool
