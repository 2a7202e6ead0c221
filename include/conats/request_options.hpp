// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/export.hpp>
#include <conats/headers.hpp>
#include <conats/time_limit.hpp>

#include <chrono>
#include <optional>
#include <utility>

namespace conats {
inline namespace v0 {

/// How a request is sent. Made implicitly from a duration, which is its timeout:
/// `nc.request("time", "", 500ms)`.
class CONATS_EXPORT request_options {
public:
    request_options();
    template <class Rep, class Period>
    // NOLINTNEXTLINE(google-explicit-constructor): a duration is its timeout
    request_options(std::chrono::duration<Rep, Period> t) : request_options() {
        timeout(t);
    }
    request_options(const request_options&);
    request_options(request_options&&) noexcept;
    request_options& operator=(const request_options&);
    request_options& operator=(request_options&&) noexcept;
    ~request_options();

    /// How long to wait for the reply, counted from the call. Default: the client's
    /// `request_timeout` (5 s). Zero or less is `errc::invalid_argument`.
    request_options& timeout(time_limit t) {
        timeout_ = t;
        return *this;
    }
    [[nodiscard]] std::optional<std::chrono::nanoseconds> timeout() const noexcept {
        return timeout_;
    }

    /// Headers of the request, copied.
    request_options& headers(conats::headers h) {
        headers_ = std::move(h);
        return *this;
    }
    [[nodiscard]] const conats::headers& headers() const noexcept { return headers_; }

private:
    std::optional<std::chrono::nanoseconds> timeout_;
    conats::headers headers_;
};

} // namespace v0
} // namespace conats
