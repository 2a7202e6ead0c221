// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connection.hpp"

#include <memory>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

/// Keeps a connection running; shared by the handles of a client.
class lease {
public:
    explicit lease(std::shared_ptr<connection> c) noexcept : connection_(std::move(c)) {}
    lease(const lease&) = delete;
    lease& operator=(const lease&) = delete;
    ~lease() { connection_->release_handle(); }

    [[nodiscard]] connection& get() const noexcept { return *connection_; }
    [[nodiscard]] const std::shared_ptr<connection>& shared() const noexcept { return connection_; }

private:
    std::shared_ptr<connection> connection_;
};

} // namespace impl
} // namespace v0
} // namespace conats
