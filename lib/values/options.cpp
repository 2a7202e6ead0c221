// SPDX-License-Identifier: Apache-2.0
#include <conats/publish_options.hpp>
#include <conats/request_options.hpp>

namespace conats {
inline namespace v0 {

publish_options::publish_options() = default;
publish_options::publish_options(const publish_options&) = default;
publish_options::publish_options(publish_options&&) noexcept = default;
publish_options& publish_options::operator=(const publish_options&) = default;
publish_options& publish_options::operator=(publish_options&&) noexcept = default;
publish_options::~publish_options() = default;

request_options::request_options() = default;
request_options::request_options(const request_options&) = default;
request_options::request_options(request_options&&) noexcept = default;
request_options& request_options::operator=(const request_options&) = default;
request_options& request_options::operator=(request_options&&) noexcept = default;
request_options::~request_options() = default;

} // namespace v0
} // namespace conats
