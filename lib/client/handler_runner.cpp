// SPDX-License-Identifier: Apache-2.0
#include "client/observed.hpp"
#include "client/record_access.hpp"
#include "client/subscribe.hpp"
#include "client/wait.hpp"
#include "support/light_mutex.hpp"
#include "support/thrown_text.hpp"
#include "values/no_memory.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <algorithm>
#include <exception>
#include <mutex>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {
namespace {

using state_pointer = std::shared_ptr<subscription_state>;

/// What the delivery hook wants kept while the message is handled.
operation_pointer begin_delivery(connection& c, const subscription_state& s, const message& m) {
    return s.observed ? c.begin_delivery(s, m) : nullptr;
}

void tell_failure_of(connection& c, const subscription_state& s, operation_pointer& operation,
                     const std::exception_ptr& thrown) {
    std::string text;
    try {
        std::rethrow_exception(thrown);
    } catch (...) {
        text = thrown_text();
    }
    error e(errc::handler_failed, std::move(text));
    e.subject(std::string(s.subject()));
    end_operation(operation, e);
    c.raise(event(event_kind::handler_failed, std::move(e)));
}

void tell_failure(connection& c, const subscription_state& s, operation_pointer& operation,
                  const std::exception_ptr& thrown) noexcept {
    try {
        tell_failure_of(c, s, operation, thrown);
    } catch (...) { // no memory to tell of it
        operation.reset();
    }
}

/// What becomes of a subscription whose handler cannot go on: without memory to be called it would
/// get nothing any more, and nobody would know.
struct runner_end {
    void operator()(const std::exception_ptr& thrown) const noexcept {
        if (!thrown)
            return;
        connection_->remove_subscription(*state_, no_memory());
        state_->end(no_memory(), true);
    }
    std::shared_ptr<connection> connection_;
    state_pointer state_;
};

/// Waits until there is something to take or the end. True for the former.
asio::awaitable<bool> wait_for_message(state_pointer s) {
    while (!s->peek()) {
        if (s->at_end())
            co_return false;
        co_await wait_for_any(s);
    }
    co_return true;
}

/// References to one block that handlers have left behind, to be given back together: one by one
/// that costs 6 of 35 ns a message.
class left_references {
public:
    left_references() noexcept = default;
    left_references(const left_references&) = delete;
    left_references& operator=(const left_references&) = delete;
    ~left_references() { give_back(); }

    void add(const record& r) noexcept {
        if (r.memory == nullptr) // the handler has moved the message away
            return;
        if (r.memory != block_) {
            give_back();
            block_ = r.memory;
        }
        ++count_;
    }
    void give_back() noexcept {
        if (block_ != nullptr)
            release_reference(std::exchange(block_, nullptr), std::exchange(count_, 0));
    }

private:
    block* block_ = nullptr;
    std::uint32_t count_ = 0;
};

using plain_handler = std::function<void(message&)>;

void handle(connection& c, const subscription_state& s, const plain_handler& handler, message& m,
            operation_pointer operation) {
    try {
        handler(m);
    } catch (...) {
        tell_failure(c, s, operation, std::current_exception());
    }
}

void call(connection& c, const subscription_state& s, const plain_handler& handler, const record& r,
          left_references& left) {
    message m(r);
    if (s.observed) [[unlikely]]
        handle(c, s, handler, m, c.begin_delivery(s, m));
    else // apart, so that it costs nothing: 10 of 330 instructions
        handle(c, s, handler, m, nullptr);
    left.add(record_access::take(m));
}

/// Feeds a handler that awaits nothing. It needs no coroutine, whose frames would be most of an
/// idle subscription's memory: whoever resumes the runner owns it, and while it waits its own
/// parked handler does.
class plain_runner {
public:
    plain_runner(std::shared_ptr<connection> c, state_pointer s, plain_handler handler,
                 const asio::any_io_executor& executor)
        : connection_(std::move(c)),
          state_(std::move(s)),
          handler_(std::move(handler)),
          executor_(asio::prefer(executor, asio::execution::outstanding_work.tracked)) {}
    plain_runner(const plain_runner&) = delete;
    plain_runner& operator=(const plain_runner&) = delete;
    ~plain_runner() { end_wait(); }

    /// Waits for messages or the end; where something is there already it is resumed at once.
    static void wait(std::unique_ptr<plain_runner> r) {
        plain_runner& self = *r;
        const state_pointer s = self.state_; // the runner may be gone before `park` returns
        self.wait_.outcome = wake::pending;
        self.waits_ = s->begin_wait(self.wait_); // always: nobody else may
        s->park(self.wait_, parked_handler::hold(resumption{std::move(r)}));
    }

private:
    enum class next : std::uint8_t { wait, yield, end };

    struct resumption {
        using executor_type = asio::any_io_executor;
        [[nodiscard]] executor_type get_executor() const noexcept { return runner->executor_; }
        void operator()() { run(std::move(runner)); }
        std::unique_ptr<plain_runner> runner;
    };

    static void run(std::unique_ptr<plain_runner> r) {
        r->end_wait();
        switch (r->take_turn()) {
        case next::wait: wait(std::move(r)); break;
        case next::yield: parked_handler::hold(resumption{std::move(r)}).post(); break;
        case next::end: break;
        }
    }

    next take_turn() noexcept {
        try {
            left_references left;
            for (record r; state_->take(r);) {
                call(*connection_, *state_, handler_, r, left);
                if (turn_is_over(*state_))
                    return next::yield;
            }
            left.give_back(); // before those who wait for the end go on
            return state_->at_end() ? next::end : next::wait;
        } catch (...) {
            runner_end{connection_, state_}(std::current_exception());
            return next::end;
        }
    }

    void end_wait() {
        if (!std::exchange(waits_, false))
            return;
        state_->end_wait();
        restart_turn(*state_);
    }

    const std::shared_ptr<connection> connection_;
    const state_pointer state_;
    const plain_handler handler_;
    const asio::any_io_executor executor_; // its context has work while this lives
    subscription_state::consumer_wait wait_;
    bool waits_ = false;
};

using awaiting_handler = std::function<asio::awaitable<void>(message&)>;

asio::awaitable<void> call_awaiting(std::shared_ptr<connection> c, state_pointer s,
                                    std::shared_ptr<const awaiting_handler> handler, message m) {
    std::exception_ptr thrown;
    operation_pointer operation = begin_delivery(*c, *s, m);
    try {
        co_await (*handler)(m);
    } catch (...) {
        thrown = std::current_exception();
    }
    if (thrown)
        tell_failure(*c, *s, operation, thrown);
}

asio::awaitable<void> run_in_order(std::shared_ptr<connection> c, state_pointer s,
                                   std::shared_ptr<const awaiting_handler> handler) {
    // As call_awaiting, whose frame would be one more for each message.
    operation_pointer operation;
    while (co_await wait_for_message(s)) {
        record r;
        while (s->take(r)) {
            try {
                message m(r);
                if (s->observed) [[unlikely]]
                    operation = c->begin_delivery(*s, m);
                co_await (*handler)(m);
            } catch (...) {
                tell_failure(*c, *s, operation, std::current_exception());
            }
            if (operation) [[unlikely]]
                operation.reset();
            if (turn_is_over(*s))
                co_await yield();
        }
    }
}

/// How many handlers run, and who waits for one to end.
class slots : public std::enable_shared_from_this<slots> {
public:
    struct slot_wait {};

    slots(std::size_t n, state_pointer s) noexcept
        : free_(n),
          all_(n),
          subscription_(std::move(s)) {}

    [[nodiscard]] bool any_free() {
        const std::lock_guard lock(mutex_);
        return free_ != 0;
    }
    [[nodiscard]] bool all_free() {
        const std::lock_guard lock(mutex_);
        return free_ == all_;
    }
    std::uint64_t take() {
        const std::uint64_t began = subscription_->begin_handler();
        const std::lock_guard lock(mutex_);
        --free_;
        return began;
    }
    void give_back(std::uint64_t began) {
        subscription_->end_handler(began);
        parked_handler h;
        {
            const std::lock_guard lock(mutex_);
            ++free_;
            h = std::move(waiting_);
        }
        h.post();
    }
    /// A handler was destroyed with its context, which the runner must not outlive.
    void abandon() {
        parked_handler h;
        {
            const std::lock_guard lock(mutex_);
            h = std::move(waiting_);
        }
        h.destroy();
    }
    void park(slot_wait& /*w*/, parked_handler h) {
        {
            const std::lock_guard lock(mutex_);
            if (free_ == seen_) {
                waiting_ = std::move(h);
                return;
            }
        }
        h.post();
    }
    void cancel(slot_wait& /*w*/) {} // the runner is detached: nobody cancels it
    /// The number free when the runner decided to wait for a change.
    void see() {
        const std::lock_guard lock(mutex_);
        seen_ = free_;
    }

private:
    light_mutex mutex_;
    std::size_t free_;
    std::size_t seen_ = 0;
    const std::size_t all_;
    const state_pointer subscription_;
    parked_handler waiting_;
};

/// Gives a handler's slot back when it has returned.
class taken_slot {
public:
    explicit taken_slot(std::shared_ptr<slots> of)
        : slots_(std::move(of)),
          began_(slots_->take()) {}
    taken_slot(taken_slot&&) noexcept = default;
    taken_slot& operator=(taken_slot&&) = delete;
    ~taken_slot() {
        if (slots_)
            slots_->abandon();
    }

    void operator()(const std::exception_ptr& /*told*/) {
        std::exchange(slots_, nullptr)->give_back(began_);
    }

private:
    std::shared_ptr<slots> slots_;
    std::uint64_t began_;
};

asio::awaitable<void> wait_for_slot(std::shared_ptr<slots> free, bool all) {
    for (;;) {
        free->see();
        if (all ? free->all_free() : free->any_free())
            co_return;
        slots::slot_wait w;
        co_await park(free, w);
    }
}

asio::awaitable<void> run_concurrently(std::shared_ptr<connection> c, state_pointer s,
                                       std::shared_ptr<const awaiting_handler> handler,
                                       std::size_t at_once) {
    const auto executor = co_await asio::this_coro::executor;
    const auto free = std::make_shared<slots>(at_once, s);
    for (;;) {
        co_await wait_for_any(s);
        // The last messages are handled before the end is seen, for those who drain.
        co_await wait_for_slot(free, !s->peek());
        record r;
        if (s->take(r)) {
            auto work = call_awaiting(c, s, handler, message(r));
            asio::co_spawn(executor, std::move(work), taken_slot(free));
        } else if (s->at_end()) {
            break;
        }
    }
}

} // namespace

void run_handler(const std::shared_ptr<connection>& c, std::shared_ptr<subscription_state> s,
                 message_handler handler, const subscribe_options& options) {
    const auto executor = options.executor() ? options.executor() : c->user_executor();
    if (!executor)
        return; // closed meanwhile
    if (handler.plain) {
        plain_runner::wait(
            std::make_unique<plain_runner>(c, std::move(s), std::move(handler.plain), executor));
        return;
    }
    runner_end at_end{c, s};
    auto shared = std::make_shared<const awaiting_handler>(std::move(handler.awaiting));
    if (options.max_concurrent() <= 1)
        asio::co_spawn(executor, run_in_order(c, std::move(s), std::move(shared)),
                       std::move(at_end));
    else
        asio::co_spawn(
            executor,
            run_concurrently(c, std::move(s), std::move(shared), options.max_concurrent()),
            std::move(at_end));
}

} // namespace impl
} // namespace v0
} // namespace conats
