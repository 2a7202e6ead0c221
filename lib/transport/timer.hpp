// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/time_source.hpp"

#include <conats/export.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

namespace asio = boost::asio;

class timer;

/// A time that a test sets, as a service of an execution context: who connects in the context
/// afterwards lives by it. For a context that one thread runs. Exported, as what else
/// conats::testing uses of this file.
class CONATS_EXPORT manual_time final : public asio::execution_context::service,
                                        public time_source {
public:
    inline static asio::execution_context::id id; // what Asio looks for

    explicit manual_time(asio::execution_context& owner, clock::time_point start = clock::now());
    /// The context's, which is made if there is none.
    static manual_time& of(asio::execution_context& context);
    void shutdown() override {}

    [[nodiscard]] clock::time_point now() const noexcept override { return now_; }
    /// When the next timer expires; `time_point::max()` if none waits.
    [[nodiscard]] clock::time_point next_deadline() const noexcept;
    /// Never goes back. Resumes what waits for a time up to `t`.
    void advance_to(clock::time_point t);

private:
    friend class timer;
    std::vector<timer*> waiting_; // few: a handful per connection
    clock::time_point now_;
};

/// The manual time of the executor's context, if it has one, else the system's.
[[nodiscard]] CONATS_EXPORT const time_source& time_of(const asio::any_io_executor& executor);

/// Resumes at a time. Used on one strand, as an Asio timer.
class CONATS_EXPORT timer {
public:
    using clock = time_source::clock;

    explicit timer(const asio::any_io_executor& executor);
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;
    ~timer();

    /// Resumes who waits and sets the time for the next wait.
    void expires_at(clock::time_point t);
    /// Resumes who waits.
    void cancel() { timer_.cancel(); }
    [[nodiscard]] bool expired() const noexcept { return time_->now() >= at_; }

    /// Until the time has come or somebody cancels; `expired` tells which.
    asio::awaitable<void> wait() { co_await timer_.async_wait(asio::as_tuple(asio::deferred)); }
    /// Calls `f()` when the time has come or somebody cancels.
    template <class F>
    void async_wait(F f) {
        timer_.async_wait([f = std::move(f)](const error_code_type& /*ec*/) mutable { f(); });
    }

private:
    friend class manual_time;
    using error_code_type = boost::system::error_code;

    asio::steady_timer timer_;
    const time_source* time_;
    manual_time* manual_; // then the Asio timer never expires and is cancelled when it is time
    clock::time_point at_ = clock::time_point::max();
};

} // namespace impl
} // namespace v0
} // namespace conats
