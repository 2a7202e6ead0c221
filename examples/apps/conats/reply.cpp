// SPDX-License-Identifier: Apache-2.0
#include "exit_code.hpp"
#include "interrupts.hpp"
#include "message_text.hpp"
#include "receiver.hpp"
#include "template.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <boost/asio/this_coro.hpp>

#include <memory>
#include <string>
#include <utility>

namespace tool {

namespace {

/// What is answered to a request.
class responder {
public:
    responder(const reply_settings& s, bool echo) : s_(s), echo_(echo) {}

    [[nodiscard]] conats::error answer(const conats::message& request, std::uint64_t number) const {
        template_values values;
        values.count = number;
        values.request = request.text();
        const message_settings& m = s_.message;
        conats::headers headers;
        if (echo_)
            headers = conats::headers(request.headers());
        for (const conats::header_field& h :
             parse_headers(m.headers, m.templates ? &values : nullptr))
            headers.add(h.name, h.value);
        conats::publish_options o;
        o.headers(std::move(headers));
        if (echo_)
            return request.try_respond(request.text(), o);
        const std::string& text = *m.payload;
        return request.try_respond(m.templates ? expand(text, values) : text, o);
    }

private:
    const reply_settings& s_;
    bool echo_;
};

/// What is wrong with one answer; nothing, if it was sent. A request can make a header impossible.
std::string answer(const responder& by, const conats::message& request, std::uint64_t number) {
    try {
        const conats::error e = by.answer(request, number);
        return e ? advise(e) : std::string();
    } catch (const failure& e) {
        return e.what();
    }
}

} // namespace

asio::awaitable<int> reply(conats::connect_options options, const reply_settings& s, output& out,
                           interrupts& signals) {
    const auto executor = co_await asio::this_coro::executor;
    const bool echo = s.echo || !s.message.payload;
    options.max_reconnects(-1);
    const auto limit = options.request_timeout();
    const conats::client nc = co_await open_connection(std::move(options));
    const auto end = std::make_shared<ending>(executor);
    watch(nc, out, end);
    const responder answers(s, echo);
    receiver requests(end, s.count, [&](const conats::message& m, std::uint64_t number) {
        if (!s.quiet) {
            print_title(out, m, number);
            print_headers(out, m);
            print_payload(out, m);
            out.flush_soon(executor);
        }
        const std::string fault = answer(answers, m, number);
        if (!fault.empty())
            out.error("no answer to " + in_quotes(m.subject()) + ": " + fault);
    });
    requests.subscribe(nc, s.message.subject, s.queue);
    signals.on_first([&] { end->reach(s.count == 0 ? done : signals.code()); });
    co_await requests.confirm(nc, limit);
    if (echo && !s.echo)
        out.note("There is no payload: answering with what was asked");
    out.note("Listening on " + in_quotes(s.message.subject) + " in group " + in_quotes(s.queue));
    const auto code = co_await end->wait();
    co_await drain(nc);
    out.flush();
    co_return *code;
}

} // namespace tool
