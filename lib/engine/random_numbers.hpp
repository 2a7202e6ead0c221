// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

#include <cstdint>

namespace conats {
inline namespace v0 {
namespace impl {

namespace asio = boost::asio;

/// Makes the connections of a context do the same in each run, for simulations: whatever they draw
/// follows from the seed. For a context that one thread runs.
class repeatable_random final : public asio::execution_context::service {
public:
    inline static asio::execution_context::id id; // what Asio looks for

    explicit repeatable_random(asio::execution_context& owner, std::uint64_t seed = 0);
    void shutdown() override {}

    /// What the next connection begins with.
    [[nodiscard]] std::uint64_t next_seed() noexcept;

private:
    std::uint64_t seed_;
};

/// A connection's random numbers, 64 bits per call: the system's, which nobody can guess and which
/// any thread may draw, unless its context has `repeatable_random`. May outlive the context.
class random_numbers {
public:
    explicit random_numbers(const asio::any_io_executor& executor);

    std::uint64_t operator()();

private:
    std::uint64_t state_ = 0;
    bool is_repeatable_ = false;
};

} // namespace impl
} // namespace v0
} // namespace conats
