// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/secret.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// Whose key it is. The number is the first byte of a public key, which makes its first letter.
enum class nkey_kind : std::uint8_t {
    account_key = 0,        ///< A…
    cluster_key = 2 << 3,   ///< C…
    server_key = 13 << 3,   ///< N…
    operator_key = 14 << 3, ///< O…
    user_key = 20 << 3,     ///< U…
    curve_key = 23 << 3     ///< X…, not for signing
};

inline constexpr std::size_t nkey_size = 32;
inline constexpr std::size_t nkey_signature_size = 64;

/// Base32 with a prefix and a checksum, as keys are written.
std::string encode_public_nkey(nkey_kind kind, std::string_view key);
/// The seed of a key pair; of use to make new ones.
secret encode_nkey_seed(nkey_kind kind, const secret& private_key);

/// What keeps `text` from being a public key of that kind, in words that show nothing of it;
/// nullptr: nothing.
const char* check_public_nkey(std::string_view text, nkey_kind kind) noexcept;

/// An Ed25519 key pair. Empty until it is made of a seed.
class nkey_pair {
public:
    nkey_pair() noexcept = default;

    /// Reads a seed (S, the kind's letter, 56 characters), blanks and line ends around it left
    /// aside. Returns what is wrong with it, in words that show nothing of it, or nullptr; then
    /// `out` is replaced.
    static const char* from_seed(std::string_view seed, nkey_kind wanted, nkey_pair& out);
    /// `private_key` has `nkey_size` bytes.
    static const char* from_private(nkey_kind kind, secret private_key, nkey_pair& out);

    [[nodiscard]] bool empty() const noexcept { return private_.empty(); }
    /// As text, e.g. "UD…".
    [[nodiscard]] const std::string& public_key() const noexcept { return public_; }
    /// Replaces `out` by the signature's `nkey_signature_size` bytes. Returns what failed, in
    /// words, or nullptr.
    const char* sign(std::string_view message, std::string& out) const;

private:
    secret private_;
    std::string public_;
};

/// Whether `signature` is that of `message` by the owner of a public key of that kind.
bool verify_nkey(std::string_view public_key, nkey_kind kind, std::string_view message,
                 std::string_view signature);

} // namespace impl
} // namespace v0
} // namespace conats
