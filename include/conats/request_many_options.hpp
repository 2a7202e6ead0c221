// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/export.hpp>
#include <conats/fwd.hpp>
#include <conats/headers.hpp>
#include <conats/time_limit.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

namespace conats {
inline namespace v0 {

/// When the gathering of replies ends: at the first of these that applies. Made implicitly from a
/// duration, which is the timeout: `nc.request_many("who", "", 500ms)`.
class CONATS_EXPORT request_many_options {
public:
    request_many_options();
    template <class Rep, class Period>
    // NOLINTNEXTLINE(google-explicit-constructor): a duration is its timeout
    request_many_options(std::chrono::duration<Rep, Period> t) : request_many_options() {
        timeout(t);
    }
    request_many_options(const request_many_options&);
    request_many_options(request_many_options&&) noexcept;
    request_many_options& operator=(const request_many_options&);
    request_many_options& operator=(request_many_options&&) noexcept;
    ~request_many_options();

    /// How long replies are gathered at most, counted from the call. Default: the client's
    /// `request_timeout` (5 s). Zero or less is `errc::invalid_argument`.
    request_many_options& timeout(time_limit t) {
        timeout_ = t;
        return *this;
    }
    [[nodiscard]] std::optional<std::chrono::nanoseconds> timeout() const noexcept {
        return timeout_;
    }

    /// The longest silence after a reply; the first one has all of the timeout. Counts from the
    /// arrival of the last reply, so that a slow consumer does not end it. Below 1 ms, or not
    /// below the timeout, it is as if not given. Default: not given.
    request_many_options& stall(time_limit t) {
        stall_ = t;
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds stall() const noexcept { return stall_; }

    /// How many replies are gathered. Default 0: any number.
    request_many_options& max_messages(std::uint64_t n) {
        max_messages_ = n;
        return *this;
    }
    [[nodiscard]] std::uint64_t max_messages() const noexcept { return max_messages_; }

    /// Called with each reply, by `next()`; where it returns true, the reply says that there are
    /// no more, and is not delivered. (For a last reply with content: take it, and stop.) What it
    /// throws, `next()` throws.
    request_many_options& sentinel(std::function<bool(const message&)> is_last) {
        sentinel_ = std::move(is_last);
        return *this;
    }
    /// The usual sentinel: a reply with an empty payload.
    request_many_options& sentinel_is_empty();
    /// What says which reply is the last; empty: nothing does.
    [[nodiscard]] const std::function<bool(const message&)>& sentinel() const noexcept {
        return sentinel_;
    }

    /// Headers of the request, copied.
    request_many_options& headers(conats::headers h) {
        headers_ = std::move(h);
        return *this;
    }
    [[nodiscard]] const conats::headers& headers() const noexcept { return headers_; }

private:
    std::optional<std::chrono::nanoseconds> timeout_;
    std::chrono::nanoseconds stall_{0};
    std::uint64_t max_messages_ = 0;
    std::function<bool(const message&)> sentinel_;
    conats::headers headers_;
};

} // namespace v0
} // namespace conats
