// SPDX-License-Identifier: Apache-2.0
#include "engine/strand.hpp"

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

template <class Executor>
bool try_kind(const asio::any_io_executor& ex, asio::any_io_executor& out) {
    if (const auto* plain = ex.target<Executor>()) {
        out = asio::make_strand(*plain);
        return true;
    }
    if (const auto* strand = ex.target<asio::strand<Executor>>()) {
        // A sibling, not the user's own strand: user code must not hold up the loops.
        out = asio::make_strand(strand->get_inner_executor());
        return true;
    }
    return false;
}

template <class... Executors>
bool try_kinds(const asio::any_io_executor& ex, asio::any_io_executor& out) {
    return (try_kind<Executors>(ex, out) || ...);
}

} // namespace

asio::any_io_executor make_engine_strand(const asio::any_io_executor& ex) {
    using io = asio::io_context::executor_type;
    using pool = asio::thread_pool::executor_type;
    asio::any_io_executor strand;
    if (!try_kinds<io, tracked<io>, pool, tracked<pool>>(ex, strand))
        strand = asio::make_strand(ex);
    return strand;
}

} // namespace impl
} // namespace v0
} // namespace conats
