// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/outbox.hpp"
#include "protocol/parser.hpp"

#include <conats/connect_options.hpp>
#include <conats/wire_trace.hpp>

#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// Tells a user's hook of the operations that go in and out. What the hook throws is nobody's.
/// A view of the hook, which outlives it.
class wire_tracer {
public:
    explicit wire_tracer(const wire_trace_function& hook) noexcept : hook_(hook) {}

    /// The operation that was just parsed, which begins at `begin`.
    void on_parsed(const parser& p, const char* begin) const noexcept;
    /// All frames of a buffer of which nothing was written yet.
    void on_write(const outgoing& out) const;
    /// An operation of a handshake, without its CRLF; secrets are not in it.
    void on_line(std::string_view line) const noexcept;

private:
    void tell(const wire_operation& o) const noexcept;

    const wire_trace_function& hook_;
};

} // namespace impl
} // namespace v0
} // namespace conats
