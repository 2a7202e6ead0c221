// SPDX-License-Identifier: Apache-2.0
#include "scenarios/scenarios.hpp"
#include "scenarios/together.hpp"

#include <conats/conats.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace bench {

namespace {

// Every so many messages the caller of try_publish waits for room, as publish would do.
constexpr std::uint64_t burst = 256;

asio::awaitable<void> by_publish(conats::client nc, std::string subject, std::string payload,
                                 std::uint64_t count, std::uint64_t& done) {
    for (; done != count; ++done)
        co_await nc.publish(subject, payload);
}

asio::awaitable<void> by_try_publish(conats::client nc, std::string subject, std::string payload,
                                     std::uint64_t count, std::uint64_t& done) {
    for (std::uint64_t i = 0; i != count; ++i) {
        if (i % burst == 0) {
            done = i;
            co_await nc.publish(subject, payload);
        } else if (auto e = nc.try_publish(subject, payload)) {
            throw conats::system_error(e);
        }
    }
    done = count;
}

asio::awaitable<void> by_owned(conats::client nc, std::string subject,
                               conats::owned_payload payload, std::uint64_t count,
                               std::uint64_t& done) {
    for (; done != count; ++done)
        co_await nc.publish(subject, payload);
}

asio::awaitable<void> with_headers(conats::client nc, std::string subject, std::string payload,
                                   std::uint64_t count, std::uint64_t& done) {
    for (; done != count; ++done) {
        conats::publish_options o;
        o.headers(conats::headers().add("Nats-Msg-Id", "1").add("Trace", "0123456789abcdef"));
        co_await nc.publish(subject, payload, o);
    }
}

asio::awaitable<void> publish_and_flush(setting& s, std::size_t client, std::uint64_t count,
                                        std::uint64_t& done) {
    const conats::client nc = s.clients[client];
    co_await publish_all(s.wanted, nc, s.subject(client), s.wanted.form, count, done);
    co_await nc.flush(std::chrono::minutes(1));
}

} // namespace

asio::awaitable<void> publish_all(const options& o, conats::client nc, std::string subject,
                                  std::string form, std::uint64_t count, std::uint64_t& done) {
    std::string payload(o.size, 'p');
    if (o.headers)
        return with_headers(std::move(nc), std::move(subject), std::move(payload), count, done);
    if (form == "owned") {
        return by_owned(std::move(nc), std::move(subject),
                        conats::owned_payload(std::move(payload)), count, done);
    }
    if (form == "try_publish")
        return by_try_publish(std::move(nc), std::move(subject), std::move(payload), count, done);
    return by_publish(std::move(nc), std::move(subject), std::move(payload), count, done);
}

// With more threads as many publishers as threads, or as connections if there are more of them.
asio::awaitable<void> run_publish(setting& s, bench_result& result) {
    const std::size_t publishers = std::max(s.clients.size(), s.wanted.threads);
    std::vector<work> works;
    for (std::size_t i = 0; i != publishers; ++i) {
        std::uint64_t& done = s.new_counter();
        s.watch(done);
        works.push_back({s.place(), publish_and_flush(s, i % s.clients.size(),
                                                      share(s.wanted.count, i, publishers), done)});
    }
    const bench_mark first = bench_now();
    co_await together(s, std::move(works));
    bench_set_span(&result, first, bench_now());
    result.messages = s.wanted.count;
}

} // namespace bench
