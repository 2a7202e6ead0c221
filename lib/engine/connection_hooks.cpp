// SPDX-License-Identifier: Apache-2.0
// The user's hooks around messages.
#include "engine/connection.hpp"

#include <conats/hooks.hpp>

#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

/// Room for headers that a hook adds, kept between messages so that they cost no memory. A hook
/// that publishes itself finds none and makes its own.
conats::headers& spare_headers() {
    thread_local conats::headers spare;
    return spare;
}

/// A publication as the hook leaves it.
class hooked_publication {
public:
    hooked_publication(const publish_hook_function& hook, const publication& p, bool takes_headers)
        : room_(std::exchange(spare_headers(), conats::headers())),
          result_(p) {
        outgoing_message m(p.subject, p.reply, p.payload, p.headers, room_, p.operation != nullptr,
                           takes_headers);
        try {
            operation_ = hook(m);
        } catch (...) { // there is nobody to tell of it
        }
        result_.headers = m.result();
    }
    hooked_publication(const hooked_publication&) = delete;
    hooked_publication& operator=(const hooked_publication&) = delete;
    ~hooked_publication() {
        room_.clear();
        spare_headers() = std::move(room_);
    }

    [[nodiscard]] const publication& get() const noexcept { return result_; }
    /// It was accepted, or refused for this.
    void end(const error& failure) {
        if (operation_ && failure)
            operation_->on_error(failure);
        else if (result_.operation != nullptr)
            *result_.operation = std::move(operation_); // a request goes on
    }

private:
    conats::headers room_;
    publication result_;
    std::shared_ptr<observed_operation> operation_;
};

} // namespace

bool connection::takes_headers() const {
    const lock_guard lock(mutex_);
    return info_.headers || !has_info_;
}

// The hook may destroy the client: `self` outlives it.
publish_result connection::publish_hooked(const publication& p) {
    const auto self = shared_from_this();
    hooked_publication hooked(options_.publish_hook(), p, takes_headers());
    publish_result r = accept(hooked.get());
    hooked.end(r.failure);
    return r;
}

request_slot* connection::begin_hooked_request(const publication& p, clock::time_point deadline,
                                               error& failure) {
    const auto self = shared_from_this();
    hooked_publication hooked(options_.publish_hook(), p, takes_headers());
    request_slot* const slot = accept_request(hooked.get(), deadline, failure);
    hooked.end(failure);
    return slot;
}

std::shared_ptr<observed_operation> connection::begin_delivery(const subscription_state& s,
                                                               const message& m) const {
    try {
        return options_.delivery_hook()({m, s.subject(), s.queue_group(), s.has_handler});
    } catch (...) { // there is nobody to tell of it
        return nullptr;
    }
}

} // namespace impl
} // namespace v0
} // namespace conats
