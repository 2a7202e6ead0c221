// SPDX-License-Identifier: Apache-2.0
#include <conats/payload.hpp>

namespace conats {
inline namespace v0 {

namespace {

template <class Container>
owned_payload hold(Container bytes) {
    auto block = std::make_shared<const Container>(std::move(bytes));
    const void* const data = block->data();
    const std::size_t size = block->size();
    return {std::move(block), data, size};
}

} // namespace

owned_payload::owned_payload(std::string&& bytes) : owned_payload(hold(std::move(bytes))) {}
owned_payload::owned_payload(std::vector<char>&& bytes) : owned_payload(hold(std::move(bytes))) {}
owned_payload::owned_payload(std::vector<unsigned char>&& bytes)
    : owned_payload(hold(std::move(bytes))) {}
owned_payload::owned_payload(std::vector<std::byte>&& bytes)
    : owned_payload(hold(std::move(bytes))) {}

} // namespace v0
} // namespace conats
