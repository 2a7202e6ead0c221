// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>
#include <conats/fwd.hpp>
#include <conats/headers.hpp>
#include <conats/payload.hpp>

#include <cstdint>
#include <memory>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// A message on its way out, borrowed.
struct publication {
    std::string_view subject;
    std::string_view reply;
    const conats::headers* headers = nullptr;
    payload_view payload;
    const owned_payload* owned = nullptr; ///< `payload`, if it may be kept instead of copied
    /// Of a request: where to put what the publish hook wants kept until its end.
    std::shared_ptr<observed_operation>* operation = nullptr;
};

[[nodiscard]] inline headers_view headers_of(const publication& p) {
    return p.headers == nullptr ? headers_view() : p.headers->view();
}

/// What became of it.
struct publish_result {
    error failure;
    std::uint64_t generation = 0; ///< of the buffer that it is in
    std::uint64_t begin = 0;      ///< its position in the outbox
    bool must_wait = false;       ///< above the high-water mark
    bool is_offline = false;      ///< accepted, to be sent once there is a connection
    bool must_yield = false;      ///< give others a turn
};

} // namespace impl
} // namespace v0
} // namespace conats
