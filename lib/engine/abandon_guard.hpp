// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connection.hpp"

#include <memory>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

/// Ends a connection whose context is destroyed, or for whose loops Asio finds no memory: dies with
/// the frame of a loop when nobody has called `dismiss`. It is a parameter of the loop's coroutine,
/// so that it also goes with a frame that was never started.
class abandon_guard {
public:
    explicit abandon_guard(std::shared_ptr<connection> c) noexcept : connection_(std::move(c)) {}
    abandon_guard(const abandon_guard&) = delete;
    abandon_guard& operator=(const abandon_guard&) = delete;
    abandon_guard(abandon_guard&&) noexcept = default;
    ~abandon_guard() {
        if (connection_)
            connection_->abandon();
    }
    /// One for another loop of the same connection.
    [[nodiscard]] abandon_guard another() const noexcept { return abandon_guard(connection_); }
    void dismiss() noexcept { connection_.reset(); }

private:
    std::shared_ptr<connection> connection_;
};

/// For how long a loop can be reached.
class control_scope {
public:
    control_scope(connection& c, loop_control& l) noexcept : connection_(c) { c.control(&l); }
    control_scope(const control_scope&) = delete;
    control_scope& operator=(const control_scope&) = delete;
    ~control_scope() { connection_.control(nullptr); }

private:
    connection& connection_;
};

} // namespace impl
} // namespace v0
} // namespace conats
