// SPDX-License-Identifier: Apache-2.0
#include "values/secret_access.hpp"

#include <cstring>
#include <ostream>
#include <utility>

namespace conats {
inline namespace v0 {

namespace impl {

secret secret_access::allocate(std::size_t size) {
    secret made;
    if (size != 0) {
        made.data_ = new char[size]();
        made.size_ = size;
    }
    return made;
}

} // namespace impl

secret::secret(std::string_view text) : secret(impl::secret_access::allocate(text.size())) {
    if (!text.empty()) {
        std::memcpy(data_, text.data(), text.size());
    }
}

secret::secret(const secret& other) : secret(other.reveal()) {}

secret::secret(secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

secret& secret::operator=(const secret& other) {
    return *this = secret(other);
}

secret& secret::operator=(secret&& other) noexcept {
    if (this != &other) {
        wipe();
        data_ = std::exchange(other.data_, nullptr);
        size_ = std::exchange(other.size_, 0);
    }
    return *this;
}

secret::~secret() {
    wipe();
}

bool secret::equal(const secret& a, const secret& b) noexcept {
    unsigned difference = a.size_ == b.size_ ? 0U : 1U;
    const std::size_t size = a.size_ < b.size_ ? a.size_ : b.size_;
    for (std::size_t i = 0; i != size; ++i) {
        difference |= static_cast<unsigned>(static_cast<unsigned char>(a.data_[i] ^ b.data_[i]));
    }
    return difference == 0;
}

void secret::wipe() noexcept {
    impl::wipe(data_, size_);
    delete[] data_;
    data_ = nullptr;
    size_ = 0;
}

std::ostream& operator<<(std::ostream& os, const secret& /*s*/) {
    return os << "***";
}

} // namespace v0
} // namespace conats
