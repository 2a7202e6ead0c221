// SPDX-License-Identifier: Apache-2.0
#include "engine/random_numbers.hpp"

#include <boost/asio/query.hpp>

#include <random>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

std::uint64_t system_random() {
    thread_local std::random_device device;
    return std::uint64_t{device()} << 32U | device();
}

/// SplitMix64.
std::uint64_t draw(std::uint64_t& state) noexcept {
    std::uint64_t z = (state += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
}

} // namespace

repeatable_random::repeatable_random(asio::execution_context& owner, std::uint64_t seed)
    : service(owner),
      seed_(seed) {}

std::uint64_t repeatable_random::next_seed() noexcept {
    return draw(seed_);
}

random_numbers::random_numbers(const asio::any_io_executor& executor) {
    asio::execution_context& context = asio::query(executor, asio::execution::context);
    if (!asio::has_service<repeatable_random>(context))
        return;
    is_repeatable_ = true;
    state_ = asio::use_service<repeatable_random>(context).next_seed();
}

std::uint64_t random_numbers::operator()() {
    return is_repeatable_ ? draw(state_) : system_random();
}

} // namespace impl
} // namespace v0
} // namespace conats
