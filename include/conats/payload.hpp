// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/export.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace conats {
inline namespace v0 {

namespace impl {
template <class T>
concept byte_range =
    requires(const T& t) {
        t.size();
        t.data();
    } && (std::is_void_v<std::remove_pointer_t<decltype(std::declval<const T&>().data())>> ||
          sizeof(std::conditional_t<
                 std::is_void_v<std::remove_pointer_t<decltype(std::declval<const T&>().data())>>,
                 char, std::remove_pointer_t<decltype(std::declval<const T&>().data())>>) == 1);
} // namespace impl

/// The bytes of a message to send, borrowed for the duration of the call: the call copies them.
///
/// Made implicitly from a C string (without its NUL), `std::string`, `std::string_view`, and
/// anything whose `data()` and `size()` describe bytes: `std::vector<std::byte>`,
/// `std::span<const char>`, `asio::const_buffer` and the like.
class payload_view {
public:
    constexpr payload_view() noexcept = default;
    payload_view(std::nullptr_t) = delete;
    /// Text, without its NUL.
    // NOLINTNEXTLINE(google-explicit-constructor): text goes where a view of bytes is taken
    constexpr payload_view(const char* text) noexcept
        : data_(text),
          size_(std::char_traits<char>::length(text)) {}
    /// `size` bytes at `data`.
    payload_view(const void* data, std::size_t size) noexcept
        : data_(static_cast<const char*>(data)),
          size_(size) {}
    /// What has bytes at `data()`, `size()` of them.
    template <impl::byte_range T>
    // NOLINTNEXTLINE(google-explicit-constructor): bytes go where a view of them is taken
    payload_view(const T& bytes) noexcept
        : data_(static_cast<const char*>(static_cast<const void*>(bytes.data()))),
          size_(bytes.size()) {}

    /// Where they begin; null where there are none.
    [[nodiscard]] constexpr const char* data() const noexcept { return data_; }
    /// How many there are.
    [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
    /// The bytes as characters.
    [[nodiscard]] constexpr std::string_view text() const noexcept { return {data_, size_}; }

private:
    const char* data_ = nullptr;
    std::size_t size_ = 0;
};

/// The bytes of a message to send, handed over: from 16 KiB on they are written to the socket
/// from where they are, without a copy; below that copying is faster and done.
///
/// Copying an `owned_payload` shares the block, which must not change while it is shared.
class CONATS_EXPORT owned_payload {
public:
    owned_payload() noexcept = default;
    /// Takes a container over.
    explicit owned_payload(std::string&& bytes);
    explicit owned_payload(std::vector<char>&& bytes);
    explicit owned_payload(std::vector<unsigned char>&& bytes);
    explicit owned_payload(std::vector<std::byte>&& bytes);
    /// `size` bytes at `data`, alive as long as `owner`.
    owned_payload(std::shared_ptr<const void> owner, const void* data, std::size_t size) noexcept
        : owner_(std::move(owner)),
          data_(static_cast<const char*>(data)),
          size_(size) {}

    /// Where they begin; null where there are none.
    [[nodiscard]] const char* data() const noexcept { return data_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; } ///< how many there are
    /// What keeps them alive.
    [[nodiscard]] const std::shared_ptr<const void>& owner() const noexcept { return owner_; }

private:
    std::shared_ptr<const void> owner_;
    const char* data_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace v0
} // namespace conats
