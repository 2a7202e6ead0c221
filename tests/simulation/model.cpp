// SPDX-License-Identifier: Apache-2.0
#include "model.hpp"

#include <conats/message.hpp>
#include <conats/reply_stream.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace conats::simulation {

namespace {

constexpr std::string_view inbox_prefix = "_INBOX.";

std::string quoted(std::string_view text) {
    return '\'' + std::string(text.substr(0, 80)) + '\'';
}

std::string header_block(std::size_t number) {
    return "NATS/1.0\r\nSim: " + std::to_string(number) + "\r\n\r\n";
}

bool is_no_responders(std::string_view headers, std::string_view payload) {
    return headers.starts_with("NATS/1.0 503") && payload.empty();
}

std::uint64_t to_number(std::string_view text) {
    std::uint64_t n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

} // namespace

std::string payload_of(std::size_t number, std::size_t size) {
    std::string text = std::to_string(number) + '|';
    text.resize(std::max(text.size(), size), static_cast<char>('a' + number % 26));
    return text;
}

std::optional<std::size_t> number_in(std::string_view payload) {
    const std::size_t end = payload.find('|');
    if (end == std::string_view::npos)
        return std::nullopt;
    std::size_t n = 0;
    const auto [stop, ec] = std::from_chars(payload.data(), payload.data() + end, n);
    if (ec != std::errc() || stop != payload.data() + end)
        return std::nullopt;
    return n;
}

bool interest::is_live() const {
    if (replies)
        return !has_unsubscribed;
    if (handle)
        return !handle->end_reason();
    return (is_released || is_confirming) && !is_reached();
}

std::size_t model::add_message(int client, std::string subject, std::size_t size) {
    sent_message m;
    m.client = client;
    m.subject = std::move(subject);
    m.size = size;
    messages_.push_back(std::move(m));
    return messages_.size() - 1;
}

interest& model::add_interest(std::size_t client, interest_kind kind, std::string subject) {
    interest& s = interests_.emplace_back();
    s.index = interests_.size() - 1;
    s.client = client;
    s.kind = kind;
    s.subject = std::move(subject);
    return s;
}

// --- What the client says

void model::said(conversation& c, std::string_view bytes) {
    c.said.feed(bytes);
    frame f;
    while (c.said.next(f))
        on_command(c, f);
    if (!c.said.fault().empty())
        journal_.fail("the client says " + c.said.fault());
}

void model::on_command(conversation& c, const frame& f) {
    journal_.note(
        [&] { return "  " + std::to_string(c.link) + " < " + std::string(f.line.substr(0, 100)); });
    const std::size_t position = c.commands++;
    // Two commands introduce a client; before its PONG no other may come but a PONG of ours.
    if ((position == 0) != f.is("CONNECT") || (position == 1 && !f.is("PING"))) {
        journal_.fail("a connection begins with " + quoted(f.line) + " as command " +
                      std::to_string(position + 1));
        return;
    }
    c.pongs_said += f.is("PONG") ? 1 : 0;
    if (f.is("SUB"))
        on_subscribe(c, f);
    else if (f.is("UNSUB"))
        on_unsubscribe(c, f);
    else if (f.is("PUB") || f.is("HPUB"))
        on_publish(c, f);
    else if (!f.is("CONNECT") && f.line != "PING" && f.line != "PONG")
        journal_.fail("the client says " + quoted(f.line));
    if (!f.is("SUB"))
        for (auto& [sid, r] : c.sids)
            r.is_new = false;
}

void model::on_subscribe(conversation& c, const frame& f) {
    if (f.words.size() < 2 || f.words.size() > 3) {
        journal_.fail("the client says " + quoted(f.line));
        return;
    }
    for (auto& [sid, r] : c.sids)
        r.is_new = false;
    const std::string_view queue = f.words.size() == 3 ? f.words[1] : std::string_view();
    registered_sid r;
    r.subject = f.words[0];
    if (!r.subject.starts_with(inbox_prefix)) {
        const auto i = std::find_if(interests_.begin(), interests_.end(), [&](const interest& s) {
            return s.client == c.client && s.subject == f.words[0] && s.queue == queue;
        });
        if (i == interests_.end()) {
            journal_.fail("a subscription that nobody made: " + quoted(f.line));
            return;
        }
        r.of = &*i;
    }
    for (const auto& [sid, other] : c.sids)
        if (r.of != nullptr ? other.of == r.of : other.subject == r.subject) {
            journal_.fail("subscribed twice on one connection: " + quoted(f.line));
            return;
        }
    if (!c.sids.emplace(std::string(f.words.back()), std::move(r)).second)
        journal_.fail("a sid is used twice on one connection: " + quoted(f.line));
}

void model::on_unsubscribe(conversation& c, const frame& f) {
    const auto i = f.words.empty() ? c.sids.end() : c.sids.find(f.words[0]);
    if (i == c.sids.end()) {
        journal_.fail("unsubscribed without a subscription: " + quoted(f.line));
        return;
    }
    interest* const s = i->second.of;
    if (s == nullptr || !i->second.is_new || f.words.size() != 2)
        return;
    // Right behind SUB: what is left of the maximum.
    const std::uint64_t left = s->max - std::min<std::uint64_t>(s->max, s->arrived.size());
    if (s->limited_on != c.link && to_number(f.words[1]) != left)
        journal_.fail("the server is told to end " + quoted(s->subject) + " after " +
                      std::string(f.words[1]) + " messages, and " + std::to_string(left) +
                      " are left");
}

void model::on_publish(conversation& c, const frame& f) {
    const auto number = number_in(f.payload);
    if (!number || *number >= messages_.size()) {
        journal_.fail("published what nobody sent: " + quoted(f.line));
        return;
    }
    sent_message& m = messages_[*number];
    const std::string_view reply =
        f.words.size() == (f.is("HPUB") ? 4U : 3U) ? f.words[1] : std::string_view();
    if (f.words[0] != m.subject || f.payload != payload_of(*number, m.size) ||
        f.headers != (m.has_headers ? header_block(*number) : "") ||
        (m.is_request ? !reply.starts_with(inbox_prefix) : reply != m.reply))
        journal_.fail("published other than sent: " + quoted(f.line) + " for message " +
                      std::to_string(*number));
    if (m.client != static_cast<int>(c.client))
        journal_.fail("published another client's message: " + quoted(f.line));
    if (m.refused)
        journal_.fail("published although refused: message " + std::to_string(*number));
    check_subscribed(c, f);
    mark_written(c, *number);
    if (m.is_request) {
        m.reply = reply;
        awaited_reply& expected = awaited_[m.reply];
        for (interest& s : interests_)
            if (s.request == *number)
                expected.gathers = &s;
    }
}

// Else a request that is sent anew could have its reply before there is an inbox for it.
void model::check_subscribed(const conversation& c, const frame& f) {
    for (const interest* s : c.expects) {
        const bool is_there = std::any_of(c.sids.begin(), c.sids.end(),
                                          [&](const auto& entry) { return entry.second.of == s; });
        if (!is_there && s->is_live())
            journal_.fail("a connection goes on with " + quoted(f.line) + " before it subscribes " +
                          quoted(s->subject));
    }
}

void model::mark_written(conversation& c, std::size_t number) {
    sent_message& m = messages_[number];
    std::optional<std::size_t>& last = last_written_[c.client];
    if (m.written)
        journal_.fail("published twice: message " + std::to_string(number));
    else if (last && number < *last)
        journal_.fail("published out of order: message " + std::to_string(number) + " after " +
                      std::to_string(*last));
    last = number;
    m.written = true;
    m.link = c.link;
}

void model::end(conversation& c) {
    if (std::exchange(c.is_over, true))
        return;
    if (!c.said.rest().empty())
        on_torn(c, c.said.rest());
}

namespace {

/// What a publication begins with, as far as it is known before it is written.
std::string begin_of(const sent_message& m, std::size_t number) {
    const std::size_t size = payload_of(number, m.size).size();
    std::string line = m.has_headers ? "HPUB " : "PUB ";
    line += m.subject + ' ';
    if (m.is_request)
        return line + std::string(inbox_prefix);
    if (!m.reply.empty())
        line += m.reply + ' ';
    if (!m.has_headers)
        return line + std::to_string(size) + "\r\n";
    const std::size_t block = header_block(number).size();
    return line + std::to_string(block) + ' ' + std::to_string(block + size) + "\r\n";
}

bool is_same_so_far(std::string_view a, std::string_view b) {
    const std::size_t n = std::min(a.size(), b.size());
    return a.substr(0, n) == b.substr(0, n);
}

} // namespace

// Publishing is in the order of the calls, so what was torn is the first that was not sent yet and
// looks like it. Where that may be several, nothing is said of it.
void model::on_torn(conversation& c, std::string_view rest) {
    journal_.note([&] { return "  torn: " + quoted(rest); });
    std::optional<std::size_t> found;
    bool is_certain = true;
    const std::size_t first = last_written_[c.client] ? *last_written_[c.client] + 1 : 0;
    for (std::size_t i = first; i < messages_.size(); ++i) {
        const sent_message& m = messages_[i];
        if (m.client != static_cast<int>(c.client) || m.written || m.refused || !m.accepted ||
            !is_same_so_far(begin_of(m, i), rest))
            continue;
        if (m.is_request)
            is_certain = false; // it may have been dropped with an earlier connection
        else if (!found)
            found = i;
    }
    if (!found)
        return;
    if (!is_certain || rest.size() < 5) {
        messages_[*found].excused = true;
        return;
    }
    mark_written(c, *found);
    messages_[*found].is_torn = true;
}

void model::on_server(std::string_view payload) {
    const auto number = number_in(payload);
    if (number && *number < messages_.size())
        messages_[*number].at_server = true;
}

// --- What the client hears

void model::heard(conversation& c, std::string_view bytes, time_point now) {
    c.heard.feed(bytes);
    frame f;
    while (c.heard.next(f)) {
        journal_.note([&] {
            return "  " + std::to_string(c.link) + " > " + std::string(f.line.substr(0, 100));
        });
        c.pings_heard += f.is("PING") ? 1 : 0;
        if (f.is("MSG") || f.is("HMSG"))
            on_message(c, f, now);
        else if (f.is("PONG") && !std::exchange(c.is_welcome, true))
            on_welcome(c);
    }
}

void model::on_welcome(conversation& c) {
    for (interest& s : interests_)
        if (s.client == c.client && s.kind != interest_kind::replies && s.is_live() &&
            !s.subject.starts_with("deny."))
            c.expects.push_back(&s);
}

void model::on_message(conversation& c, const frame& f, time_point now) {
    const auto i = c.sids.find(f.words[1]);
    if (i == c.sids.end())
        return; // of a torn SUB there is none either
    interest* to = i->second.of;
    if (const auto request = awaited_.find(f.words[0]);
        to == nullptr && request != awaited_.end()) {
        on_reply(request->second, f, now);
        to = request->second.gathers;
    }
    if (to != nullptr && to->handle && to->handle->end_reason().code() == errc::drained)
        journal_.fail("a message comes to " + quoted(to->subject) + ", which was drained");
    if (to == nullptr || !to->is_live() || to->is_reached())
        return;
    to->last_arrival = now;
    if (is_no_responders(f.headers, f.payload) && to->kind != interest_kind::replies)
        to->arrived.push_back(no_responders_number);
    else if (const auto number = number_in(f.payload))
        to->arrived.push_back(*number);
}

void model::on_reply(awaited_reply& to, const frame& f, time_point now) {
    if (to.reply || to.no_responders)
        return;
    to.at = now;
    if (is_no_responders(f.headers, f.payload))
        to.no_responders = true;
    else
        to.reply = number_in(f.payload);
}

// --- What the application gets

bool model::check_content(const conats::message& m, std::size_t& number) {
    const auto n = number_in(m.text());
    if (!n || *n >= messages_.size()) {
        journal_.fail("delivered what nobody sent: " + quoted(m.subject()) + ' ' +
                      quoted(m.text()));
        return false;
    }
    number = *n;
    const sent_message& s = messages_[number];
    const auto header = m.headers().get("Sim");
    const bool is_right = m.subject() == s.subject && m.text() == payload_of(number, s.size) &&
                          m.reply() == s.reply && header.has_value() == s.has_headers &&
                          (!header || *header == std::to_string(number));
    if (!is_right)
        journal_.fail("delivered other than sent: message " + std::to_string(number) + " as " +
                      quoted(m.subject()) + ' ' + quoted(m.text()));
    return is_right;
}

void model::delivered(interest& to, const conats::message& m) {
    std::size_t number = no_responders_number;
    const bool is_word_of_server = m.status().code == 503 && m.text().empty();
    if (!is_word_of_server && !check_content(m, number))
        return;
    journal_.note([&] {
        return "  delivered " + (is_word_of_server ? "a 503" : std::to_string(number)) + " to " +
               std::to_string(to.index);
    });
    check_order(to, number);
}

void model::check_order(interest& to, std::size_t number) {
    std::size_t at = to.next;
    while (at < to.arrived.size() && to.arrived[at] != number)
        ++at;
    if (at == to.arrived.size()) {
        const bool is_known =
            std::find(to.arrived.begin(), to.arrived.end(), number) != to.arrived.end();
        journal_.fail("subscription " + std::to_string(to.index) + ' ' + quoted(to.subject) +
                      " gets message " + std::to_string(number) +
                      (is_known ? " again or out of order" : ", which never came for it"));
        return;
    }
    to.skipped += at - to.next;
    to.next = at + 1;
    ++to.delivered;
}

awaited_reply* model::find_reply_to(std::size_t request) {
    const auto i = awaited_.find(messages_[request].reply);
    return i == awaited_.end() ? nullptr : &i->second;
}

void model::check_reply(std::size_t request, const conats::message& reply) {
    std::size_t number = 0;
    if (!check_content(reply, number))
        return;
    const awaited_reply* const expected = find_reply_to(request);
    if (expected == nullptr || expected->reply != number)
        journal_.fail("request " + std::to_string(request) + " gets message " +
                      std::to_string(number) + ", which is not the first reply to it");
}

std::optional<std::size_t> model::find_unwritten(std::size_t client, std::size_t end) const {
    for (std::size_t i = 0; i != end; ++i) {
        const sent_message& m = messages_[i];
        if (m.client == static_cast<int>(client) && m.accepted && !m.refused && !m.excused &&
            !m.is_request && !m.written)
            return i;
    }
    return std::nullopt;
}

std::optional<std::size_t> model::find_unread(std::uint64_t link, std::size_t end) const {
    for (std::size_t i = 0; i != end; ++i)
        if (messages_[i].link == link && messages_[i].written && !messages_[i].is_torn &&
            !messages_[i].at_server)
            return i;
    return std::nullopt;
}

} // namespace conats::simulation
