// SPDX-License-Identifier: Apache-2.0
#include "engine/strand.hpp"

#include "transport/patient_executor.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

template <class Executor>
using tracked = decltype(asio::require(std::declval<const Executor&>(),
                                       asio::execution::outstanding_work.tracked));

/// Calls `f` with the executor within `ex`, bare or in a strand, if it is an `Executor`.
template <class Executor, class F>
bool try_kind(const asio::any_io_executor& ex, F& f) {
    if (const auto* plain = ex.target<Executor>()) {
        f(*plain);
        return true;
    }
    if (const auto* strand = ex.target<asio::strand<Executor>>()) {
        f(strand->get_inner_executor());
        return true;
    }
    return false;
}

/// The same for all kinds that are known.
template <class F>
bool try_kinds(const asio::any_io_executor& ex, F f) {
    using io = asio::io_context::executor_type;
    using pool = asio::thread_pool::executor_type;
    return try_kind<io>(ex, f) || try_kind<tracked<io>>(ex, f) || try_kind<pool>(ex, f) ||
           try_kind<tracked<pool>>(ex, f);
}

} // namespace

asio::any_io_executor make_engine_strand(const asio::any_io_executor& ex) {
    asio::any_io_executor strand;
    // A sibling of the user's own strand, if that is one: user code must not hold up the loops.
    if (!try_kinds(ex, [&](const auto& e) { strand = asio::make_strand(patient_executor(e)); }))
        strand = asio::make_strand(patient_executor(ex));
    return strand;
}

bool is_run_here(const asio::any_io_executor& ex) noexcept {
    bool result = false;
    (void)try_kinds(ex, [&](const auto& e) { result = e.running_in_this_thread(); });
    return result;
}

} // namespace impl
} // namespace v0
} // namespace conats
