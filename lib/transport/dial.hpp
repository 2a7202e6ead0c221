// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport/attempt_recorder.hpp"
#include "transport/dial_options.hpp"
#include "transport/patient_executor.hpp"
#include "transport/server_address.hpp"
#include "transport/timer.hpp"

#include <conats/error.hpp>
#include <conats/stream.hpp>
#include <conats/transport.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

/// One attempt to reach one server, all of it under one deadline. Used on the engine's strand;
/// held by the frame of the coroutine that makes the attempt, and by handlers in the context.
///
/// `stop()` and the deadline close the stream and end every wait at once, also those that
/// cannot be cancelled (the system's resolver, a provider that does not listen): their results
/// come to nobody.
class dial_attempt : public std::enable_shared_from_this<dial_attempt> {
public:
    using clock = std::chrono::steady_clock;

    /// `owner` keeps the functions of the user alive, whose coroutines may outlive the attempt.
    dial_attempt(const asio::any_io_executor& strand, std::shared_ptr<const void> owner);

    void start(clock::time_point deadline);
    /// Whom to tell which phase begins; outlives the calls below.
    void record_to(attempt_recorder& r) noexcept { recorder_ = &r; }
    /// No longer needed: the deadline is off.
    void finish();
    void stop();
    [[nodiscard]] bool expired() const noexcept { return expired_; }
    [[nodiscard]] bool stopped() const noexcept { return stopped_; }
    [[nodiscard]] clock::time_point deadline() const noexcept { return deadline_; }

    /// Connects to the server over TCP, through the proxy if there is one, which then resolves
    /// its name. `options` outlives the attempt's use; `user_executor` is where its resolver runs.
    asio::awaitable<error> connect(const server_address& server, const dial_options& options,
                                   asio::any_io_executor user_executor);

    /// Lets the user's factory make the stream. `target` says all but the deadline and the
    /// executor of the stream.
    asio::awaitable<error> make_stream(const stream_factory& factory, transport_target target,
                                       asio::any_io_executor user_executor);

    [[nodiscard]] conats::stream& stream() noexcept { return *stream_; }
    [[nodiscard]] std::unique_ptr<conats::stream> release_stream() noexcept {
        return std::move(stream_);
    }
    /// Takes a stream in place of the one released, which may be within it. Nothing may be awaited
    /// between the two: the deadline closes what is here.
    void replace_stream(std::unique_ptr<conats::stream> s) noexcept;

    /// Runs a coroutine of the user on its executor and waits for it, but not beyond the
    /// deadline; then it is cancelled and left alone. Rethrows what it throws. `T()` if the
    /// attempt ended first.
    template <class T>
    asio::awaitable<T> await_user(asio::any_io_executor executor, asio::awaitable<T> operation) {
        struct result {
            T value{};
            std::exception_ptr failure;
            bool done = false;
            // Here, since a coroutine that does not listen may outlive the attempt.
            asio::cancellation_signal cancel;
        };
        const auto r = std::make_shared<result>();
        // Its own strand, since it is cancelled from another thread than the one it may run on.
        const auto own = asio::make_strand(patient_executor(executor));
        auto on_done = [r, self = shared_from_this()](std::exception_ptr e, T value) {
            r->failure = std::move(e);
            r->value = std::move(value);
            r->done = true;
            self->open_gate();
        };
        auto on_strand = asio::bind_executor(
            strand_, asio::bind_cancellation_slot(r->cancel.slot(), std::move(on_done)));
        asio::co_spawn(own, std::move(operation), std::move(on_strand));
        while (!r->done && !ended())
            co_await wait_at_gate();
        if (!r->done)
            asio::post(own, [r] { r->cancel.emit(asio::cancellation_type::terminal); });
        if (r->failure)
            std::rethrow_exception(r->failure);
        co_return std::move(r->value);
    }

private:
    using endpoints = std::vector<asio::ip::tcp::endpoint>;

    [[nodiscard]] bool ended() const noexcept { return expired_ || stopped_; }
    void enter(connect_phase p) const noexcept;
    /// Resolves and connects, each address within its share of the time that is left.
    asio::awaitable<error> connect_directly(const server_address& server,
                                            const dial_options& options,
                                            asio::any_io_executor user_executor);
    asio::awaitable<error> resolve(const server_address& server, const host_resolver& resolver,
                                   asio::any_io_executor user_executor, endpoints& out);
    asio::awaitable<error> resolve_by_system(const server_address& server, endpoints& out);
    asio::awaitable<error> resolve_by_user(const server_address& server,
                                           const host_resolver& resolver,
                                           asio::any_io_executor user_executor, endpoints& out);
    asio::awaitable<error> connect_one(asio::ip::tcp::endpoint to, const socket_settings& settings,
                                       clock::time_point until);
    asio::awaitable<error> pass_proxy(const server_address& server, const proxy_address& proxy);
    asio::awaitable<error> write_all(secret bytes);
    /// Returns when the gate opens or at `until`.
    asio::awaitable<void> wait_at_gate(clock::time_point until = clock::time_point::max());
    void open_gate() { gate_.cancel(); }
    void end();

    const std::shared_ptr<const void> owner_;
    asio::any_io_executor strand_;
    std::unique_ptr<conats::stream> stream_;
    const time_source& time_;
    attempt_recorder* recorder_ = nullptr;
    timer deadline_timer_;
    timer gate_; // never expires: cancelled to resume who waits at it
    clock::time_point deadline_{};
    bool finished_ = false;
    bool expired_ = false;
    bool stopped_ = false;
};

} // namespace impl
} // namespace v0
} // namespace conats
