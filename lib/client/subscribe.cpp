// SPDX-License-Identifier: Apache-2.0
#include "client/subscribe.hpp"

#include "client/verbs.hpp"
#include "client/wait.hpp"

#include <conats/client.hpp>

#include <utility>

namespace conats {
inline namespace v0 {

namespace impl {
namespace {

/// Lazy, so that nothing is on the wire where the caller is cancelled already.
asio::awaitable<subscription> subscribe(std::shared_ptr<lease> l,
                                        std::shared_ptr<subscription_state> s,
                                        std::uint64_t max_messages, bool confirm, error* out) {
    register_subscription(l, s, max_messages);
    error e = s->end_reason();
    subscription result(s, l); // unsubscribes if this coroutine ends before its return
    if (!e && confirm) {
        co_await flush(l->shared(), std::chrono::seconds(10), &e);
        if (error why = s->end_reason())
            e = std::move(why);
    }
    report(e, out);
    if (e)
        result = subscription();
    co_return result;
}

} // namespace
} // namespace impl

asio::awaitable<subscription> client::subscribe(std::string_view subject,
                                                const subscribe_options& options) const {
    return impl::subscribe(lease_, impl::make_subscription(subject, options),
                           options.max_messages(), options.confirm(), nullptr);
}

asio::awaitable<subscription> client::subscribe(std::string_view subject,
                                                const subscribe_options& options, error& e) const {
    return impl::subscribe(lease_, impl::make_subscription(subject, options),
                           options.max_messages(), options.confirm(), &e);
}

asio::awaitable<subscription> client::subscribe(std::string_view subject, error& e) const {
    return subscribe(subject, subscribe_options(), e);
}

subscription client::subscribe_handler(std::string_view subject, impl::message_handler handler,
                                       const subscribe_options& options) const {
    auto s = impl::make_subscription(subject, options);
    s->has_handler = true;
    subscription result(s, lease_); // unsubscribes if there is no memory for the rest
    impl::register_subscription(lease_, s, options.max_messages());
    if (!s->ended())
        impl::run_handler(lease_->shared(), s, std::move(handler), options);
    return result;
}

} // namespace v0
} // namespace conats
