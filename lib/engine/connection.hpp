// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/auth_options.hpp"
#include "engine/event_queue.hpp"
#include "engine/logger.hpp"
#include "engine/outbox.hpp"
#include "engine/ping_tracker.hpp"
#include "engine/pong_queue.hpp"
#include "engine/publication.hpp"
#include "engine/random_numbers.hpp"
#include "engine/request_mux.hpp"
#include "engine/run_machine.hpp"
#include "engine/server_pool.hpp"
#include "engine/subscription_state.hpp"
#include "engine/subscription_table.hpp"
#include "engine/wait_list.hpp"
#include "support/chunk_pool.hpp"
#include "support/deadline_queue.hpp"
#include "support/light_mutex.hpp"
#include "support/nuid.hpp"
#include "support/time_source.hpp"
#include "transport/direct_writer.hpp"

#include <conats/connect_attempt.hpp>
#include <conats/connect_options.hpp>
#include <conats/error.hpp>
#include <conats/event.hpp>
#include <conats/headers.hpp>
#include <conats/latency.hpp>
#include <conats/payload.hpp>
#include <conats/server_info.hpp>
#include <conats/statistics.hpp>
#include <conats/status.hpp>
#include <conats/tls_info.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

/// Waits until the messages of a moment are handled.
struct handled_wait : wait_node {
    std::size_t open = 0; ///< subscriptions that still have some
};

/// For the reader: a sid appears or goes.
struct registration {
    std::uint64_t sid = 0;
    std::shared_ptr<subscription_state> subscription; ///< null: the request inbox, or gone
    bool is_inbox = false;
};

/// What runs on the strand and can be reached from there only, in the frame of a loop: an
/// attempt to connect, a pause between attempts, a session.
class loop_control {
public:
    virtual void stop(const error& why) = 0; ///< end what is going on
    virtual void hurry() {}                  ///< end a pause

protected:
    ~loop_control() = default;
};

/// The loop that keeps the time, likewise.
class timer_control {
public:
    virtual void wake_timer() = 0; ///< a deadline earlier than the armed one was added

protected:
    ~timer_control() = default;
};

/// The state of one client, shared by its handles and its loops.
///
/// What user calls touch is under one lock, so that no call hops to the strand; the loops' I/O
/// runs on the strand. Holds no socket, timer or other thing of a context, and the strand only
/// while `alive_`: the state may outlive its context.
/// Lock order: this lock, then a subscription's or an event queue's.
class connection final : public std::enable_shared_from_this<connection>, public consumer_observer {
public:
    using clock = std::chrono::steady_clock;

    connection(asio::any_io_executor user_executor, connect_options options,
               std::vector<server_address> servers);
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection();

    /// Spawns the loops. Once.
    void start();
    /// The last handle is gone.
    void release_handle() noexcept;
    /// The time by which everything here is measured.
    [[nodiscard]] clock::time_point now() const noexcept { return time_.now(); }

    // --- Waiting, see wait_node. `begin` functions enter a node, `park` suspends on it.

    void park(wait_node& n, parked_handler h);
    void cancel(wait_node& n);
    /// Takes the node out of everything: before its frame goes.
    void forget(wait_node& n) noexcept;
    void set_timer(wait_node& n, clock::time_point at);
    void set_timer(timed_wait& t, clock::time_point at);
    void forget(timed_wait& t) noexcept;

    // --- Publishing

    publish_result publish(const publication& p) {
        return options_.publish_hook() ? publish_hooked(p) : accept(p);
    }
    /// Whether the kernel has taken anything of what begins at this position.
    [[nodiscard]] bool was_written(std::uint64_t begin) const;
    /// False if there is nothing to wait for.
    bool begin_room_wait(wait_node& n, std::uint64_t generation);
    /// Enters `n` to be resumed when there is a connection; false if there is one.
    /// `begin`: the message's place in the outbox; as it is at last in the node's ticket.
    bool begin_offline_wait(wait_node& n, std::uint64_t begin);
    /// Takes back what was accepted while there was no connection; false if it is too late.
    bool withdraw(std::uint64_t begin);

    // --- Requests

    /// Takes a slot and sends the request; null with `failure` if that is not possible.
    request_slot* begin_request(const publication& p, clock::time_point deadline, error& failure) {
        return options_.publish_hook() ? begin_hooked_request(p, deadline, failure)
                                       : accept_request(p, deadline, failure);
    }
    /// Takes the result: the reply's record, with its reference, or an error.
    error finish_request(request_slot& s, record& reply);
    void release_request(request_slot& s) noexcept;
    std::string new_inbox();
    /// Tells where in the outbox the request of an own inbox stands.
    void note_own_request(subscription_state& inbox, std::uint64_t begin);

    // --- Subscriptions

    error add_subscription(const std::shared_ptr<subscription_state>& s,
                           std::uint64_t max_messages);
    void remove_subscription(subscription_state& s, const error& why = errc::unsubscribed) noexcept;
    void limit_subscription(subscription_state& s, std::uint64_t max_messages);
    /// Enters `n` to be resumed when the subscription has drained.
    error begin_subscription_drain(subscription_state& s, wait_node& n);

    /// Enters `w` to be resumed when all messages that subscriptions have now are handled. False
    /// if they are, or with `failure`.
    bool begin_handled_wait(handled_wait& w, error& failure);
    /// Before its frame goes.
    void end_handled_wait(handled_wait& w) noexcept;
    /// One of those it waits for.
    [[nodiscard]] std::string unhandled_subject(const handled_wait& w) const;

    // --- The connection

    /// Sends a PING; `n` is resumed by its PONG.
    error begin_barrier(wait_node& n);
    error begin_drain(wait_node& n);
    /// Closes; `n`, if given, is resumed when it is done. False if it is already.
    bool begin_close(wait_node* n);
    bool begin_connect_wait(wait_node& n);
    /// Drops the connection and makes it anew, or ends the pause before the next attempt.
    error force_reconnect();
    /// Replaces the servers, for the next attempt.
    error replace_servers(std::vector<server_address> servers);
    [[nodiscard]] std::vector<server_state> server_states() const;
    [[nodiscard]] error drain_result() const;
    /// What a wait that has `ended` reports.
    [[nodiscard]] error end_error() const;

    [[nodiscard]] conats::status status() const;
    [[nodiscard]] error close_reason() const;
    [[nodiscard]] conats::server_info server_info() const;
    [[nodiscard]] std::string connected_url() const;
    [[nodiscard]] std::string local_address() const;
    [[nodiscard]] std::string remote_address() const;
    [[nodiscard]] conats::tls_info tls_info() const;
    [[nodiscard]] conats::statistics statistics() const;
    [[nodiscard]] std::shared_ptr<event_queue> open_events();
    [[nodiscard]] asio::any_io_executor user_executor() const;
    [[nodiscard]] const connect_options& options() const noexcept { return options_; }
    void raise(event e);
    /// Whether a record of this level would be told to anybody.
    [[nodiscard]] bool logs(log_level l) const noexcept { return log_ && log_->wants(l); }
    void log(log_record r);
    [[nodiscard]] connect_attempt last_attempt() const;
    [[nodiscard]] bool observes_deliveries() const noexcept {
        return static_cast<bool>(options_.delivery_hook());
    }
    /// What the delivery hook wants kept while the message is handled. It may be null.
    [[nodiscard]] std::shared_ptr<observed_operation> begin_delivery(const subscription_state& s,
                                                                     const message& m) const;
    [[nodiscard]] bool records_latency() const noexcept { return latency_ != nullptr; }
    [[nodiscard]] latency_statistics latency() const;
    /// Of a request with an inbox of its own.
    void record_request(clock::time_point since);

    // --- consumer_observer

    void on_finished(subscription_state& s) override;
    void on_room() override;
    void on_handled(std::span<const std::uint64_t> barriers) override;

    // --- The loops', on the strand

    [[nodiscard]] chunk_pool& pool() noexcept { return pool_; }
    [[nodiscard]] asio::any_io_executor strand() const;
    [[nodiscard]] const auth_options& authentication() const noexcept { return auth_; }
    void control(loop_control* c) noexcept { control_ = c; }
    void keep_time_by(timer_control* t) noexcept { timekeeper_ = t; }
    /// Certificates and keys that need not be read again.
    [[nodiscard]] std::shared_ptr<const ssl_context>& kept_tls() noexcept { return kept_tls_; }
    [[nodiscard]] bool stopping() const;
    /// Counts the attempts to connect, from 1, whoever makes them.
    [[nodiscard]] std::uint64_t next_attempt() noexcept { return ++attempts_; }
    [[nodiscard]] std::uint64_t random() { return random_(); }

    /// What to do while there is no connection.
    run_step next_step();
    /// Before anything is made of its outcome.
    void on_attempt(const connect_attempt& a);
    void on_dial_failed(error e);
    /// `inbox_sid`: of the request inbox, if the server was told of it already.
    void on_connected(const conats::server_info& info, const server_address& server,
                      const conats::stream& stream, std::uint64_t inbox_sid);
    /// After `on_connected`: then the connection is made anew, since its credentials expire soon.
    void renew_at(clock::time_point t);
    /// One event per client tells that an option wins over an address's userinfo.
    void raise_userinfo_ignored(const server_address& server);
    void begin_session();
    /// Ends what is going on now, for `why`.
    void stop_now(const error& why);
    /// The session is ending: resumes the loops that wait for us.
    void stop_loops();
    /// What the writer has not given to the kernel.
    void keep_unsent(outgoing out);
    /// The session has ended for `cause`. True if the connection is to be made again; then
    /// everything is ready for that, and what cannot outlive the connection has ended.
    bool on_session_end(const error& cause);

    // --- Moving to another server, see `relocation`.

    /// Enters `n` to be resumed when the server is in lame duck mode, or the session is over.
    /// False if there is nothing to wait for, and never will be.
    bool begin_lame_duck_wait(wait_node& n);
    /// Whether the client is not ending.
    [[nodiscard]] bool may_move() const;
    /// Where to move.
    [[nodiscard]] std::vector<std::shared_ptr<const server_address>> other_servers();
    /// After how long to try to move: at once after the announcement, or again.
    [[nodiscard]] std::chrono::nanoseconds moving_delay(bool again);
    /// The command that subscribes to the request inbox; its sid, or 0 if there is none.
    std::uint64_t inbox_command(std::string& out);
    /// Leaves the current server for this one, with which hands were shaken: the session ends when
    /// everything that the old one has sent was read. False if the client is to stay, since it is
    /// ending.
    bool begin_move(std::shared_ptr<const server_address> to);
    /// After a session: whether it has ended by moving. Then everything is ready for the next.
    bool take_move();

    /// The client is over; everything that waits ends. The first call counts.
    void finish(const error& reason);
    /// The loops' frames are being destroyed: with their context, or since Asio had no memory to
    /// resume them.
    void abandon() noexcept;
    /// Whether it has ended, in one way or the other.
    [[nodiscard]] bool is_over() const;

    /// Fills `out` from the outbox, or enters `n` to be resumed when there is something. False
    /// when the writer has to end.
    bool begin_write(outgoing& out, wait_node& n);
    void on_written(std::size_t bytes);
    /// With `send_now`: where to, until it is taken back by null, before it closes.
    void direct(direct_writer* w);

    bool take_registrations(std::vector<registration>& out);
    void on_info(const conats::server_info& info);
    error on_ping();
    void on_pong();
    /// An -ERR. Its error if the server closes the connection over it.
    error on_server_error(std::string_view text);
    void on_messages(std::uint64_t messages, std::uint64_t bytes);
    /// Replies to requests, each with a reference.
    void on_replies(std::vector<record>& replies);
    void on_committed(subscription_state& s, const commit_result& r);
    /// A subscription is to end by itself earlier than it was.
    void hasten_deadline(subscription_state& s);
    void on_malformed_headers(std::string_view subject);
    void on_compacted(std::size_t messages) noexcept {
        compacted_.fetch_add(messages, std::memory_order_relaxed);
    }
    /// Enters `n` to be resumed by `on_room`, as the reader waits for a full queue. False if
    /// there is room or the connection ends.
    bool begin_pause(wait_node& n, subscription_state& s, clock::time_point until);
    void end_pause();
    void on_read(std::size_t bytes) noexcept {
        reads_.fetch_add(1, std::memory_order_relaxed);
        count_read(bytes);
    }
    /// What the stream has read and written, in handshakes.
    void count_read(std::size_t bytes) noexcept {
        read_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    }
    void count_written(std::size_t bytes) noexcept {
        handshake_written_.fetch_add(bytes, std::memory_order_relaxed);
    }

    /// Does what is due and returns when it is to be called again.
    clock::time_point on_tick();

private:
    using lock_guard = std::lock_guard<light_mutex>;

    // All of these under the lock.
    [[nodiscard]] error refusal(std::string_view what) const;
    /// Of something new: it also tells that the client is draining.
    [[nodiscard]] error refusal_of_new(std::string_view what) const;
    [[nodiscard]] bool is_open() const noexcept {
        return alive_ && close_deadline_ == clock::time_point::max();
    }
    /// Whether commands can be sent: there is a session.
    [[nodiscard]] bool is_online() const noexcept;
    [[nodiscard]] bool takes_publications() const noexcept;
    /// `reply_room`: bytes of a reply subject that `p` does not have yet.
    [[nodiscard]] error check_size(const publication& p, std::size_t reply_room = 0) const;
    [[nodiscard]] bool surely_takes(const publication& p) const;
    [[nodiscard]] error check_fully(const publication& p);
    [[nodiscard]] error check_offline(const publication& p) const;
    /// Takes what was withdrawn out of the outbox; false if nothing was.
    bool drop_withdrawn();
    publish_result accept(const publication& p);
    publish_result publish_hooked(const publication& p);
    request_slot* accept_request(const publication& p, clock::time_point deadline, error& failure);
    request_slot* begin_hooked_request(const publication& p, clock::time_point deadline,
                                       error& failure);
    [[nodiscard]] bool takes_headers() const;
    void append(const publication& p);
    /// The frame, around the owned payload itself.
    void append_gathered(const publication& p, const headers_view& headers);
    void append_ping(ping_kind kind, std::uint64_t id = 0);
    void take_barriers(std::uint64_t ticket, wait_list& woken);
    [[nodiscard]] parked_handler take_writer() noexcept;
    /// With `send_now`, does the idle writer's work. What it has left is the writer's.
    [[nodiscard]] parked_handler send_or_take_writer();
    /// Hands everything to the writer.
    void swap_outbox(outgoing& out);
    void set_status(conats::status s, const error& why) noexcept;
    void emit(const event& e);
    /// Emits the event that `make` returns, where anybody wants to know. One for which there is no
    /// memory is lost and counted: it must not cost what it tells of.
    template <class F>
    void tell(F&& make) noexcept {
        if (events_.empty() && !log_)
            return;
        try {
            emit(make());
        } catch (...) {
            count_lost_event();
        }
    }
    void count_lost_event() noexcept;
    void push_state(event_queue& to) const;
    void add_to_log(log_record r);
    void log_due(clock::time_point now);
    void log_pause(clock::time_point until);
    void post_log(logger::records records);
    void arm(clock::time_point at) noexcept;
    void post_stop(error why) noexcept;
    void update_servers();
    /// How the connection is encrypted, if it is; an event where nobody looked at the certificate.
    void note_tls(conats::tls_info tls, const server_address& server);
    struct ended_inbox {
        std::shared_ptr<subscription_state> subscription;
        error why;
    };
    void end_inboxes(std::vector<ended_inbox>& out);
    void keep_publications(const std::vector<ended_inbox>& inboxes);
    /// What is left of the outbox and the writer, of which no byte was written, for which
    /// `f(frame)` is true.
    void keep_frames(const std::function<bool(const class frame_cursor&)>& f);
    [[nodiscard]] bool is_movable() const noexcept;
    /// UNSUB for all subscriptions but the inboxes of requests, and a PING behind it.
    void append_farewell(ping_kind kind);
    void set_move_deadline(clock::time_point now);
    /// The client is about to end: it does so at the old server.
    void cancel_move();
    /// The frame goes to another place of the outbox: who waits for a reply to it is told.
    void note_place(std::string_view reply, std::uint64_t begin);
    void release_publishers(wait_list& woken);
    void leave_server();
    void replay(std::uint64_t inbox_sid);
    [[nodiscard]] error check_replay(const class frame_cursor& f) const;
    void discover(const conats::server_info& info);
    /// Of a wait that the loss of the connection has ended.
    [[nodiscard]] error lost_error() const;
    void subscribe_inbox();
    [[nodiscard]] std::size_t reply_room() const noexcept;
    void enter(const std::shared_ptr<subscription_state>& s, std::uint64_t max_messages);
    void note_registration(registration r);
    /// Where there is no memory to tell the reader and the server, `take_leaving` does so later.
    void unregister(subscription_state& s, bool tell_server) noexcept;
    void withdraw(std::uint64_t sid, bool tell_server);
    /// Tells of those that are unregistered, but stand in the table since there was no memory.
    void take_leaving() noexcept;
    void start_draining();
    void enter_draining_pubs() noexcept;
    void start_closing() noexcept;
    /// For want of memory for the last PING: the connection ends at once.
    void end_without_goodbye() noexcept;
    static void take_tickets(wait_list& from, std::uint64_t ticket, wait_list& woken);
    void finish_requests(const error& why, wait_list& woken);
    void hurry();
    /// Those of `replace_servers`.
    void take_new_servers();
    /// Why the session is to end now, if its credentials are to be renewed.
    error take_renewal(clock::time_point now);
    [[nodiscard]] subscription_table take_subscriptions() noexcept;
    void take_waits(wait_list& to) noexcept;
    struct expired_wait {
        std::shared_ptr<subscription_state> consumer;
        std::uint32_t ticket;
    };
    template <class F>
    void for_each_consumed(F&& f) const;
    void start_deadlines(subscription_state& s);
    struct overdue_subscription {
        std::shared_ptr<subscription_state> subscription;
        error reason;
    };
    /// Unregisters the subscriptions that end by themselves now.
    void take_overdue(clock::time_point now, std::vector<overdue_subscription>& overdue);
    void take_all_due(clock::time_point now, wait_list& woken, std::vector<expired_wait>& expired,
                      std::vector<overdue_subscription>& overdue) noexcept;
    void take_due(clock::time_point now, wait_list& woken, std::vector<expired_wait>& expired);
    [[nodiscard]] error check_health(clock::time_point now);
    [[nodiscard]] clock::time_point next_deadline() const;

    void end_subscription_drain(std::uint64_t sid);
    void end_client_drain();
    void refuse_subscription(const struct server_failure& f, const error& e);
    void note_ending(const std::shared_ptr<subscription_state>& s) noexcept;
    /// Whether the handler of a subscription that had this sid is still at work.
    [[nodiscard]] bool is_handling(std::uint64_t ended_sid) const;
    bool refuse_request(const struct server_failure& f, const error& e);
    bool refuse_inbox(const struct server_failure& f, const error& e);
    bool refuse_own_inbox(const struct server_failure& f, const error& e);

    connect_options options_;
    auth_options auth_;
    chunk_pool pool_;
    const time_source& time_;
    random_numbers random_;
    server_pool servers_; // these three on the strand
    run_machine machine_;
    std::uint64_t attempts_ = 0;

    mutable light_mutex mutex_;
    asio::any_io_executor user_executor_; // these three while alive_
    asio::any_io_executor strand_;
    const asio::execution_context* context_ = nullptr;
    bool alive_ = false;
    bool stop_requested_ = false;   // for good
    bool session_over_ = true;      // there is none, or it is ending
    bool failing_ = false;          // the session was told to end
    bool reconnect_forced_ = false; // likewise, by the user
    clock::time_point renewal_ = clock::time_point::max();
    bool said_goodbye_ = false; // the server has answered the last PING
    bool userinfo_ignored_told_ = false;
    error userinfo_ignored_;
    error tls_not_verified_; // of the present server, for who listens later
    std::unique_ptr<const conats::tls_info> tls_info_; // null: not encrypted
    conats::status status_ = conats::status::connecting;
    error close_reason_;
    error drain_failure_;
    error loss_; // of the last connection
    std::vector<server_state> server_states_;
    std::vector<server_address> new_servers_; // to replace the pool's
    conats::server_info info_;
    bool has_info_ = false;
    connect_attempt last_attempt_;
    std::string connected_url_;
    std::string local_address_;
    std::string remote_address_;

    outbox outbox_;       // without a connection: what is to be sent on the next one
    outgoing unsent_;     // left by the last session's writer
    outgoing last_words_; // to the server that is being left: goes out before the outbox
    enum class moving : std::uint8_t { no, leaving, left };
    moving moving_ = moving::no;        // else the outbox is held for the next server
    clock::time_point move_deadline_{}; // for a byte of the server that is being left
    clock::time_point move_end_{};      // for its PONG
    bool drain_after_move_ = false;
    bool close_after_move_ = false;
    std::shared_ptr<const server_address> destination_;
    std::vector<std::uint64_t> withdrawn_; // positions in the outbox
    std::uint64_t generation_ = 1;         // counts the writer's swaps
    std::uint64_t written_ = 0;            // outbox position that the kernel has accepted
    std::uint64_t streak_ = 0;             // publications since the last suspension
    wait_node* writer_ = nullptr;          // idle
    outgoing* writer_out_ = nullptr;       // its buffer, while it is idle
    direct_writer* direct_ = nullptr;
    bool writing_ = false;
    clock::time_point write_progress_{};
    pong_queue pings_;
    ping_tracker keep_alive_;
    std::uint64_t tickets_ = 0;
    deadline_queue timers_;
    deadline_queue subscription_timers_;
    clock::time_point armed_ = clock::time_point::max();

    wait_list publishers_;
    wait_list offline_publishers_;
    wait_list barriers_; // in the order of their PINGs
    wait_list connect_waiters_;
    wait_list close_waiters_;
    wait_list drain_waiters_;
    wait_list subscription_drains_; // by sid in `ticket`
    wait_list handled_waiters_;     // each a handled_wait
    wait_list pause_;               // the reader
    wait_list lame_duck_waiters_;   // a session's

    request_mux requests_;
    // Made once: where replies come in nothing is to fail.
    const error no_responders_;
    nuid nuid_;
    std::uint64_t inbox_sid_ = 0;
    error inbox_refusal_; // the server does not let us subscribe to it
    subscription_table subscriptions_;
    bool any_leaving_ = false; // an entry of the table without a subscription that has its sid
    std::vector<registration> registrations_;
    std::atomic<bool> has_registrations_{false};

    clock::time_point drain_deadline_ = clock::time_point::max();
    clock::time_point close_deadline_ = clock::time_point::max();
    clock::time_point farewell_deadline_ = clock::time_point::max(); // of the transport's good-bye
    std::size_t drains_pending_ = 0;
    std::vector<std::weak_ptr<subscription_state>> ending_; // with handlers that may not be done
    std::size_t ending_checked_ = 16;                       // at this size those done are dropped

    std::vector<std::weak_ptr<event_queue>> events_;
    conats::statistics statistics_;
    const std::unique_ptr<latency_statistics> latency_; // null: not recorded
    const std::unique_ptr<logger> log_;                 // null: silent
    std::atomic<std::uint64_t> in_messages_{0};
    std::atomic<std::uint64_t> in_bytes_{0};
    std::atomic<std::uint64_t> reads_{0};
    std::atomic<std::uint64_t> read_bytes_{0};
    std::atomic<std::uint64_t> handshake_written_{0};
    std::atomic<std::uint64_t> compacted_{0};

    std::uint64_t reads_seen_ = 0; // at the last tick

    loop_control* control_ = nullptr; // these two on the strand
    timer_control* timekeeper_ = nullptr;
    std::shared_ptr<const ssl_context> kept_tls_; // likewise
};

/// Takes a wait_node out of a connection when the coroutine that holds both goes.
class node_guard {
public:
    node_guard(connection& c, wait_node& n) noexcept : connection_(c), node_(n) {}
    node_guard(const node_guard&) = delete;
    node_guard& operator=(const node_guard&) = delete;
    ~node_guard() { connection_.forget(node_); }

private:
    connection& connection_;
    wait_node& node_;
};

} // namespace impl
} // namespace v0
} // namespace conats
