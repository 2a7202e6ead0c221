// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/retry_for_memory.hpp"

#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include <concepts>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace asio = boost::asio;

/// What a strand runs on. Asio marks a strand as scheduled before it schedules it: had that no
/// memory, the strand would stand still for ever. So this waits for memory.
template <class Inner>
class patient_executor {
public:
    /// No conversion to `Inner`: an `any_io_executor` can be made of any executor, of this too, and
    /// whether this is one is just what is asked then.
    template <std::same_as<Inner> Executor>
    explicit patient_executor(Executor inner) noexcept : inner_(std::move(inner)) {}

    template <class Function>
    void execute(Function f) const {
        // A copy: Asio destroys what it has no memory for.
        retry_for_memory([&] { inner_.execute(Function(f)); });
    }

    template <class Property>
        requires asio::can_query<const Inner&, Property>::value
    [[nodiscard]] decltype(auto) query(const Property& p) const {
        return asio::query(inner_, p);
    }
    template <class Property>
        requires asio::can_require<const Inner&, Property>::value
    [[nodiscard]] auto require(const Property& p) const {
        return wrap(asio::require(inner_, p));
    }
    template <class Property>
        requires asio::can_prefer<const Inner&, Property>::value
    [[nodiscard]] auto prefer(const Property& p) const {
        return wrap(asio::prefer(inner_, p));
    }

    friend bool operator==(const patient_executor& a, const patient_executor& b) noexcept {
        return a.inner_ == b.inner_;
    }
    friend bool operator!=(const patient_executor& a, const patient_executor& b) noexcept {
        return !(a == b);
    }

private:
    template <class Executor>
    static patient_executor<Executor> wrap(Executor e) noexcept {
        return patient_executor<Executor>(std::move(e));
    }

    Inner inner_;
};

template <class Executor>
patient_executor(Executor) -> patient_executor<Executor>;

} // namespace impl
} // namespace v0
} // namespace conats
