// SPDX-License-Identifier: Apache-2.0
#include "exit_code.hpp"
#include "interrupts.hpp"
#include "message_text.hpp"
#include "receiver.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <boost/asio/this_coro.hpp>

#include <memory>
#include <string>
#include <utility>

namespace tool {

namespace {

void print_message(output& out, const sub_settings& s, const conats::message& m,
                   std::uint64_t number) {
    if (s.raw) {
        print_raw(out, m, s.between);
        return;
    }
    print_title(out, m, number);
    print_headers(out, m);
    if (!s.headers_only)
        print_payload(out, m);
}

std::string list_of(const std::vector<std::string>& subjects) {
    std::string list;
    for (const std::string& subject : subjects)
        list += (list.empty() ? "" : ", ") + in_quotes(subject);
    return list;
}

} // namespace

asio::awaitable<int> sub(conats::connect_options options, const sub_settings& s, output& out,
                         interrupts& signals) {
    const auto executor = co_await asio::this_coro::executor;
    options.max_reconnects(-1);
    const auto limit = options.request_timeout();
    const conats::client nc = co_await open_connection(std::move(options));
    const auto end = std::make_shared<ending>(executor);
    watch(nc, out, end);
    receiver messages(end, s.count, [&](const conats::message& m, std::uint64_t number) {
        print_message(out, s, m, number);
        out.flush_soon(executor);
    });
    for (const std::string& subject : s.subjects)
        messages.subscribe(nc, subject, s.queue);
    // Without a number it goes on until somebody ends it: then it has done what it should.
    signals.on_first([&] { end->reach(s.count == 0 ? done : signals.code()); });
    co_await messages.confirm(nc, limit);
    out.note("Subscribing on " + list_of(s.subjects));

    const auto deadline = [&] { return messages.idle_since() + s.wait; };
    std::function<steady_time()> idle;
    if (s.wait > nanoseconds(0))
        idle = deadline;
    auto code = co_await end->wait(idle);
    if (!code)
        code = s.count == 0 ? done : no_answer;
    co_await drain(nc);
    out.flush();
    if (*code == no_answer)
        throw failure(no_answer, "not so many messages came in time");
    co_return *code;
}

} // namespace tool
