// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>
#include <conats/fwd.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <concepts>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace conats {
inline namespace v0 {

namespace impl {

/// The code of a thrown `boost::system::system_error`; rethrows anything else.
inline error_code code_of(const std::exception_ptr& thrown) {
    if (!thrown)
        return {};
    try {
        std::rethrow_exception(thrown);
    } catch (const boost::system::system_error& e) {
        return e.code();
    }
}

/// What `adapt` hands to `co_spawn`: called on the coroutine's executor, goes to the handler's.
template <class Executor, class Handler>
class adapted_handler {
public:
    adapted_handler(const Executor& executor, Handler handler)
        : work_(asio::make_work_guard(handler, executor)),
          handler_(std::move(handler)) {
        auto slot = asio::get_associated_cancellation_slot(handler_);
        if (slot.is_connected()) {
            relay_ = std::make_shared<relay>(executor);
            slot.template emplace<canceller>(relay_);
        }
    }

    using cancellation_slot_type = asio::cancellation_slot;
    [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept {
        return relay_ != nullptr ? relay_->signal.slot() : asio::cancellation_slot();
    }

    template <class... T>
    void operator()(const std::exception_ptr& thrown, T... value) {
        const error_code code = code_of(thrown);
        relay_.reset();
        asio::dispatch(work_.get_executor(), [handler = std::move(handler_), code,
                                              ... value = std::move(value)]() mutable {
            std::move(handler)(code, std::move(value)...);
        });
    }

private:
    // Takes a cancellation from the thread that emits it to the coroutine's executor, and is gone
    // when the coroutine is. Boost 1.81's own way leaves a pointer to the caller's signal behind.
    struct relay {
        explicit relay(const Executor& ex) : executor(ex) {}
        Executor executor;
        asio::cancellation_signal signal;
    };
    struct canceller {
        explicit canceller(const std::shared_ptr<relay>& r) noexcept : target(r) {}
        void operator()(asio::cancellation_type type) const {
            if (const auto r = target.lock())
                asio::dispatch(r->executor, [r, type] { r->signal.emit(type); });
        }
        std::weak_ptr<relay> target;
    };

    asio::executor_work_guard<asio::associated_executor_t<Handler, Executor>> work_;
    Handler handler_;
    std::shared_ptr<relay> relay_;
};

template <class Executor>
class adapt_initiation {
public:
    using executor_type = Executor;
    explicit adapt_initiation(Executor executor) noexcept : executor_(std::move(executor)) {}
    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }

    template <class Handler, class T>
    void operator()(Handler&& handler, asio::awaitable<T, Executor> a) const {
        using adapted = adapted_handler<Executor, std::decay_t<Handler>>;
        asio::co_spawn(executor_, std::move(a), adapted(executor_, std::forward<Handler>(handler)));
    }

private:
    Executor executor_;
};

template <class T>
struct adapt_signature {
    using type = void(error_code, T);
};
template <>
struct adapt_signature<void> {
    using type = void(error_code);
};

/// A completion token that names its executor: `bind_executor`'s and `yield_context`.
template <class Token, class Executor>
concept token_with_executor = requires(const std::remove_cvref_t<Token>& token) {
    { token.get_executor() } -> std::convertible_to<Executor>;
};

} // namespace impl

/// Makes an Asio operation of an awaitable, for every completion token: callbacks, `use_future`,
/// `deferred`, `as_tuple`, `yield_context`, and `use_awaitable` in coroutines whose executor is of
/// another type. It completes with `void(error_code, T)`, or `void(error_code)` if `T` is void.
///
///     conats::adapt(nc.request("time", ""), nc.get_executor(),
///                   [](conats::error_code e, conats::message reply) { … });
///
/// 1. Spawns the awaitable on `executor`, when the token starts the operation: at once for most,
///    for `deferred` later.
/// 2. Completes on the token's associated executor (default: `executor`), never within the call.
///    After an error the value is a default-constructed `T`.
///
/// A coroutine that returns `asio::awaitable` awaits the awaitable itself: that is cheaper by far.
/// On hot paths without coroutines `client::on`, `try_publish` and `try_next` need no `adapt`.
///
/// Executor: where the awaitable runs, and for a client's ones where they resume. It converts to
/// the awaitable's executor type. The overload without it takes it from a token that names one,
/// by `bind_executor` or as a `yield_context`. The contexts of both executors are kept busy until
/// completion and must outlive it.
/// Ownership: the awaitable is taken over. What it refers to (an `error&`, a vector for
/// `next_batch`) must live until completion.
/// Cancellation: the token's slot cancels the awaitable, which knows `terminal` alone unless it
/// was told otherwise, and completes with `asio::error::operation_aborted`. It may be emitted on
/// any thread, but not while the operation is being started. `executor` must then be a strand or
/// run by one thread.
/// Errors: the code of what the awaitable throws, if that is a `boost::system::system_error` as
/// all of this library's are. The text is lost on the way: await the form with an `error&` where
/// you need it. Any other exception leaves the function that runs `executor`'s context, as if a
/// handler had thrown it, and the token's handler is destroyed without being called.
/// Thread safety: as the awaitable's own; the call may be made from any thread.
template <class T, class AwaitableExecutor, class Executor, class Token>
    requires std::convertible_to<const Executor&, AwaitableExecutor>
auto adapt(asio::awaitable<T, AwaitableExecutor> a, const Executor& executor, Token&& token) {
    return asio::async_initiate<Token, typename impl::adapt_signature<T>::type>(
        impl::adapt_initiation<AwaitableExecutor>(executor), token, std::move(a));
}
template <class T, class AwaitableExecutor, class Token>
    requires impl::token_with_executor<Token, AwaitableExecutor>
auto adapt(asio::awaitable<T, AwaitableExecutor> a, Token&& token) {
    const AwaitableExecutor executor(token.get_executor());
    return adapt(std::move(a), executor, std::forward<Token>(token));
}

} // namespace v0
} // namespace conats
