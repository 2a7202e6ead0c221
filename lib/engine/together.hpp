// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>

#include <exception>
#include <tuple>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace asio = boost::asio;

/// What `co_await` runs these loops beside each other for, until all have ended, or one has thrown
/// and the others were cancelled. Asio's `&&` does the same for two: three of them nest, and it has
/// a frame of its own.
template <class... Loops>
auto together(const asio::any_io_executor& strand, Loops... loops) {
    return asio::experimental::make_parallel_group(
               asio::co_spawn(strand, std::move(loops), asio::deferred)...)
        .async_wait(asio::experimental::wait_for_one_error(), asio::deferred);
}

/// The first failure of `together`, if there is one.
template <class Order, class... Failures>
void rethrow_failure(const std::tuple<Order, Failures...>& outcome) {
    const auto look = [](const std::exception_ptr& failure) {
        if (failure)
            std::rethrow_exception(failure);
    };
    std::apply([&](const Order&, const auto&... failures) { (look(failures), ...); }, outcome);
}

} // namespace impl
} // namespace v0
} // namespace conats
