// SPDX-License-Identifier: Apache-2.0
#include <conats/server_info.hpp>

namespace conats {
inline namespace v0 {

server_info::server_info() = default;
server_info::server_info(const server_info&) = default;
server_info::server_info(server_info&&) noexcept = default;
server_info& server_info::operator=(const server_info&) = default;
server_info& server_info::operator=(server_info&&) noexcept = default;
server_info::~server_info() = default;

} // namespace v0
} // namespace conats
