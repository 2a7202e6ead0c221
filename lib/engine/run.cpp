// SPDX-License-Identifier: Apache-2.0
#include "engine/run.hpp"

#include "engine/connect_walk.hpp"
#include "engine/connection.hpp"
#include "engine/session.hpp"

#include <exception>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

asio::awaitable<error> connect_and_serve(const std::shared_ptr<connection>& c) {
    connect_walk walk(*c);
    error e = co_await walk.connect();
    if (e)
        co_return e;
    session s(*c, walk.release_stream(), walk.release_input());
    e = co_await s.serve();
    co_return e;
}

// The guard is a parameter, so that it also goes with a frame that was never started.
asio::awaitable<void> run(std::shared_ptr<connection> c, abandon_guard guard) {
    error cause;
    try {
        cause = co_await connect_and_serve(c);
    } catch (const std::exception& e) {
        cause = error(errc::disconnected, e.what());
    } catch (...) {
        cause = error(errc::disconnected, "something was thrown that is no std::exception");
    }
    c->finish(cause ? cause : error(errc::closed));
    guard.dismiss();
}

} // namespace

asio::awaitable<void> run(std::shared_ptr<connection> c) {
    abandon_guard guard(c);
    return run(std::move(c), std::move(guard));
}

} // namespace impl
} // namespace v0
} // namespace conats
