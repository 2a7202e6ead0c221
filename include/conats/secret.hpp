// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/export.hpp>

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {

namespace impl {
struct secret_access;
} // namespace impl

/// A string that is wiped when it is destroyed, assigned or moved from, and that cannot be
/// printed: `operator<<` writes `***`. Comparison takes the same time whatever differs.
///
/// It copies what it is given; wiping the original is the caller's. A program that binds functions
/// when they are first called has the dynamic linker save vector registers on the stack, and with
/// them what a copy has left there: link with `-z now` where that matters.
/// Thread safety: as `std::string`.
class CONATS_EXPORT secret {
public:
    secret() noexcept = default;
    /// Copies the text.
    // NOLINTNEXTLINE(google-explicit-constructor): options that take a secret take text
    secret(std::string_view text);
    /// The same of a literal.
    // NOLINTNEXTLINE(google-explicit-constructor): likewise, a literal
    secret(const char* text) : secret(std::string_view(text)) {}
    /// The same of a string.
    // NOLINTNEXTLINE(google-explicit-constructor): likewise, a string
    secret(const std::string& text) : secret(std::string_view(text)) {}
    secret(const secret& other);
    secret(secret&& other) noexcept;
    secret& operator=(const secret& other);
    secret& operator=(secret&& other) noexcept;
    ~secret();

    /// The text itself; valid until this object changes. Do not log it.
    [[nodiscard]] std::string_view reveal() const noexcept { return {data_, size_}; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; } ///< how many bytes it has
    /// Whether it has none, which stands for "not set".
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    friend bool operator==(const secret& a, const secret& b) noexcept { return equal(a, b); }

private:
    friend struct impl::secret_access;

    static bool equal(const secret& a, const secret& b) noexcept;
    void wipe() noexcept;

    char* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Writes `***`, for an empty one too.
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, const secret& s);

} // namespace v0
} // namespace conats
