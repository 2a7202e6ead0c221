// SPDX-License-Identifier: Apache-2.0
#include <conats/stream.hpp>

namespace conats {
inline namespace v0 {

stream::~stream() = default;

asio::awaitable<void> stream::wait_readable(error_code& ec) {
    ec.clear();
    co_return;
}

asio::awaitable<void> stream::shutdown() {
    co_return;
}

std::string stream::local_address() const {
    return {};
}

std::string stream::remote_address() const {
    return {};
}

tls_info stream::tls() const {
    return {};
}

} // namespace v0
} // namespace conats
