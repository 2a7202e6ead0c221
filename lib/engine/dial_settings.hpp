// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport/dial_options.hpp"

#include <conats/connect_options.hpp>

namespace conats {
inline namespace v0 {
namespace impl {

/// What the options say of dialling, taken apart; without what shuffles. An error is
/// `errc::invalid_options` and names the option.
[[nodiscard]] error make_dial_options(const connect_options& options, dial_options& out);

} // namespace impl
} // namespace v0
} // namespace conats
