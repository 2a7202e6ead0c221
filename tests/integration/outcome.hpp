// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/run.hpp"

#include <conats/conats.hpp>

#include <sstream>
#include <string>

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

/// All that an error can be asked for.
inline std::string all_of(const conats::error& e) {
    std::ostringstream out;
    out << e << e.what() << e.text() << e.subject() << e.server() << e.code() << e.code().message()
        << conats::system_error(e).what();
    return out.str();
}

} // namespace conats::test
