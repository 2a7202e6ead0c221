// SPDX-License-Identifier: Apache-2.0
// Messages that are kept while the buffers that others were read into are used again and again, and
// when their client and its context have gone. AddressSanitizer sees a view of memory that is not
// there any more; the comparison sees one of memory that is another message's by now.
#include "integration/helpers.hpp"
#include "integration/reconnect_fixture.hpp"
#include "support/catch.hpp"

#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;

namespace {

/// What message number `i` holds in each of its parts, of sizes that differ from one to the next.
class content {
public:
    explicit content(std::size_t i)
        : subject("s" + std::to_string(i)),
          reply("reply.to." + std::to_string(i * 7)),
          value(1 + i % 90, static_cast<char>('a' + i % 26)),
          payload(std::to_string(i) + std::string(i * 37 % 5'000, static_cast<char>(i % 256))) {}

    std::string subject; ///< behind the prefix
    std::string reply;
    std::string value; ///< of its header
    std::string payload;
};

constexpr std::size_t kept_each = 120;
constexpr std::size_t flood_message = 16 << 10;
constexpr std::size_t flood_messages = 4'608; // 72 MiB

conats::subscribe_options unlimited() {
    conats::subscribe_options o;
    o.pending_limits(0, 0);
    return o;
}

/// Reads so many messages through a client; `pins` leaves others in the queue of "pin", so that
/// more buffers are held than may be.
asio::awaitable<void> flood(conats::client nc, std::size_t messages, bool pins) {
    auto sub = co_await nc.subscribe("flood");
    const std::string text(flood_message, 'f');
    for (std::size_t i = 0; i != messages; ++i) {
        co_await nc.publish("flood", text);
        if (pins && i % 4 == 0)
            co_await nc.publish("pin", text); // two of them in each buffer
        auto m = co_await sub.next(10s);
        if (m->text() != text)
            throw std::runtime_error("a message of the flood is wrong");
    }
}

/// Messages that came in several ways, and the client they came through.
class keeper {
public:
    keeper() {} // not an aggregate, for g++ 12

    std::optional<asio::io_context> context{std::in_place};
    conats::client nc;
    std::vector<conats::message> by_next;
    std::vector<conats::message> by_handler; ///< copies
    std::vector<conats::message> by_batch;
    std::vector<conats::message> detached;
    std::vector<conats::message> left; ///< in the queue during the flood
    std::uint64_t compacted = 0;

    asio::awaitable<void> work(std::string url, bool leaves_many) {
        nc = co_await conats::connect(url);
        auto sub = co_await nc.subscribe("next.*");
        auto batch_sub = co_await nc.subscribe("batch.*");
        auto unread = co_await nc.subscribe("left.*");
        const auto copy = [this](const conats::message& m) { by_handler.push_back(m); };
        auto handler = nc.on("handler.*", copy);
        for (std::size_t i = 0; i != kept_each; ++i) {
            co_await publish("next.", i);
            co_await publish("handler.", i);
            co_await publish("batch.", i);
            co_await publish("left.", i);
            auto m = co_await sub.next(10s);
            detached.push_back(m->detach());
            by_next.push_back(std::move(*m));
        }
        co_await nc.flush();
        while (by_batch.size() != kept_each)
            (void)co_await batch_sub.next_batch(by_batch, 7); // which moves them as it grows
        auto pinning = co_await nc.subscribe("pin", unlimited());
        co_await flood(nc, flood_messages, leaves_many);
        while (auto m = unread.try_next())
            left.push_back(*m);
        compacted = nc.statistics().compacted_messages;
        unread = conats::subscription();
        handler = conats::subscription();
    }

private:
    asio::awaitable<void> publish(std::string_view prefix, std::size_t i) {
        const content c(i);
        conats::publish_options o;
        o.reply(c.reply).headers(
            conats::headers().add("Number", std::to_string(i)).add("V", c.value));
        co_await nc.publish(std::string(prefix) + c.subject, c.payload, o);
    }
};

void check_kept(const std::vector<conats::message>& all, const std::string& prefix) {
    INFO(prefix);
    REQUIRE(all.size() == kept_each);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i != all.size(); ++i) {
        const content c(i);
        const conats::message& m = all[i];
        const auto headers = m.headers();
        const bool right = m.subject() == prefix + c.subject && m.reply() == c.reply &&
                           m.text() == c.payload && m.payload().size() == c.payload.size() &&
                           headers.size() == 2 && headers.get("Number") == std::to_string(i) &&
                           headers.get("V") == c.value && m.status().code == 0;
        wrong += right ? 0 : 1;
    }
    CHECK(wrong == 0);
}

} // namespace

TEST_CASE("S133 messages that are kept outlive their buffers' next use, client and context") {
    nats_server server;
    const bool leaves_many = GENERATE(false, true);
    CAPTURE(leaves_many);
    keeper k;
    bool ended = false;
    std::exception_ptr failure;
    const auto on_end = [&](const std::exception_ptr& e) {
        ended = true;
        failure = e;
    };
    asio::co_spawn(*k.context, k.work(server.url(), leaves_many), on_end);
    const deadline end(60s);
    while (!ended && !end.passed())
        k.context->run_one_for(10ms);
    REQUIRE(ended);
    if (failure)
        std::rethrow_exception(failure);
    CHECK(k.nc.statistics().in_bytes > (std::size_t{64} << 20U));
    CHECK((k.compacted > 0) == leaves_many);
    k.nc = conats::client();
    k.context.reset();
    check_kept(k.by_next, "next.");
    check_kept(k.by_handler, "handler.");
    check_kept(k.by_batch, "batch.");
    check_kept(k.detached, "next.");
    check_kept(k.left, "left.");
    // Views are good as long as some copy of the message is, wherever that is moved to.
    const std::string_view before = k.by_next.back().text();
    const conats::message moved = std::move(k.by_next.back());
    k.by_next.clear();
    CHECK(moved.text().data() == before.data());
    CHECK(before == content(kept_each - 1).payload);
}

TEST_CASE("S133 what waits is copied out of its buffers on the next connection, too") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        auto nc = co_await conats::connect(o.reconnect_wait(1ms));
        auto pinning = co_await nc.subscribe("pin", unlimited());
        co_await nc.publish("pin", "on the first one");
        co_await nc.flush();
        nc.force_reconnect();
        const bool there = co_await reconnects(nc, 1);
        REQUIRE(there);
        co_await flood(nc, flood_messages / 3, true);
        CHECK(nc.statistics().compacted_messages > 0);
        CHECK(nc.statistics().pinned_bytes < (std::size_t{20} << 20U)); // 16 MiB, and what is new
    });
}
