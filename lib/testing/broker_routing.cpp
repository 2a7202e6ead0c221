// SPDX-License-Identifier: Apache-2.0

// Where a message goes.

#include "support/ascii.hpp"
#include "testing/broker_state.hpp"

#include <algorithm>

namespace conats {
inline namespace v0 {
namespace testing {

using impl::publish_line;

namespace {

bool has_prefix(std::string_view subject, std::string_view prefix) noexcept {
    return subject.size() > prefix.size() && subject.starts_with(prefix);
}

bool is_gateway_subject(std::string_view subject) noexcept {
    return has_prefix(subject, "_GR_.") || has_prefix(subject, "$GR.");
}

/// Replies that servers keep for imported services, JetStream and gateways.
bool is_reserved_reply(std::string_view reply) noexcept {
    return has_prefix(reply, "_R_.") || has_prefix(reply, "$JS.ACK.") || is_gateway_subject(reply);
}

void append_decimal(std::string& to, std::size_t value) {
    char text[conats::impl::max_decimal_size];
    to.append(text, conats::impl::write_decimal(text, value));
}

} // namespace

void broker_core::state::publish(connection& from, const publish_line& line,
                                 std::string_view body) {
    ++counters.in_messages;
    counters.in_bytes += body.size();
    ++from.in_messages;
    from.in_bytes += body.size();
    if (!may_publish(from, line)) {
        return;
    }
    write_ok(from);
    if (!ask_publish_hook(from, line, body)) {
        return;
    }
    if (!route(from, line, body) && !line.reply.empty() && from.said.no_responders) {
        write_no_responders(from, line);
    }
    end_doomed();
}

bool broker_core::state::ask_publish_hook(connection& from, const publish_line& line,
                                          std::string_view body) {
    if (!publish_hook) {
        return true;
    }
    broker_message m;
    m.from = from.id;
    m.subject = line.subject;
    m.reply = line.reply;
    m.headers = body.substr(0, line.header_size);
    m.payload = body.substr(line.header_size);
    return obey(publish_hook(m), from);
}

bool broker_core::state::publish_as_operator(std::string_view subject, std::string_view reply,
                                             std::string_view payload) {
    constexpr std::string_view breaks_lines(" \t\r\n\0", 5);
    if (impl::has_empty_token(subject) ||
        subject.find_first_of(breaks_lines) != std::string_view::npos ||
        reply.find_first_of(breaks_lines) != std::string_view::npos) {
        return false;
    }
    const std::string size = std::to_string(payload.size());
    publish_line line;
    line.subject = subject;
    line.reply = reply;
    line.size_text = size;
    line.size = payload.size();
    const bool delivered =
        ask_publish_hook(operator_, line, payload) && route(operator_, line, payload);
    end_doomed();
    return delivered;
}

bool broker_core::state::may_publish(connection& from, const publish_line& line) {
    if (is_gateway_subject(line.subject) || line.subject.starts_with("$NRG.") ||
        !from.allowed.can_publish(line.subject, now)) {
        write_error(from, "Permissions Violation for Publish to " + impl::quoted(line.subject));
        return false;
    }
    if (is_reserved_reply(line.reply)) {
        write_error(from,
                    "Permissions Violation for Publish with Reply of " + impl::quoted(line.reply));
        return false;
    }
    return true;
}

bool broker_core::state::obey(broker_verdict verdict, connection& c) {
    switch (verdict) {
    case broker_verdict::pass: return true;
    case broker_verdict::drop: break;
    case broker_verdict::close:
    case broker_verdict::reset:
        if (c.id != 0) {
            end(c,
                verdict == broker_verdict::close ? broker_end::after_output : broker_end::at_once);
        }
        break;
    }
    return false;
}

/// Plain subscriptions in the order they were made, then one member of each queue group.
bool broker_core::state::route(connection& from, const publish_line& line, std::string_view body) {
    matched_.clear();
    tree.match(line.subject, matched_);
    std::sort(matched_.begin(), matched_.end(), [](const subscription* a, const subscription* b) {
        const int order = a->queue.compare(b->queue);
        return order != 0 ? order < 0 : a->order < b->order;
    });
    bool delivered = false;
    for (std::size_t begin = 0; begin != matched_.size();) {
        std::size_t end = begin + 1;
        if (matched_[begin]->queue.empty()) {
            delivered = deliver(from, line, body, *matched_[begin]) || delivered;
        } else {
            while (end != matched_.size() && matched_[end]->queue == matched_[begin]->queue) {
                ++end;
            }
            delivered = deliver_to_group(from, line, body, begin, end) || delivered;
        }
        begin = end;
    }
    return delivered;
}

bool broker_core::state::deliver_to_group(connection& from, const publish_line& line,
                                          std::string_view body, std::size_t begin,
                                          std::size_t end) {
    const std::size_t size = end - begin;
    const std::size_t first = size > 1 ? below(size) : 0;
    for (std::size_t i = 0; i != size; ++i) {
        if (deliver(from, line, body, *matched_[begin + (first + i) % size])) {
            return true;
        }
    }
    return false;
}

bool broker_core::state::deliver(connection& from, const publish_line& line, std::string_view body,
                                 subscription& to) {
    connection& c = *to.owner;
    if (c.doomed != broker_verdict::pass || (&c == &from && !c.said.echo) ||
        (c.filters_deliveries && c.allowed.is_denied_delivery(line.subject, to.queue))) {
        return false;
    }
    if (deliver_hook) {
        broker_message m;
        m.from = from.id;
        m.to = c.id;
        m.sid = to.sid;
        m.subject = line.subject;
        m.reply = line.reply;
        m.headers = body.substr(0, line.header_size);
        m.payload = body.substr(line.header_size);
        const broker_verdict verdict = deliver_hook(m);
        if (verdict == broker_verdict::drop) {
            return true; // lost on its way
        }
        if (verdict != broker_verdict::pass) {
            doom(c, verdict);
            return true;
        }
    }
    ++to.delivered;
    write_message(line, body, to);
    if (!line.reply.empty()) {
        c.allowed.note_reply(line.reply, now);
    }
    if (to.max != 0 && to.delivered >= to.max) {
        unsubscribe(c, to.sid);
    }
    return true;
}

void broker_core::state::write_message(const publish_line& line, std::string_view body,
                                       subscription& to) {
    connection& c = *to.owner;
    const bool with_headers = line.header_size != 0 && c.headers;
    std::string& out = c.output;
    out += with_headers ? "HMSG " : "MSG ";
    out.append(line.subject).append(1, ' ').append(to.sid).append(1, ' ');
    if (!line.reply.empty()) {
        out.append(line.reply).append(1, ' ');
    }
    if (with_headers) {
        out.append(line.header_text).append(1, ' ').append(line.size_text);
    } else if (line.header_size != 0) {
        body.remove_prefix(line.header_size);
        append_decimal(out, body.size());
    } else {
        out.append(line.size_text);
    }
    out.append("\r\n").append(body).append("\r\n");
    ++c.out_messages;
    c.out_bytes += body.size();
    ++counters.out_messages;
    counters.out_bytes += body.size();
    changed(c);
    if (c.output.size() - c.sent > options.max_pending()) {
        ++counters.slow_consumers;
        doom(c, broker_verdict::reset);
    }
}

/// To be ended when nobody looks at its subscriptions.
void broker_core::state::doom(connection& c, broker_verdict verdict) {
    c.doomed = verdict;
    doomed_.push_back(&c);
}

void broker_core::state::end_doomed() {
    for (connection* const c : doomed_) {
        static_cast<void>(obey(c->doomed, *c));
    }
    doomed_.clear();
}

/// The first plain subscription of the requester that its reply would reach gets the notice, past
/// its count.
void broker_core::state::write_no_responders(connection& from, const publish_line& line) {
    matched_.clear();
    tree.match(line.reply, matched_);
    const subscription* to = nullptr;
    for (const subscription* s : matched_) {
        if (s->owner == &from && s->queue.empty() && (to == nullptr || s->order < to->order)) {
            to = s;
        }
    }
    if (to == nullptr) {
        return;
    }
    std::string block = "NATS/1.0 503\r\n";
    if (impl::at_least(options.version(), 2, 12)) {
        block.append("Nats-Subject: ").append(line.subject).append("\r\n");
    }
    block += "\r\n";
    std::string out = "HMSG ";
    out.append(line.reply).append(1, ' ').append(to->sid).append(1, ' ');
    append_decimal(out, block.size());
    out += ' ';
    append_decimal(out, block.size());
    out.append("\r\n").append(block).append("\r\n");
    write(from, out);
    ++counters.no_responders;
}

std::size_t broker_core::state::interest(std::string_view subject) const {
    std::vector<subscription*> found;
    tree.match(subject, found);
    return found.size();
}

} // namespace testing
} // namespace v0
} // namespace conats
