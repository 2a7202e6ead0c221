// SPDX-License-Identifier: Apache-2.0
// The way out: publications and requests into the outbox, the outbox to the writer.
#include "engine/connection.hpp"
#include "protocol/encoder.hpp"
#include "protocol/header_codec.hpp"
#include "support/duration_text.hpp"
#include "support/later.hpp"
#include "support/reserve_one.hpp"
#include "support/saturated_sum.hpp"
#include "values/subject_rules.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

// Below this a copy is cheaper than a piece of its own in the write.
constexpr std::size_t least_gathered = std::size_t{16} << 10U;
// Accepted above the high-water mark before `outbox_full`.
constexpr std::size_t reserve = std::size_t{8} << 20U;
// A line's parts beside its subjects are shorter than this.
constexpr std::size_t other_line_parts = 64;
// So often in a row `publish` may complete at once: the outbox suspends a single-threaded
// publisher long before, but on several threads the writer may keep up with it for ever.
constexpr std::uint64_t longest_streak = 4096;

/// Nearly all publications; `check_form` tells what is wrong with the others, if anything is.
bool has_good_form(const publication& p, bool allow_empty_tokens) {
    return check_publish_subject(p.subject, allow_empty_tokens) == subject_fault::none &&
           (p.reply.empty() || check_reply(p.reply, allow_empty_tokens) == subject_fault::none) &&
           (p.headers == nullptr || p.headers->fault().empty());
}

error check_form(const publication& p, bool allow_empty_tokens) {
    if (const auto fault = check_publish_subject(p.subject, allow_empty_tokens);
        fault != subject_fault::none) [[unlikely]]
        return describe(fault, subject_role::subject, p.subject);
    if (const auto fault = check_reply(p.reply, allow_empty_tokens); fault != subject_fault::none)
        [[unlikely]]
        return describe(fault, subject_role::reply, p.reply);
    if (p.headers != nullptr && !p.headers->fault().empty()) [[unlikely]]
        return error(errc::invalid_header, p.headers->fault());
    return error();
}

} // namespace

/// That `check_size` finds no fault, in most cases, without the cost of an error by value (60 of
/// 600 instructions a message).
bool connection::surely_takes(const publication& p) const {
    const std::size_t size = p.payload.size();
    return status_ == conats::status::connected && is_open() && p.headers == nullptr &&
           size <= info_.max_payload &&
           p.subject.size() + p.reply.size() + other_line_parts <= options_.max_control_line() &&
           outbox_.size() + size <= options_.high_water_mark();
}

error connection::check_size(const publication& p, std::size_t reply_room) const {
    const headers_view headers = headers_of(p);
    const std::size_t block = header_block_size(headers);
    if (block != 0 && !info_.headers && has_info_)
        return error(errc::headers_not_supported,
                     "the message has headers, and the server does not support them")
            .subject(std::string(p.subject));
    const std::size_t size = saturated_sum(p.payload.size(), block);
    if (info_.max_payload != 0 && size > info_.max_payload)
        return error(errc::payload_too_large,
                     std::to_string(size) + " bytes of headers and payload, the server takes " +
                         std::to_string(info_.max_payload))
            .subject(std::string(p.subject));
    // Most subjects need no exact count.
    if (p.subject.size() + p.reply.size() + reply_room + other_line_parts >
        options_.max_control_line()) {
        const std::size_t line =
            reply_room + (block == 0
                              ? publish_line_size(p.subject, p.reply, p.payload.size())
                              : publish_line_size(p.subject, p.reply, headers, p.payload.size()));
        if (line > options_.max_control_line())
            return error(errc::control_line_too_long,
                         "subject and reply make a line of " + std::to_string(line) +
                             " bytes, the server takes " +
                             std::to_string(options_.max_control_line()));
    }
    if (status_ == conats::status::reconnecting)
        return check_offline(p);
    const std::size_t most = saturated_sum(options_.high_water_mark(), reserve);
    if (size > most || outbox_.size() + size > most)
        return error(errc::outbox_full, "high_water_mark: " + std::to_string(outbox_.size()) +
                                            " bytes wait to be sent, " + std::to_string(size) +
                                            " more do not fit");
    return error();
}

void connection::append(const publication& p) {
    const headers_view headers = headers_of(p);
    if (p.owned != nullptr && p.owned->size() >= least_gathered) {
        append_gathered(p, headers);
    } else if (headers.empty()) {
        append_publish(outbox_.bytes(), p.subject, p.reply, p.payload);
    } else {
        append_publish(outbox_.bytes(), p.subject, p.reply, headers, p.payload);
    }
    ++statistics_.out_messages;
    statistics_.out_bytes += p.payload.size() + header_block_size(headers);
}

void connection::append_gathered(const publication& p, const headers_view& headers) {
    byte_buffer& bytes = outbox_.bytes();
    const std::size_t before = bytes.size();
    try {
        if (headers.empty())
            append_publish_head(bytes, p.subject, p.reply, p.owned->size());
        else
            append_publish_head(bytes, p.subject, p.reply, headers, p.owned->size());
        bytes.prepare(payload_tail.size());
        outbox_.insert(*p.owned);
    } catch (...) {
        bytes.truncate(before); // a head without its payload would swallow what follows
        throw;
    }
    bytes.append(payload_tail.data(), payload_tail.size());
}

error connection::check_fully(const publication& p) {
    error e = takes_publications() ? check_size(p) : refusal_of_new("publish");
    if (e.code() == errc::outbox_full && drop_withdrawn())
        e = check_size(p);
    return e;
}

publish_result connection::accept(const publication& p) {
    publish_result r;
    if (!has_good_form(p, options_.allow_empty_tokens())) [[unlikely]] {
        r.failure = check_form(p, options_.allow_empty_tokens());
        if (r.failure)
            return r;
    }
    woken_handler writer;
    {
        const lock_guard lock(mutex_);
        if (!surely_takes(p)) [[unlikely]] {
            r.failure = check_fully(p);
            if (r.failure)
                return r;
        }
        r.begin = outbox_.end();
        if (p.headers == nullptr && p.owned == nullptr) [[likely]] {
            append_publish(outbox_.bytes(), p.subject, p.reply, p.payload);
            ++statistics_.out_messages;
            statistics_.out_bytes += p.payload.size();
        } else {
            append(p);
        }
        r.generation = generation_;
        r.is_offline = status_ == conats::status::reconnecting;
        r.must_wait = !r.is_offline && outbox_.size() >= options_.high_water_mark();
        r.must_yield = ++streak_ >= longest_streak;
        if (r.must_yield)
            streak_ = 0;
        if (writer_ != nullptr)
            writer = send_or_take_writer();
    }
    return r; // the writer is posted
}

bool connection::was_written(std::uint64_t begin) const {
    const lock_guard lock(mutex_);
    return written_ > begin;
}

bool connection::begin_room_wait(wait_node& n, std::uint64_t generation) {
    const lock_guard lock(mutex_);
    if (!alive_) {
        n.outcome = wake::ended;
        return true;
    }
    if (generation != generation_ || outbox_.size() < options_.high_water_mark())
        return false;
    publishers_.push(n);
    return true;
}

// --- The writer

parked_handler connection::take_writer() noexcept {
    if (writer_ == nullptr)
        return {};
    wait_node& n = *std::exchange(writer_, nullptr);
    n.outcome = wake::ready;
    return std::move(n.handler);
}

void connection::swap_outbox(outgoing& out) {
    outbox_.take(out);
    ++generation_;
    streak_ = 0;
}

parked_handler connection::send_or_take_writer() {
    if (direct_ == nullptr || writer_ == nullptr || session_over_)
        return take_writer();
    outgoing& out = *writer_out_; // written completely, or it would not be idle
    swap_outbox(out);
    std::array<segment, 4> pieces;
    std::array<asio::const_buffer, 4> buffers;
    const std::size_t count = out.pieces(pieces);
    std::transform(pieces.begin(), pieces.begin() + count, buffers.begin(),
                   [](const segment& s) { return asio::const_buffer(s.data, s.size); });
    const std::size_t n = direct_->write_now({buffers.data(), count});
    out.consume(n);
    if (n != 0) {
        written_ += n;
        statistics_.socket_bytes_out += n;
        ++statistics_.writes;
    }
    if (out.empty())
        return {};
    writing_ = true;
    write_progress_ = now();
    arm(later(write_progress_, options_.write_timeout()));
    return take_writer();
}

void connection::direct(direct_writer* w) {
    const lock_guard lock(mutex_);
    direct_ = w;
}

void connection::stop_loops() {
    woken_handler writer;
    woken_list woken;
    {
        const lock_guard lock(mutex_);
        session_over_ = true;
        writer = take_writer();
        lame_duck_waiters_.take_all(wake::ended, woken);
    }
    writer.post();
    woken.post_all();
    on_room();
}

bool connection::begin_write(outgoing& out, wait_node& n) {
    woken_list woken;
    {
        const lock_guard lock(mutex_);
        // While a server is left, what comes behind the last words is for the next.
        writing_ = !last_words_.empty() || (moving_ == moving::no && !outbox_.empty());
        if (!alive_ || session_over_ || stop_requested_)
            return false;
        if (!writing_) {
            n.outcome = wake::pending;
            writer_ = &n;
            writer_out_ = &out;
            return true;
        }
        write_progress_ = now();
        arm(later(write_progress_, options_.write_timeout()));
        if (!last_words_.empty()) {
            out = std::exchange(last_words_, outgoing());
            return true;
        }
        swap_outbox(out);
        // All at once and in order: nobody has to look again whether there is room.
        publishers_.take_all(wake::ready, woken);
    }
    woken.post_all();
    return true;
}

void connection::on_written(std::size_t bytes) {
    const lock_guard lock(mutex_);
    written_ += bytes;
    statistics_.socket_bytes_out += bytes;
    write_progress_ = now();
    ++statistics_.writes;
}

void connection::append_ping(ping_kind kind, std::uint64_t id) {
    pings_.reserve_one(); // else PONGs would be taken for those of other PINGs
    impl::append_ping(outbox_.bytes());
    pings_.push(kind, id);
}

error connection::begin_barrier(wait_node& n) {
    woken_handler writer;
    {
        const lock_guard lock(mutex_);
        if (!is_open() || !is_online())
            return refusal("flush");
        n.ticket = ++tickets_;
        if (latency_)
            n.since = now();
        append_ping(ping_kind::barrier, n.ticket);
        barriers_.push(n);
        writer = send_or_take_writer();
    }
    writer.post();
    return error();
}

// --- Requests

void connection::subscribe_inbox() {
    if (inbox_sid_ != 0)
        return;
    requests_.prefix(options_.inbox_prefix() + '.' + std::string(nuid_.next()) + '.');
    const std::string subject = requests_.prefix() + '*';
    reserve_one(registrations_);
    const std::uint64_t sid = subscriptions_.add(nullptr);
    try {
        append_subscribe(outbox_.bytes(), subject, "", sid);
    } catch (...) {
        subscriptions_.erase(sid);
        throw;
    }
    inbox_sid_ = sid;
    registrations_.push_back({sid, nullptr, true});
    has_registrations_.store(true, std::memory_order_release);
}

std::size_t connection::reply_room() const noexcept {
    // A blank, and `prefix.nuid.token`.
    return 1 + options_.inbox_prefix().size() + 1 + nuid::size + 1 + request_mux::max_token_size;
}

void connection::note_own_request(subscription_state& inbox, std::uint64_t begin) {
    const lock_guard lock(mutex_);
    inbox.set_request_begin(begin);
}

std::string connection::new_inbox() {
    const lock_guard lock(mutex_);
    return options_.inbox_prefix() + '.' + std::string(nuid_.next());
}

request_slot* connection::accept_request(const publication& p, clock::time_point deadline,
                                         error& failure) {
    failure = check_form(p, options_.allow_empty_tokens());
    if (failure)
        return nullptr;
    woken_handler writer;
    request_slot* slot = nullptr;
    {
        const lock_guard lock(mutex_);
        failure = takes_publications() && is_online() ? check_size(p, reply_room())
                                                      : refusal_of_new("request");
        if (!failure)
            failure = inbox_refusal_;
        if (failure)
            return nullptr;
        subscribe_inbox();
        slot = &requests_.acquire(p.subject);
        slot->begin = outbox_.end();
        if (latency_)
            slot->node.since = now();
        try {
            publication with_reply = p;
            with_reply.reply = requests_.reply_subject(*slot);
            timers_.add(slot->node.timer, deadline);
            append(with_reply);
        } catch (...) {
            timers_.remove(slot->node.timer);
            requests_.release(*slot);
            throw;
        }
        arm(deadline);
        writer = send_or_take_writer();
    }
    writer.post();
    return slot;
}

error connection::finish_request(request_slot& s, record& reply) {
    const lock_guard lock(mutex_);
    error e;
    switch (s.node.outcome) {
    case wake::ready: reply = std::exchange(s.reply, record{}); break;
    case wake::ended: e = s.failure; break;
    case wake::timeout:
        e = error(errc::timeout, "no reply within " + duration_text(s.timeout));
        e.was_written(written_ > s.begin);
        break;
    case wake::pending:
    case wake::cancelled:
        e = error(asio::error::make_error_code(asio::error::operation_aborted));
        break;
    }
    if (e && e.subject().empty())
        e.subject(s.subject);
    return e;
}

void connection::release_request(request_slot& s) noexcept {
    record dropped;
    {
        const lock_guard lock(mutex_);
        timers_.remove(s.node.timer);
        // Not under the lock: the last reference may take the connection along.
        dropped = std::exchange(s.reply, record{});
        requests_.release(s);
    }
    if (dropped.memory != nullptr)
        release_reference(dropped.memory);
}

void connection::on_replies(std::vector<record>& replies) {
    woken_list woken;
    std::size_t late = 0;
    {
        const lock_guard lock(mutex_);
        for (record& r : replies) {
            request_slot* s = requests_.find({r.subject(), r.subject_size});
            if (s == nullptr) {
                replies[late++] = r;
                continue;
            }
            const bool nobody = r.payload_size == 0 && r.header_size != 0 &&
                                decode_header_block({r.header(), r.header_size}).status == 503;
            if (nobody) {
                s->failure = no_responders_;
                s->failure.was_written(true);
                replies[late++] = r;
            } else {
                s->reply = r;
                if (latency_)
                    latency_->requests.record(now() - s->node.since);
            }
            timers_.remove(s->node.timer);
            wait_list::take(s->node, nobody ? wake::ended : wake::ready, woken);
        }
    }
    woken.post_all();
    for (std::size_t i = 0; i != late; ++i)
        release_reference(replies[i].memory);
}

} // namespace impl
} // namespace v0
} // namespace conats
