// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace conats::test {

/// What this process holds at the moment.
[[nodiscard]] std::size_t open_descriptors();
/// ThreadSanitizer adds one of its own when the first thread starts: start one before you count.
[[nodiscard]] std::size_t running_threads();
[[nodiscard]] std::size_t resident_bytes();

/// A random secret of printable characters that this object keeps masked, so that a scan of the
/// process finds only the copies others made.
class masked_secret {
public:
    explicit masked_secret(std::size_t size = 32);
    /// Of a secret that is there already; wiping it is the caller's.
    explicit masked_secret(std::string_view text);

    [[nodiscard]] std::size_t size() const { return masked_.size(); }
    /// In plain. Wipe what you got with wipe() once it is handed over.
    [[nodiscard]] std::string reveal() const;
    /// Whether the bytes at `text` are the secret; makes no plain copy.
    [[nodiscard]] bool matches(const unsigned char* text) const;
    [[nodiscard]] unsigned char first_byte() const;

private:
    std::vector<unsigned char> masked_;
    std::vector<unsigned char> key_;
};

/// Overwrites all of a string's memory, its spare capacity included, and empties it.
void wipe(std::string& text);

/// Where in its writable memory (heap, stacks, globals) this process holds the secret in plain.
///
///     masked_secret token;
///     { std::string text = token.reveal(); ... connect with it ...; wipe(text); }
///     CHECK(find_in_memory(token).empty());
[[nodiscard]] std::vector<std::uintptr_t> find_in_memory(const masked_secret& secret);

} // namespace conats::test
