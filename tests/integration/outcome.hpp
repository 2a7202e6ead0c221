// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/run.hpp"

#include <conats/conats.hpp>

namespace conats::test {

/// The outcome of one attempt to connect; the client is closed again.
inline conats::error outcome_of(const conats::connect_options& options) {
    return run([options]() -> asio::awaitable<conats::error> {
        conats::error e;
        auto nc = co_await conats::connect(options, e);
        co_await nc.close();
        co_return e;
    });
}

} // namespace conats::test
