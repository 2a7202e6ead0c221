// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>

#include <cstddef>

namespace conats {
inline namespace v0 {
namespace impl {

/// How much a failed attempt to connect says of what the user has to mend; higher says more.
[[nodiscard]] int telling_rank(const error_code& code) noexcept;

/// Keeps the most telling one of the failures of a walk through the servers. Pure.
class connect_cause {
public:
    /// Takes the failure of one server; its `server()` is the redacted address. Of two that tell
    /// equally much the first stays.
    void add(error e);

    /// The error to report: code, text and server of the most telling failure and, if several
    /// servers were tried, how many. `errc::no_servers` if none was.
    [[nodiscard]] error result() const;

private:
    error best_;
    std::size_t tried_ = 0;
};

} // namespace impl
} // namespace v0
} // namespace conats
