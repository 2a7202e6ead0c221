// SPDX-License-Identifier: Apache-2.0
#include "service.hpp"

#include <conats/headers.hpp>
#include <conats/message.hpp>
#include <conats/publish_options.hpp>
#include <conats/subscribe_options.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

namespace seats {

namespace {

asio::awaitable<void> sleep_by_the_system(time_source::duration d) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, d);
    co_await timer.async_wait(asio::use_awaitable);
}

/// By the headers that NATS services use for it (ADR-32).
void answer_with_error(const conats::message& request, std::string_view code,
                       std::string_view why) {
    conats::publish_options o;
    o.headers(
        conats::headers().add("Nats-Service-Error-Code", code).add("Nats-Service-Error", why));
    request.try_respond("", o);
}

} // namespace

time_source system_time() {
    return time_source(std::chrono::steady_clock::now, sleep_by_the_system);
}

class seat_service::state {
public:
    state(conats::client nc, unsigned seats, time_source t)
        : time(std::move(t)),
          nc_(std::move(nc)),
          seats_(seats) {}

    void hold(const conats::message& request) {
        seat* const s = find(request);
        if (s == nullptr)
            return;
        if (s->is_sold || (!s->customer.empty() && s->customer != request.text()))
            return answer_with_error(request, "409", "somebody has this seat");
        s->customer = request.text();
        s->held_until = time.now() + hold_time;
        request.try_respond("held");
    }

    void confirm(const conats::message& request) {
        seat* const s = find(request);
        if (s == nullptr)
            return;
        if (s->customer != request.text())
            return answer_with_error(request, "410", "it is not held by this customer");
        s->is_sold = true;
        request.try_respond("sold");
    }

    void release_overdue() {
        for (std::size_t i = 0; i != seats_.size(); ++i) {
            seat& s = seats_[i];
            if (s.customer.empty() || s.is_sold || s.held_until > time.now())
                continue;
            s.customer.clear();
            nc_.try_publish("seats.released", std::to_string(i + 1));
        }
    }

    time_source time;

private:
    class seat {
    public:
        std::string customer; // empty: it is free
        time_source::time_point held_until;
        bool is_sold = false;
    };

    /// The seat that the subject names; null where the request has been refused.
    seat* find(const conats::message& request) {
        const std::string_view number = request.subject().substr(request.subject().rfind('.') + 1);
        std::size_t n = 0;
        const auto parsed = std::from_chars(number.data(), number.data() + number.size(), n);
        if (parsed.ec != std::errc() || parsed.ptr != number.data() + number.size() || n == 0 ||
            n > seats_.size()) {
            answer_with_error(request, "404", "there is no such seat");
            return nullptr;
        }
        if (request.text().empty()) {
            answer_with_error(request, "400", "the customer's name is missing");
            return nullptr;
        }
        return &seats_[n - 1];
    }

    conats::client nc_;
    std::vector<seat> seats_;
};

seat_service::seat_service(conats::client nc, unsigned seats, time_source time)
    : state_(std::make_shared<state>(nc, seats, std::move(time))),
      hold_(nc.on("seats.hold.*", [s = state_](const conats::message& m) { s->hold(m); })),
      confirm_(
          nc.on("seats.confirm.*", [s = state_](const conats::message& m) { s->confirm(m); })) {}

seat_service::~seat_service() = default;

asio::awaitable<void> seat_service::ready() const {
    co_await hold_.ready();
    co_await confirm_.ready();
}

asio::awaitable<void> seat_service::run() {
    const auto s = state_;
    for (;;) {
        co_await s->time.sleep(std::chrono::seconds(1));
        s->release_overdue();
    }
}

} // namespace seats
