// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/wait.hpp"

#include <conats/error.hpp>
#include <conats/hooks.hpp>

#include <memory>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

using operation_pointer = std::shared_ptr<observed_operation>;

/// Tells a hook's operation that it is over, for this reason if it failed.
inline void end_operation(operation_pointer& o, const error& e) {
    if (!o) [[likely]]
        return;
    if (e)
        o->on_error(e);
    o.reset();
}

/// What a hook wants kept of a request. Dropped before its end, nobody waits for the reply.
class kept_operation {
public:
    kept_operation() noexcept = default;
    explicit kept_operation(operation_pointer o) noexcept : operation_(std::move(o)) {}
    kept_operation(kept_operation&&) noexcept = default;
    kept_operation& operator=(kept_operation&&) = delete;
    ~kept_operation() {
        if (operation_) [[unlikely]]
            end(aborted());
    }

    void end(const error& e) { end_operation(operation_, e); }
    /// Where the connection puts it.
    [[nodiscard]] operation_pointer& get() noexcept { return operation_; }

private:
    operation_pointer operation_;
};

} // namespace impl
} // namespace v0
} // namespace conats
