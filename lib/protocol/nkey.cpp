// SPDX-License-Identifier: Apache-2.0
#include "protocol/nkey.hpp"

#include "support/ascii.hpp"
#include "values/secret_access.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <memory>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

constexpr std::uint8_t seed_prefix = 18 << 3; // S
constexpr std::size_t checksum_size = 2;
constexpr std::size_t public_bytes = 1 + nkey_size + checksum_size; // 56 characters
constexpr std::size_t seed_bytes = 2 + nkey_size + checksum_size;   // 58 characters

constexpr std::size_t base32_size(std::size_t bytes) noexcept {
    return (bytes * 8 + 4) / 5;
}

const unsigned char* bytes_of(std::string_view text) noexcept {
    // OpenSSL's bytes are unsigned
    return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(char* text) noexcept {
    // OpenSSL's bytes are unsigned
    return reinterpret_cast<unsigned char*>(text);
}

/// CRC-16/XMODEM.
std::uint16_t checksum(const unsigned char* bytes, std::size_t size) noexcept {
    unsigned crc = 0;
    for (std::size_t i = 0; i != size; ++i) {
        crc ^= static_cast<unsigned>(bytes[i]) << 8U;
        for (int bit = 0; bit != 8; ++bit) {
            crc = (crc & 0x8000U) != 0 ? (crc << 1U) ^ 0x1021U : crc << 1U;
        }
    }
    return static_cast<std::uint16_t>(crc);
}

/// The bytes of a key or seed on the stack, wiped when they go.
template <std::size_t Size>
class raw_key {
public:
    raw_key() noexcept = default;
    raw_key(const raw_key&) = delete;
    raw_key& operator=(const raw_key&) = delete;
    ~raw_key() { OPENSSL_cleanse(bytes_.data(), Size); }

    unsigned char& operator[](std::size_t i) noexcept { return bytes_[i]; }
    [[nodiscard]] std::string_view part(std::size_t from, std::size_t size) const noexcept {
        // bytes as text
        return {reinterpret_cast<const char*>(bytes_.data()) + from, size};
    }

    void set_checksum() noexcept {
        const unsigned sum = checksum(bytes_.data(), Size - checksum_size);
        bytes_[Size - 2] = static_cast<unsigned char>(sum & 255U);
        bytes_[Size - 1] = static_cast<unsigned char>(sum >> 8U);
    }
    [[nodiscard]] bool checksum_holds() const noexcept {
        const unsigned told = bytes_[Size - 2] | static_cast<unsigned>(bytes_[Size - 1]) << 8U;
        return told == checksum(bytes_.data(), Size - checksum_size);
    }

    /// `to` has room for `base32_size(Size)` characters.
    void encode(char* to) const noexcept {
        std::uint32_t held = 0;
        unsigned count = 0;
        const auto put = [&to](std::uint32_t bits) {
            *to++ = static_cast<char>(bits < 26 ? 'A' + bits : '2' + (bits - 26));
        };
        for (const unsigned char byte : bytes_) {
            held = held << 8U | byte;
            for (count += 8; count >= 5; count -= 5) {
                put(held >> (count - 5) & 31U);
            }
        }
        if (count != 0) {
            put(held << (5 - count) & 31U);
        }
    }

    /// What is wrong, or nullptr. Bits left over have to be 0, so that a key is written one way.
    const char* decode(std::string_view text) noexcept {
        if (text.size() != base32_size(Size)) {
            return text.size() < base32_size(Size) ? "it is too short" : "it is too long";
        }
        std::uint32_t held = 0;
        unsigned count = 0;
        std::size_t at = 0;
        for (const char c : text) {
            const bool letter = c >= 'A' && c <= 'Z';
            if (!letter && (c < '2' || c > '7')) {
                return "it holds a character that is not base32 (A to Z, 2 to 7)";
            }
            held = held << 5U | static_cast<std::uint32_t>(letter ? c - 'A' : c - '2' + 26);
            count += 5;
            if (count >= 8) {
                count -= 8;
                bytes_[at++] = static_cast<unsigned char>(held >> count & 255U);
            }
        }
        const bool canonical = (held & ((1U << count) - 1)) == 0;
        return canonical && checksum_holds() ? nullptr : "its checksum does not match";
    }

private:
    std::array<unsigned char, Size> bytes_{};
};

using key_pointer = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using digest_pointer = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

constexpr const char* no_ed25519 = "OpenSSL cannot use the Ed25519 key";

key_pointer load_private(const secret& key) {
    return {
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(key.reveal()), key.size()),
        &EVP_PKEY_free};
}

const char* not_that_kind(nkey_kind wanted) noexcept {
    switch (wanted) {
    case nkey_kind::account_key: return "it is not one of an account";
    case nkey_kind::operator_key: return "it is not one of an operator";
    case nkey_kind::user_key: return "it is not one of a user";
    default: return "it is one of another kind";
    }
}

std::string_view trim(std::string_view text) noexcept {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t from = text.find_first_not_of(blanks);
    if (from == std::string_view::npos) {
        return {};
    }
    return text.substr(from, text.find_last_not_of(blanks) - from + 1);
}

} // namespace

std::string encode_public_nkey(nkey_kind kind, std::string_view key) {
    raw_key<public_bytes> raw;
    raw[0] = static_cast<std::uint8_t>(kind);
    for (std::size_t i = 0; i != nkey_size; ++i) {
        raw[1 + i] = static_cast<unsigned char>(key[i]);
    }
    raw.set_checksum();
    std::string text(base32_size(public_bytes), '\0');
    raw.encode(text.data());
    return text;
}

secret encode_nkey_seed(nkey_kind kind, const secret& private_key) {
    raw_key<seed_bytes> raw;
    const auto prefix = static_cast<unsigned>(kind);
    raw[0] = static_cast<unsigned char>(seed_prefix | prefix >> 5U);
    raw[1] = static_cast<unsigned char>((prefix & 31U) << 3U);
    for (std::size_t i = 0; i != nkey_size; ++i) {
        raw[2 + i] = static_cast<unsigned char>(private_key.reveal()[i]);
    }
    raw.set_checksum();
    secret text = secret_access::allocate(base32_size(seed_bytes));
    raw.encode(secret_access::data(text));
    return text;
}

const char* check_public_nkey(std::string_view text, nkey_kind kind) noexcept {
    if (text.starts_with('S')) {
        return "it is a seed, which is secret, and no public key";
    }
    raw_key<public_bytes> raw;
    if (const char* const fault = raw.decode(text)) {
        return fault;
    }
    return raw[0] == static_cast<std::uint8_t>(kind) ? nullptr : not_that_kind(kind);
}

const char* nkey_pair::from_seed(std::string_view seed, nkey_kind wanted, nkey_pair& out) {
    seed = trim(seed);
    if (seed.empty()) {
        return "it is empty";
    }
    if (!seed.starts_with('S')) {
        return "it does not begin with S, as a seed does";
    }
    raw_key<seed_bytes> raw;
    if (const char* const fault = raw.decode(seed)) {
        return fault;
    }
    // The kind's five upper bits follow the five of the S: 3 in the first byte, 5 in the second.
    const unsigned kind = (raw[0] & 7U) << 5U | raw[1] >> 3U;
    if ((raw[0] & 248U) != seed_prefix || kind != static_cast<unsigned>(wanted)) {
        return not_that_kind(wanted);
    }
    return from_private(wanted, secret(raw.part(2, nkey_size)), out);
}

const char* nkey_pair::from_private(nkey_kind kind, secret private_key, nkey_pair& out) {
    if (private_key.size() != nkey_size) {
        return "a private key has 32 bytes";
    }
    const key_pointer key = load_private(private_key);
    std::array<char, nkey_size> made{};
    std::size_t size = made.size();
    if (!key || EVP_PKEY_get_raw_public_key(key.get(), bytes_of(made.data()), &size) != 1) {
        return no_ed25519;
    }
    out.public_ = encode_public_nkey(kind, {made.data(), made.size()});
    out.private_ = std::move(private_key);
    return nullptr;
}

const char* nkey_pair::sign(std::string_view message, std::string& out) const {
    const key_pointer key = load_private(private_);
    const digest_pointer digest(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    if (!key || !digest ||
        EVP_DigestSignInit(digest.get(), nullptr, nullptr, nullptr, key.get()) != 1) {
        return no_ed25519;
    }
    std::string signature(nkey_signature_size, '\0');
    std::size_t size = signature.size();
    if (EVP_DigestSign(digest.get(), bytes_of(signature.data()), &size, bytes_of(message),
                       message.size()) != 1 ||
        size != nkey_signature_size) {
        return no_ed25519;
    }
    out = std::move(signature);
    return nullptr;
}

bool verify_nkey(std::string_view public_key, nkey_kind kind, std::string_view message,
                 std::string_view signature) {
    raw_key<public_bytes> raw;
    if (raw.decode(public_key) != nullptr || raw[0] != static_cast<std::uint8_t>(kind)) {
        return false;
    }
    const key_pointer key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr,
                                                      bytes_of(raw.part(1, nkey_size)), nkey_size),
                          &EVP_PKEY_free);
    const digest_pointer digest(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    return key && digest &&
           EVP_DigestVerifyInit(digest.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
           EVP_DigestVerify(digest.get(), bytes_of(signature), signature.size(), bytes_of(message),
                            message.size()) == 1;
}

} // namespace impl
} // namespace v0
} // namespace conats
