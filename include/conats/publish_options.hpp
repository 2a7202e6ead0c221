// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/export.hpp>
#include <conats/headers.hpp>
#include <conats/time_limit.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace conats {
inline namespace v0 {

/// What a message carries beside subject and payload. A value; each setter returns `*this`.
class CONATS_EXPORT publish_options {
public:
    publish_options();
    publish_options(const publish_options&);
    publish_options(publish_options&&) noexcept;
    publish_options& operator=(const publish_options&);
    publish_options& operator=(publish_options&&) noexcept;
    ~publish_options();

    /// The subject that answers go to; empty (default): none.
    publish_options& reply(std::string_view subject) {
        reply_ = subject;
        return *this;
    }
    [[nodiscard]] const std::string& reply() const noexcept { return reply_; }

    /// Headers, copied; empty (default): none. Needs a server that supports them (≥ 2.2).
    publish_options& headers(conats::headers h) {
        headers_ = std::move(h);
        return *this;
    }
    publish_options& headers(headers_view h) {
        headers_ = conats::headers(h);
        return *this;
    }
    [[nodiscard]] const conats::headers& headers() const noexcept { return headers_; }

    /// How long `publish` waits for room above the high-water mark before it reports `timeout`
    /// (the message stays accepted). Zero (default): until there is room. Under
    /// `offline_policy::wait` also how long it waits for a connection, after which it is taken
    /// back; zero: the client's `offline_timeout`.
    publish_options& timeout(time_limit t) {
        timeout_ = t;
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds timeout() const noexcept { return timeout_; }

private:
    std::string reply_;
    conats::headers headers_;
    std::chrono::nanoseconds timeout_{0};
};

} // namespace v0
} // namespace conats
