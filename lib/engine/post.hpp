// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/retry_for_memory.hpp"

#include <boost/asio/post.hpp>

#include <optional>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace asio = boost::asio;

/// A function on its way into an executor. Where that has no memory for it, it comes back.
template <class Function>
class returning_function {
public:
    using home = std::optional<Function>;

    /// While it lives, functions of this home that are destroyed on this thread return to it.
    class open_home {
    public:
        explicit open_home(home& h) noexcept : outer_(std::exchange(innermost, &h)) {}
        open_home(const open_home&) = delete;
        open_home& operator=(const open_home&) = delete;
        ~open_home() { innermost = outer_; }

    private:
        home* outer_;
    };

    explicit returning_function(home& h) noexcept : function_(std::move(*h)), home_(&h) {
        h.reset();
    }
    returning_function(returning_function&& other) noexcept
        : function_(std::move(other.function_)),
          home_(std::exchange(other.home_, nullptr)) {}
    returning_function& operator=(returning_function&&) = delete;
    ~returning_function() {
        // `home_` is looked at only where it still stands: in the call that posts.
        if (home_ != nullptr && home_ == innermost)
            home_->emplace(std::move(function_));
    }

    void operator()() {
        home_ = nullptr;
        std::move(function_)();
    }

private:
    static inline constinit thread_local home* innermost = nullptr;

    Function function_;
    home* home_;
};

/// `asio::post` of what must not be lost. Asio destroys a function for which it finds no memory,
/// and who waits for it would wait for ever: this takes it back and waits for memory.
template <class Executor, class Function>
void post_surely(const Executor& executor, Function f) noexcept {
    using returning = returning_function<Function>;
    typename returning::home here(std::move(f));
    retry_for_memory([&] {
        if (!here)
            return; // it got through, whatever was thrown behind it
        const typename returning::open_home open(here);
        asio::post(executor, returning(here));
    });
}

} // namespace impl
} // namespace v0
} // namespace conats
