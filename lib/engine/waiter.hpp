// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/post.hpp"
#include "support/retry_for_memory.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace asio = boost::asio;

/// The rest of a suspended coroutine, as Asio's completion handler. Asio cannot see it while it
/// is kept here, so whoever keeps it resumes it by `post` or ends it by `destroy`, once.
///
/// Held in place, without allocating. It is resumed by `post` to its own executor, never by
/// `dispatch`, which on Boost 1.81 leaves a dangling signal in `co_spawn`'s cancellation handler
/// when the completion runs on a foreign executor.
class parked_handler {
public:
    parked_handler() noexcept = default;
    template <class Handler>
    static parked_handler hold(Handler&& h) {
        using type = std::decay_t<Handler>;
        static_assert(sizeof(type) <= storage_size && alignof(type) <= alignof(void*));
        static_assert(std::is_nothrow_move_constructible_v<type>);
        parked_handler p;
        ::new (static_cast<void*>(p.storage_)) type(std::forward<Handler>(h));
        p.operations_ = &operations_of<type>;
        return p;
    }
    parked_handler(parked_handler&& other) noexcept { take(other); }
    parked_handler& operator=(parked_handler&& other) noexcept {
        if (this != &other) {
            destroy();
            take(other);
        }
        return *this;
    }
    parked_handler(const parked_handler&) = delete;
    parked_handler& operator=(const parked_handler&) = delete;
    ~parked_handler() { destroy(); }

    [[nodiscard]] explicit operator bool() const noexcept { return operations_ != nullptr; }

    /// Resumes the coroutine on its executor, later.
    void post() noexcept {
        if (operations_ != nullptr)
            std::exchange(operations_, nullptr)->post(storage_);
    }

    /// Destroys the coroutine. Not under a lock: its frame may hold handles of ours.
    void destroy() noexcept {
        if (operations_ != nullptr)
            std::exchange(operations_, nullptr)->destroy(storage_);
    }

    /// Whose coroutine it is.
    [[nodiscard]] const asio::execution_context* context() const noexcept {
        return operations_ == nullptr ? nullptr : operations_->context(storage_);
    }

private:
    static constexpr std::size_t storage_size = 3 * sizeof(void*);

    struct operations {
        void (*post)(void*) noexcept;
        void (*destroy)(void*) noexcept;
        void (*move)(void*, void*) noexcept;
        const asio::execution_context* (*context)(const void*) noexcept;
    };

    template <class Handler>
    struct erased {
        static void post(void* p) noexcept {
            auto* held = static_cast<Handler*>(p);
            Handler h(std::move(*held));
            held->~Handler();
            // Its coroutine may run on another thread from the next statement on.
            const auto executor = asio::get_associated_executor(h);
            // A plain function object: a handler with an executor of its own would be
            // dispatched a second time from within the post.
            post_surely(executor, [h = std::move(h)]() mutable { std::move(h)(); });
        }
        static void destroy(void* p) noexcept { static_cast<Handler*>(p)->~Handler(); }
        static void move(void* from, void* to) noexcept {
            auto* held = static_cast<Handler*>(from);
            ::new (to) Handler(std::move(*held));
            held->~Handler();
        }
        static const asio::execution_context* context(const void* p) noexcept {
            const auto executor = asio::get_associated_executor(*static_cast<const Handler*>(p));
            return &asio::query(executor, asio::execution::context);
        }
    };

    template <class Handler>
    static constexpr operations operations_of{&erased<Handler>::post, &erased<Handler>::destroy,
                                              &erased<Handler>::move, &erased<Handler>::context};

    void take(parked_handler& other) noexcept {
        operations_ = std::exchange(other.operations_, nullptr);
        if (operations_ != nullptr)
            operations_->move(other.storage_, storage_);
    }

    const operations* operations_ = nullptr;
    alignas(void*) std::byte storage_[storage_size];
};

/// A handler taken out to be resumed: at the latest when it goes out of scope, so also where
/// something else throws.
class woken_handler {
public:
    woken_handler() noexcept = default;
    woken_handler(const woken_handler&) = delete;
    woken_handler& operator=(const woken_handler&) = delete;
    woken_handler& operator=(parked_handler&& h) noexcept {
        handler_.post();
        handler_ = std::move(h);
        return *this;
    }
    ~woken_handler() { post(); }

    /// Without a lock.
    void post() noexcept { handler_.post(); }

private:
    parked_handler handler_;
};

/// What ended a wait.
enum class wake : std::uint8_t {
    pending,   ///< nothing yet
    ready,     ///< what was waited for is there
    cancelled, ///< the caller cancelled
    timeout,   ///< the deadline passed
    ended      ///< the owner closed; it knows why
};

/// Starts a wait: hands the suspended coroutine to `Owner::park(node, handler)`, which keeps it
/// or, if there is nothing to wait for any more, posts it.
///
/// The cancellation slot is set before the handler can be seen by other threads and is cleared
/// by Asio on resumption, both on the waiter's executor; `Owner::cancel(node)` is called there.
template <class Owner, class Node>
class park_initiation {
public:
    park_initiation(const std::shared_ptr<Owner>& owner, Node& node) noexcept
        : owner_(&owner),
          node_(&node) {}

    template <class Handler>
    void operator()(Handler&& handler) const {
        // The coroutine's frame, and with it owner_ and node_, may go once it is parked.
        const std::shared_ptr<Owner> owner = *owner_;
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected())
            make_cancellable(slot, owner);
        owner->park(*node_, parked_handler::hold(std::forward<Handler>(handler)));
    }

private:
    // An exception here would leave the coroutine: Asio has suspended it, and destroys it then.
    template <class Slot>
    void make_cancellable(Slot& slot, const std::shared_ptr<Owner>& owner) const noexcept {
        retry_for_memory([&] { slot.template emplace<canceller>(owner, *node_); });
    }

    struct canceller {
        canceller(const std::shared_ptr<Owner>& o, Node& n) noexcept : owner(o), node(&n) {}
        void operator()(asio::cancellation_type /*any*/) const {
            if (const auto o = owner.lock())
                o->cancel(*node);
        }
        std::weak_ptr<Owner> owner;
        Node* node;
    };

    const std::shared_ptr<Owner>* owner_;
    Node* node_;
};

/// `co_await park(owner, node)`, with both in the awaiting coroutine's frame.
template <class Owner, class Node>
auto park(const std::shared_ptr<Owner>& owner, Node& node) {
    return asio::async_initiate<const asio::deferred_t, void()>(
        park_initiation<Owner, Node>(owner, node), asio::deferred);
}

} // namespace impl
} // namespace v0
} // namespace conats
