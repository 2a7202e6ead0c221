// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>

#include <memory>

namespace conats {
inline namespace v0 {
namespace impl {

/// Why something has ended, small while it has not. Not synchronised.
class end_cause {
public:
    [[nodiscard]] explicit operator bool() const noexcept { return code_ != 0; }
    /// Without memory for its details the code alone is kept; in place of a code that is none of
    /// ours, `no_memory`.
    void set(const error& e) noexcept;
    [[nodiscard]] error get() const;

private:
    static constexpr int other = -1;

    std::unique_ptr<const error> whole_; // where the code does not say all
    int code_ = 0;                       // of errc; `other` for one that is not
};

} // namespace impl
} // namespace v0
} // namespace conats
