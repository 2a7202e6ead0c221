// SPDX-License-Identifier: Apache-2.0
#include <conats/subscribe_options.hpp>

namespace conats {
inline namespace v0 {

subscribe_options::subscribe_options() = default;
subscribe_options::subscribe_options(const subscribe_options&) = default;
subscribe_options::subscribe_options(subscribe_options&&) noexcept = default;
subscribe_options& subscribe_options::operator=(const subscribe_options&) = default;
subscribe_options& subscribe_options::operator=(subscribe_options&&) noexcept = default;
subscribe_options::~subscribe_options() = default;

} // namespace v0
} // namespace conats
