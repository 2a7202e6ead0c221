// SPDX-License-Identifier: Apache-2.0
#include "protocol/header_codec.hpp"
#include "support/chunk_pool.hpp"

#include <conats/message.hpp>

#include <cstring>

namespace conats {
inline namespace v0 {

namespace {

impl::header_block decode(const impl::record& r) {
    if (r.header_size == 0)
        return {};
    return impl::decode_header_block({r.header(), r.header_size});
}

} // namespace

std::span<const std::byte> message::payload() const noexcept {
    return std::as_bytes(std::span(text().data(), text().size()));
}

headers_view message::headers() const noexcept {
    return headers_view(decode(record_).lines);
}

message_status message::status() const noexcept {
    const impl::header_block block = decode(record_);
    return {block.status, block.description};
}

message message::detach() const {
    if (record_.memory == nullptr)
        return {};
    const std::size_t size =
        std::size_t{record_.body_offset} + record_.header_size + record_.payload_size;
    impl::chunk* own = impl::make_chunk(size, impl::as_chunk(record_.memory)->owner);
    std::memcpy(own->data(), record_.subject(), size);
    impl::record copy = record_;
    copy.memory = own;
    copy.subject(own->data());
    return message(copy);
}

} // namespace v0
} // namespace conats
