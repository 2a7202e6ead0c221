// SPDX-License-Identifier: Apache-2.0
#include "engine/inbound.hpp"

#include "engine/wire_tracer.hpp"
#include "protocol/header_codec.hpp"
#include "protocol/info_codec.hpp"

#include <string_view>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

/// In its place: copied to there from elsewhere it would be read before its parts are written, and
/// waiting for that cost 3 of 35 ns a message.
[[gnu::always_inline]] inline void fill(record& r, const message_frame& m,
                                        std::uint32_t header_size, block& chunk) {
    const char* const subject = m.subject;
    const bool has_reply = m.reply != nullptr;
    r.memory = &chunk;
    r.subject(subject);
    r.body_offset = static_cast<std::uint32_t>(m.body - subject);
    r.header_size = header_size;
    r.payload_size = m.total_size - header_size;
    r.subject_size = static_cast<std::uint16_t>(m.subject_size);
    r.reply_offset = has_reply ? static_cast<std::uint16_t>(m.reply - subject) : std::uint16_t{0};
    r.reply_size = static_cast<std::uint16_t>(m.reply_size);
    r.malformed_headers = false;
    r.unused = false;
}

} // namespace

inbound::inbound(connection& c, parser_limits limits) : connection_(c), parser_(limits) {}

// Something is left where there was no memory for the rest of a chunk.
inbound::~inbound() {
    for (const record& r : replies_)
        release_reference(r.memory);
    for (subscription_state* s : dirty_)
        s->unstage();
}

error inbound::feed(input_buffer& in) {
    apply_registrations();
    error e;
    if (connection_.options().wire_trace()) [[unlikely]]
        e = distribute<true>(in);
    else
        e = distribute<false>(in);
    commit(in.memory());
    return e;
}

void inbound::apply_registrations() {
    if (!connection_.take_registrations(changes_))
        return;
    for (registration& r : changes_) {
        if (r.is_inbox)
            inbox_sid_ = r.sid;
        else if (r.subscription)
            enter(r.sid, std::move(r.subscription));
        else
            subscriptions_.drop(r.sid);
    }
    changes_.clear();
    if (changes_.capacity() > kept_changes)
        changes_ = {};
}

[[gnu::always_inline]] inline record& inbound::stage(subscription_state& s, const message_frame& m,
                                                     std::uint32_t header_size, block& chunk) {
    message_queue& q = s.staging();
    if (!q.is_staged()) [[unlikely]]
        dirty_.push_back(&s);
    record& r = q.place();
    fill(r, m, header_size, chunk);
    q.stage(r);
    return r;
}

// In line with the parser, so that what it has found is not written down and read again: that and
// two calls were 60 of 290 instructions of a message on its way in.
[[gnu::always_inline]] inline void inbound::on_message(block& chunk) {
    const message_frame& m = parser_.message();
    subscription_state* const s = subscriptions_.find(m.sid);
    if (s == nullptr || m.header_size != 0) [[unlikely]]
        return on_other_message(chunk);
    ++messages_;
    bytes_ += m.total_size;
    stage(*s, m, 0, chunk);
}

/// With headers, a reply, or nobody's any more.
void inbound::on_other_message(block& chunk) {
    const message_frame& m = parser_.message();
    subscription_state* const s = subscriptions_.find(m.sid);
    ++messages_;
    bytes_ += m.total_size;
    if (s == nullptr && m.sid != inbox_sid_)
        return; // unsubscribed a moment ago
    const bool malformed =
        m.header_size != 0 && !decode_header_block({m.body, m.header_size}).well_formed;
    if (malformed) [[unlikely]]
        connection_.on_malformed_headers({m.subject, m.subject_size});
    if (s == nullptr) {
        fill(replies_.emplace_back(), m, m.header_size, chunk);
        replies_.back().malformed_headers = malformed;
        add_reference(&chunk);
        return;
    }
    stage(*s, m, m.header_size, chunk).malformed_headers = malformed;
}

template <bool Traced>
error inbound::distribute(input_buffer& in) {
    block& chunk = in.memory();
    const char* const first = in.begin();
    const char* const last = in.end();
    const char* at = first;
    error e;
    while (at != last) {
        const parse_status status = parser_.parse(at, last);
        if (status != parse_status::complete) [[unlikely]] {
            if (status == parse_status::failed)
                e = parser_.failure();
            break;
        }
        if constexpr (Traced)
            wire_tracer(connection_.options().wire_trace()).on_parsed(parser_, at);
        if (parser_.kind() == operation_kind::msg) {
            on_message(chunk);
        } else {
            e = on_operation(chunk);
            if (e)
                break;
        }
        at += parser_.size();
    }
    in.consume(static_cast<std::size_t>(at - first));
    return e;
}

error inbound::on_operation(block& chunk) {
    switch (parser_.kind()) {
    case operation_kind::info: return on_info();
    case operation_kind::ping: return connection_.on_ping();
    case operation_kind::pong:
        // It may end subscriptions that drain: what stands before it is theirs.
        commit(chunk);
        connection_.on_pong();
        break;
    case operation_kind::err: commit(chunk); return connection_.on_server_error(parser_.text());
    case operation_kind::ok:
    case operation_kind::msg: break;
    }
    return error();
}

// INFO is rare, and a parser takes 15 KiB: it is not kept.
error inbound::on_info() {
    const std::string_view json = parser_.text();
    info_parser parser;
    conats::server_info info;
    error e = parser.parse(json.data(), json.size(), info);
    if (!e)
        connection_.on_info(info);
    return e;
}

void inbound::commit(block& chunk) {
    if (messages_ != 0)
        connection_.on_messages(std::exchange(messages_, 0), std::exchange(bytes_, 0));
    if (!replies_.empty()) {
        connection_.on_replies(replies_);
        replies_.clear();
    }
    const auto now =
        dirty_.empty() ? connection::clock::time_point() : connection_.now(); // once per chunk
    for (subscription_state* s : dirty_) {
        if (s->is_timed() && s->on_arrival(now))
            connection_.hasten_deadline(*s);
        commit_result r = s->commit(chunk, now);
        r.consumer.post();
        connection_.on_committed(*s, r);
        if (r.full)
            full_ = s->shared_from_this();
        watch_pinned(*s);
    }
    dirty_.clear();
    if (connection_.pool().bytes_in_use() > max_pinned)
        compact();
}

void inbound::enter(std::uint64_t sid, std::shared_ptr<subscription_state> s) {
    // What it has from the connection before was on a list that went with that.
    if (std::exchange(s->listed_for_compaction, false))
        watch_pinned(*s);
    subscriptions_.put(sid, std::move(s));
}

void inbound::watch_pinned(subscription_state& s) {
    if (s.listed_for_compaction)
        return;
    if (backlogged_.size() >= backlogged_checked_) {
        std::erase_if(backlogged_, [](const auto& w) { return w.expired(); });
        backlogged_checked_ = 2 * backlogged_.size() + 16;
    }
    backlogged_.push_back(s.weak_from_this());
    s.listed_for_compaction = true;
}

void inbound::compact() {
    const std::shared_ptr<void> owner = connection_.shared_from_this();
    std::size_t copied = 0;
    std::erase_if(backlogged_, [&](const std::weak_ptr<subscription_state>& w) {
        const auto s = w.lock();
        if (!s)
            return true;
        bool idle = false;
        copied += s->compact(owner, idle);
        if (idle)
            s->listed_for_compaction = false;
        return idle;
    });
    connection_.on_compacted(copied);
}

} // namespace impl
} // namespace v0
} // namespace conats
