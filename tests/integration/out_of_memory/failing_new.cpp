// SPDX-License-Identifier: Apache-2.0
// Under a sanitizer, which owns malloc: allocations by `operator new` fail when they are to.
#include "support/allocation_counter.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

// The sanitizer's operators are replaced, not those that ask the malloc of allocation_counter.cpp.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

namespace {

constexpr std::size_t usual = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

void* try_to_allocate(std::size_t size, std::size_t alignment) noexcept {
    if (conats::test::allocation_fails(size))
        return nullptr;
    void* block = nullptr;
    if (::posix_memalign(&block, alignment < usual ? usual : alignment, size == 0 ? 1 : size) != 0)
        return nullptr;
    return block;
}

void* allocate(std::size_t size, std::size_t alignment) {
    void* const block = try_to_allocate(size, alignment);
    if (block == nullptr)
        throw std::bad_alloc();
    return block;
}

} // namespace

void* operator new(std::size_t size) {
    return allocate(size, usual);
}
void* operator new[](std::size_t size) {
    return allocate(size, usual);
}
void* operator new(std::size_t size, std::align_val_t a) {
    return allocate(size, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t size, std::align_val_t a) {
    return allocate(size, static_cast<std::size_t>(a));
}
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
    return try_to_allocate(size, usual);
}
void* operator new[](std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
    return try_to_allocate(size, usual);
}
void* operator new(std::size_t size, std::align_val_t a, const std::nothrow_t& /*tag*/) noexcept {
    return try_to_allocate(size, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t size, std::align_val_t a, const std::nothrow_t& /*tag*/) noexcept {
    return try_to_allocate(size, static_cast<std::size_t>(a));
}
void operator delete(void* block) noexcept {
    std::free(block);
}
void operator delete[](void* block) noexcept {
    std::free(block);
}
void operator delete(void* block, std::size_t /*size*/) noexcept {
    std::free(block);
}
void operator delete[](void* block, std::size_t /*size*/) noexcept {
    std::free(block);
}
void operator delete(void* block, std::align_val_t /*a*/) noexcept {
    std::free(block);
}
void operator delete[](void* block, std::align_val_t /*a*/) noexcept {
    std::free(block);
}
void operator delete(void* block, std::size_t /*size*/, std::align_val_t /*a*/) noexcept {
    std::free(block);
}
void operator delete[](void* block, std::size_t /*size*/, std::align_val_t /*a*/) noexcept {
    std::free(block);
}
void operator delete(void* block, const std::nothrow_t& /*tag*/) noexcept {
    std::free(block);
}
void operator delete[](void* block, const std::nothrow_t& /*tag*/) noexcept {
    std::free(block);
}
void operator delete(void* block, std::align_val_t /*a*/, const std::nothrow_t& /*tag*/) noexcept {
    std::free(block);
}
void operator delete[](void* block, std::align_val_t /*a*/,
                       const std::nothrow_t& /*tag*/) noexcept {
    std::free(block);
}

#endif
