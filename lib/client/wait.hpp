// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/waiter.hpp"

#include <conats/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

namespace conats {
inline namespace v0 {
namespace impl {

/// Reports an error as the caller wished: into `out`, or thrown if that is null. A cancellation
/// is always thrown, as Asio's own.
inline void report(const error& e, error* out) {
    if (e.code() == asio::error::operation_aborted)
        throw boost::system::system_error(e.code());
    if (out != nullptr)
        *out = e;
    else if (e)
        throw conats::system_error(e);
}

inline asio::awaitable<void> fail(error e, error* out) {
    report(e, out);
    co_return;
}

inline error aborted() {
    return error(asio::error::make_error_code(asio::error::operation_aborted));
}

/// After a suspension: whether the coroutine was cancelled meanwhile. It must then take nothing.
inline bool is_cancelled(const asio::cancellation_state& s) noexcept {
    return s.cancelled() != asio::cancellation_type::none;
}

/// Gives others on the executor a turn.
inline asio::awaitable<void> yield() {
    const auto executor = co_await asio::this_coro::executor;
    co_await asio::post(executor, asio::deferred);
}

} // namespace impl
} // namespace v0
} // namespace conats
