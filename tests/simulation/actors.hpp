// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "journal.hpp"
#include "model.hpp"
#include "network.hpp"
#include "random_stream.hpp"
#include "schedule.hpp"

#include <conats/conats.hpp>
#include <conats/connect_options.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conats::simulation {

enum class operation_kind : std::uint8_t {
    connect,
    publish,
    subscribe,
    consume,
    gather,
    drain_subscription,
    request,
    flush,
    rtt,
    barrier,
    drain,
    close
};

std::string_view to_string(operation_kind k) noexcept;

/// Something awaited.
struct operation {
    std::size_t index = 0;
    operation_kind kind = operation_kind::connect;
    std::size_t client = 0;
    time_point since;
    time_point deadline = time_point::max(); ///< it has to be over then
    asio::cancellation_signal signal;
    bool is_cancelled = false;
    unsigned completions = 0;
    error result;
    std::size_t messages_before = 0; ///< how many there were when it began
    std::size_t about = 0;           ///< its message, or its interest
    std::uint64_t link = 0;          ///< on which it began; 0: without a connection
};

/// The limit of an operation that has no deadline of its own.
constexpr nanoseconds no_deadline = std::chrono::hours(24);

/// A client and what the schedule has it do.
struct actor {
    std::size_t index = 0;
    client_plan plan;
    std::optional<client> handle;
    std::optional<event_stream> events;
    status seen = status::disconnected; ///< by the last event
    bool is_ending = false;             ///< by our doing
    bool has_failed = false;            ///< to connect
};

/// Carries out what clients do, and checks what comes of it.
class actors {
public:
    actors(asio::io_context& context, network& n, model& m, journal& j, const schedule& s);
    actors(const actors&) = delete;
    actors& operator=(const actors&) = delete;

    void connect_all();
    void carry_out(const step& s);
    /// Ends what the schedule began, in its way.
    void end_all(ending how);
    /// Drops every handle there is.
    void drop_handles();

    [[nodiscard]] std::deque<operation>& operations() noexcept { return operations_; }
    [[nodiscard]] std::deque<actor>& all() noexcept { return actors_; }
    void publish(actor& a, const step& s);
    void flush(actor& a, nanoseconds timeout);
    void consume(interest& i, std::uint32_t mode, nanoseconds rest);

private:
    void carry_out_at_client(actor& a, const step& s);
    void carry_out_at_subscription(actor& a, const step& s);
    void carry_out_in_network(const step& s);
    void carry_out_at_server(const step& s);

    operation& begin(operation_kind k, std::size_t client, nanoseconds limit);
    void over(operation& op, const std::exception_ptr& e);
    void check(operation& op);
    void check_publish(const operation& op);
    void check_request(const operation& op);
    void check_flush(const operation& op);

    template <class T, class F>
    void spawn(operation& op, asio::awaitable<T> a, F then);
    void spawn(operation& op, asio::awaitable<void> a);

    asio::awaitable<void> connect(actor& a);
    asio::awaitable<void> consume_loop(interest& i, std::uint32_t mode, nanoseconds rest);
    asio::awaitable<void> gather_loop(interest& i);
    asio::awaitable<bool> take_some(interest& i, std::uint32_t mode);
    asio::awaitable<void> handle_slowly(interest& i, message m, nanoseconds rest);

    std::size_t new_message(actor& a, const step& s, std::string subject);
    publish_options options_for(std::size_t number);
    /// Whether the call accepted it; says so to the model.
    bool note_accepted(actor& a, std::size_t number, std::uint64_t before);
    void try_publish(actor& a, const step& s);
    void burst(actor& a, const step& s);
    void request(actor& a, const step& s);
    void request_many(actor& a, const step& s);
    void subscribe(actor& a, const step& s);
    void handle(actor& a, const step& s);
    interest* new_interest(actor& a, const step& s, interest_kind k, subscribe_options& o);
    void drop_subscriptions(const actor& a);
    void limit(interest& i, const step& s);
    void on_message(interest& i, const message& m);
    void close(actor& a);
    void cancel(const step& s);
    interest* pick(const actor& a, const step& s);
    [[nodiscard]] connect_options options_of(const actor& a);

    asio::io_context& context_;
    network& network_;
    model& model_;
    journal& journal_;
    std::deque<actor> actors_;
    std::deque<operation> operations_;
};

template <class T, class F>
void actors::spawn(operation& op, asio::awaitable<T> a, F then) {
    asio::co_spawn(context_, std::move(a),
                   asio::bind_cancellation_slot(
                       op.signal.slot(), [this, &op, then](std::exception_ptr e, T result) mutable {
                           if (!e)
                               then(std::move(result));
                           over(op, e);
                       }));
}

} // namespace conats::simulation
