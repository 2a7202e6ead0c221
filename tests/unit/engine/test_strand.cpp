// SPDX-License-Identifier: Apache-2.0
#include "engine/strand.hpp"
#include "support/catch.hpp"
#include "transport/patient_executor.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <future>
#include <string>
#include <utility>

namespace {

namespace asio = boost::asio;
using asio::any_io_executor;
using conats::impl::make_engine_strand;
using io = asio::io_context::executor_type;
using pool = asio::thread_pool::executor_type;

template <class Executor>
auto tracked(const Executor& ex) {
    return asio::require(ex, asio::execution::outstanding_work.tracked);
}
template <class Executor>
using tracked_of = decltype(tracked(std::declval<const Executor&>()));

/// Whether the strand for `ex` is built on an `Inner` and lies on the context of `ex`.
template <class Inner>
bool is_built_on(const any_io_executor& ex) {
    const any_io_executor strand = make_engine_strand(ex);
    return strand.target<asio::strand<conats::impl::patient_executor<Inner>>>() != nullptr &&
           &asio::query(strand, asio::execution::context) ==
               &asio::query(ex, asio::execution::context);
}

} // namespace

TEST_CASE("engine strand is built on the concrete type of an io_context's executors") {
    asio::io_context context;
    const auto ex = context.get_executor();
    CHECK(is_built_on<io>(ex));
    CHECK(is_built_on<io>(asio::make_strand(ex)));
    CHECK(is_built_on<tracked_of<io>>(tracked(ex)));
    CHECK(is_built_on<tracked_of<io>>(asio::make_strand(tracked(ex))));
}

TEST_CASE("engine strand is built on the concrete type of a thread_pool's executors") {
    asio::thread_pool context(1);
    const auto ex = context.get_executor();
    CHECK(is_built_on<pool>(ex));
    CHECK(is_built_on<pool>(asio::make_strand(ex)));
    CHECK(is_built_on<tracked_of<pool>>(tracked(ex)));
    CHECK(is_built_on<tracked_of<pool>>(asio::make_strand(tracked(ex))));
}

TEST_CASE("engine strand works around an executor of any other kind") {
    asio::io_context context;
    const any_io_executor erased = context.get_executor();
    CHECK(is_built_on<io>(erased)); // what is inside counts
    CHECK(is_built_on<any_io_executor>(asio::make_strand(erased)));

    const any_io_executor system = asio::system_executor();
    CHECK(is_built_on<any_io_executor>(system));
    std::promise<std::string> done;
    asio::post(make_engine_strand(system), [&] { done.set_value("ran"); });
    CHECK(done.get_future().get() == "ran");
}

TEST_CASE("engine strand is not the user's own, and no two connections share one") {
    asio::io_context context;
    const auto users = asio::make_strand(context);
    const any_io_executor first = make_engine_strand(users);
    const any_io_executor second = make_engine_strand(users);
    CHECK(first != second);

    // User code in its strand does not hold up the engine: on this one thread, the engine's work
    // runs from within it.
    bool inside = false;
    std::string order;
    asio::post(users, [&] {
        asio::post(first, [&] { order += inside ? "in" : "after"; });
        inside = true;
        context.poll_one();
        inside = false;
    });
    context.run();
    CHECK(order == "in");
}

TEST_CASE("engine strand runs what is posted to it in order") {
    asio::io_context context;
    const any_io_executor strand = make_engine_strand(context.get_executor());
    std::string order;
    for (const char name : std::string("abc"))
        asio::post(strand, [&order, name] { order += name; });
    context.run();
    CHECK(order == "abc");
}

TEST_CASE("engine strand on a tracked executor keeps its context at work while it lives") {
    asio::io_context context;
    any_io_executor strand = make_engine_strand(tracked(context.get_executor()));
    context.poll();
    CHECK_FALSE(context.stopped());
    strand = {};
    context.poll();
    CHECK(context.stopped());
}
