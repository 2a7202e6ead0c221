// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// NATS unique ids: 22 base-62 characters, 12 random ones and 10 that count up by a random step.
/// The random ones change when the count is used up. Not safe for use by several threads at once.
///
/// Source: https://github.com/nats-io/nuid
class nuid {
public:
    static constexpr std::size_t prefix_size = 12;
    static constexpr std::size_t sequence_size = 10;
    static constexpr std::size_t size = prefix_size + sequence_size;

    /// Gives 64 random bits per call. The prefix must not be guessable, since who knows an
    /// inbox can answer in another's name: pass a cryptographic source.
    using random_source = std::uint64_t (*)(void* context);

    explicit nuid(random_source random, void* context = nullptr);

    /// The next id; the view is valid until the next call.
    std::string_view next();

private:
    void renew();
    std::uint64_t below(std::uint64_t limit);

    random_source random_;
    void* context_;
    std::uint64_t sequence_ = 0;
    std::uint64_t step_ = 0;
    std::array<char, size> text_{};
};

} // namespace impl
} // namespace v0
} // namespace conats
