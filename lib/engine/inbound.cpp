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
void fill(record& r, const message_frame& m, block& chunk) {
    r = record();
    r.memory = &chunk;
    r.subject(m.subject);
    r.subject_size = static_cast<std::uint16_t>(m.subject_size);
    if (m.reply != nullptr) {
        r.reply_offset = static_cast<std::uint16_t>(m.reply - m.subject);
        r.reply_size = static_cast<std::uint16_t>(m.reply_size);
    }
    r.body_offset = static_cast<std::uint32_t>(m.body - m.subject);
    r.header_size = m.header_size;
    r.payload_size = m.total_size - m.header_size;
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
            subscriptions_.put(r.sid, std::move(r.subscription));
        else
            subscriptions_.drop(r.sid);
    }
    changes_.clear();
}

template <bool Traced>
error inbound::distribute(input_buffer& in) {
    while (in.begin() != in.end()) {
        switch (parser_.parse(in.begin(), in.end())) {
        case parse_status::need_more: return error();
        case parse_status::failed: return parser_.failure();
        case parse_status::complete: break;
        }
        if constexpr (Traced)
            wire_tracer(connection_.options().wire_trace()).on_parsed(parser_, in.begin());
        if (parser_.kind() == operation_kind::msg) {
            on_message(in.memory());
        } else if (error e = on_operation(in.memory())) {
            return e;
        }
        in.consume(parser_.size());
    }
    return error();
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

void inbound::on_message(block& chunk) {
    const message_frame& m = parser_.message();
    subscription_state* s = subscriptions_.find(m.sid);
    ++messages_;
    bytes_ += m.total_size;
    if (s == nullptr && m.sid != inbox_sid_)
        return; // unsubscribed a moment ago
    const bool malformed =
        m.header_size != 0 && !decode_header_block({m.body, m.header_size}).well_formed;
    if (malformed) [[unlikely]]
        connection_.on_malformed_headers({m.subject, m.subject_size});
    if (s == nullptr) {
        fill(replies_.emplace_back(), m, chunk);
        replies_.back().malformed_headers = malformed;
        add_reference(&chunk);
        return;
    }
    if (!s->is_staged())
        dirty_.push_back(s);
    record& r = s->next_staged();
    fill(r, m, chunk);
    r.malformed_headers = malformed;
    s->stage();
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
