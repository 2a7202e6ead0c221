// SPDX-License-Identifier: Apache-2.0
#include "exit_code.hpp"
#include "message_text.hpp"
#include "session.hpp"
#include "template.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <conats/conats.hpp>

#include <chrono>
#include <string>
#include <utility>

namespace tool {

namespace {

using clock = std::chrono::steady_clock;

/// One of the requests, its templates expanded.
struct prepared_request {
    prepared_request(const req_settings& s, std::uint64_t number) {
        template_values values;
        values.count = number;
        const message_settings& m = s.message;
        headers = parse_headers(m.headers, m.templates ? &values : nullptr);
        subject = m.templates ? expand(m.subject, values) : m.subject;
        text = m.templates ? expand(*m.payload, values) : *m.payload;
    }

    std::string subject;
    std::string text;
    conats::headers headers;
};

void print_reply(output& out, const req_settings& s, const conats::message& m,
                 clock::time_point began) {
    if (s.raw) {
        print_raw(out, m, s.between);
    } else {
        out.note("Received with rtt " + duration_text(clock::now() - began));
        print_headers(out, m);
        print_payload(out, m);
    }
    out.flush();
}

asio::awaitable<void> ask_one(conats::client nc, const prepared_request& r, const req_settings& s,
                              output& out) {
    conats::request_options o;
    o.headers(r.headers);
    const auto began = clock::now();
    conats::error e;
    const conats::message m = co_await nc.request(r.subject, r.text, o, e);
    if (e)
        throw failure(code_of(e), advise(e));
    print_reply(out, s, m, began);
}

/// Throws where not as many came as were wanted.
void judge(const conats::reply_stream& replies, const req_settings& s, std::uint64_t count) {
    using reason = conats::end_of_replies;
    const reason why = replies.end_reason();
    if (why == reason::status)
        throw failure(nobody_there, advise(conats::error(conats::errc::no_responders)));
    if (const conats::error e = replies.failure())
        throw failure(code_of(e), advise(e));
    if (count == 0)
        throw failure(no_answer, "nobody has answered in time; --timeout waits longer");
    if (why != reason::sentinel && count < s.replies)
        throw failure(no_answer, number_text(count) + " of " + number_text(s.replies) +
                                     " replies came in time; --timeout and --reply-timeout "
                                     "wait longer");
}

asio::awaitable<void> ask_many(conats::client nc, const prepared_request& r, const req_settings& s,
                               output& out) {
    conats::request_many_options o;
    o.headers(r.headers).max_messages(s.replies);
    if (s.replies > 1)
        o.stall(s.reply_timeout);
    if (s.until_empty)
        o.sentinel_is_empty();
    const auto began = clock::now();
    auto replies = nc.request_many(r.subject, r.text, o);
    std::uint64_t count = 0;
    while (const auto m = co_await replies.next()) {
        ++count;
        print_reply(out, s, *m, began);
    }
    judge(replies, s, count);
}

} // namespace

asio::awaitable<int> req(conats::connect_options options, const req_settings& settings,
                         output& out) {
    req_settings s = settings;
    if (s.until_empty && s.replies == 1)
        s.replies = 0;
    const conats::client nc = co_await open_connection(std::move(options));
    for (std::uint64_t i = 1; i <= s.count; ++i) {
        const prepared_request r(s, i);
        if (!s.raw)
            out.note("Sending request on " + in_quotes(r.subject));
        if (s.replies == 1)
            co_await ask_one(nc, r, s, out);
        else
            co_await ask_many(nc, r, s, out);
    }
    co_return done;
}

} // namespace tool
