// SPDX-License-Identifier: Apache-2.0
// What a client tells its log.
#include "integration/reconnect_fixture.hpp"
#include "integration/tls_fixture.hpp"
#include "support/catch.hpp"
#include "support/scripted_peer.hpp"

#include <conats/observability.hpp>

#include <algorithm>
#include <mutex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;
using conats::log_level;

namespace {

/// A sink that keeps everything.
class log_book {
public:
    void keep(const conats::log_record& r) {
        std::ostringstream line;
        line << r;
        records.push_back(r);
        text += line.str() + '\n';
    }
    conats::log_sink sink() {
        return [this](const conats::log_record& r) { keep(r); };
    }
    /// The names of the records in order.
    [[nodiscard]] std::string names() const {
        std::string all;
        for (const auto& r : records)
            all.append(all.empty() ? "" : " ").append(r.event());
        return all;
    }
    [[nodiscard]] bool has(std::string_view event) const {
        return std::any_of(records.begin(), records.end(),
                           [&](const auto& r) { return r.event() == event; });
    }
    [[nodiscard]] const conats::log_record& first(std::string_view event) const {
        for (const auto& r : records)
            if (r.event() == event)
                return r;
        throw std::runtime_error(std::string(event) + " is not in the log:\n" + text);
    }

    std::vector<conats::log_record> records;
    std::string text;
};

/// So many errors that differ.
std::string flood(int n) {
    std::string all;
    for (int i = 0; i != n; ++i)
        all += "-ERR 'Unheard Of " + std::to_string(i) + "'\r\n";
    return all;
}

} // namespace

TEST_CASE("L05 the life of a connection at level info") {
    nats_server server;
    log_book log;
    run([&]() -> asio::awaitable<void> {
        auto o = fast(server.url());
        auto nc = co_await conats::connect(o.log(log_level::info, log.sink()));
        server.stop();
        const bool failed = co_await async_eventually([&] { return log.has("connect_failed"); });
        CHECK(failed);
        server.start();
        const bool back = co_await reconnects(nc, 1);
        CHECK(back);
        co_await nc.drain();
    });
    INFO(log.text);
    // The attempts that failed, and the pauses after them, may have been any number.
    std::string names = log.names();
    for (const std::string_view repeated : {"connect_failed ", "reconnect_wait "})
        for (auto at = names.find(repeated); at != std::string::npos; at = names.find(repeated))
            names.erase(at, repeated.size());
    CHECK(names == "connected disconnected connected draining disconnected closed");
    CHECK(log.first("connected").server() == server.url());
    CHECK(log.first("disconnected").server() == server.url());
    CHECK(log.first("disconnected").level() == log_level::warning);
    CHECK(log.first("connect_failed").level() == log_level::warning);
    CHECK(log.first("connect_failed").what().code() == errc::connection_refused);
    CHECK(log.first("reconnect_wait").text().find(" ms until the next attempt") !=
          std::string::npos);
    CHECK(log.first("closed").level() == log_level::info);
    CHECK(log.first("closed").what().code() == errc::drained);
}

TEST_CASE("L05 silent unless asked for, and at no level but the one asked for") {
    nats_server server;
    for (const log_level threshold : {log_level::off, log_level::error, log_level::warning}) {
        log_book log;
        run([&]() -> asio::awaitable<void> {
            conats::connect_options o(server.url());
            auto nc = co_await conats::connect(o.log(threshold, log.sink()));
            auto sub = co_await nc.subscribe("a");
            co_await nc.close();
        });
        INFO(log.text);
        CHECK(log.records.empty());
    }
    conats::connect_options without_sink(server.url());
    without_sink.log(log_level::info, nullptr);
    CHECK(without_sink.validate().code() == errc::invalid_options);
    CHECK(conats::connect_options().log_threshold() == log_level::off);
}

TEST_CASE("L05 each attempt and each subscription at level debug") {
    nats_server server;
    log_book log;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o("127.0.0.1:1, " + server.url());
        auto nc = co_await conats::connect(o.retain_order(true).log(log_level::debug, log.sink()));
        auto sub = co_await nc.subscribe("a");
        co_await nc.close();
    });
    INFO(log.text);
    CHECK(log.first("connecting").server() == "nats://127.0.0.1:1");
    CHECK(log.first("connecting").text() == "attempt 1");
    CHECK(log.text.find("debug connecting " + server.url() + ": attempt 2") != std::string::npos);
    CHECK(log.text.find("debug subscription_changed " + server.url() + ": active [a]") !=
          std::string::npos);
    CHECK(log.text.find("debug subscription_changed " + server.url() + ": closed: closed") !=
          std::string::npos);
}

TEST_CASE(
    "L05 what goes wrong: server errors, slow consumers, handlers, lame ducks, publications") {
    scripted_peer peer(std::vector<peer_script>{
        [](peer_session& s) {
            s.info().max_payload(1000);
            s.handshake();
            const auto slow = s.expect_subscribe();
            const auto handler = s.expect_subscribe();
            s.wait_for_test();
            s.send("-ERR 'Something Unheard Of'\r\n");
            s.send("-ERR 'Permissions Violation for Publish to \"secret.place\"'\r\n");
            for (int i = 0; i != 3; ++i)
                s.send_message("a", slow.back(), "x");
            s.send_message("b", handler.back(), "x");
            s.info().lame_duck(true);
            s.send_info();
            s.wait_for_test();
        },
        [](peer_session& s) {
            s.info().max_payload(10);
            s.handshake();
            s.serve();
        }});
    log_book log;
    run([&]() -> asio::awaitable<void> {
        auto o = fast(peer.url());
        o.reconnect_wait(700ms).log(log_level::warning, log.sink());
        auto nc = co_await conats::connect(o);
        auto slow = co_await nc.subscribe("a", conats::subscribe_options().pending_limits(1, 0));
        auto handler =
            nc.on("b", [](const conats::message&) { throw std::runtime_error("the handler's"); });
        peer.proceed();
        const bool told = co_await async_eventually([&] { return log.has("handler_failed"); });
        CHECK(told);
        peer.proceed();
        const bool lost = co_await reaches(nc, conats::status::reconnecting);
        CHECK(lost);
        CHECK_FALSE(nc.try_publish("too.large", "of 11 bytes"));
        const bool back = co_await reconnects(nc, 1);
        CHECK(back);
        const bool dropped = co_await async_eventually([&] { return log.has("publish_dropped"); });
        CHECK(dropped);
        co_await nc.close();
    });
    INFO(log.text);
    CHECK(log.first("server_error").what().text() == "Something Unheard Of");
    CHECK(log.first("permission_denied").what().subject() == "secret.place");
    CHECK(log.first("slow_consumer").what().subject() == "a");
    CHECK(log.first("handler_failed").level() == log_level::error);
    CHECK(log.first("handler_failed").what().text() == "the handler's");
    CHECK(log.first("publish_dropped").what().subject() == "too.large");
    CHECK_FALSE(log.has("lame_duck")); // that is level info
}

TEST_CASE("L05 a flood is cut short and summed up") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        s.send(flood(100));
        s.serve();
    });
    log_book log;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(peer.url());
        auto nc = co_await conats::connect(o.log(log_level::warning, log.sink()));
        // Without anything else to do the summary comes when its second is over.
        const bool summed_up = co_await async_eventually([&] { return log.records.size() == 11; });
        CHECK(summed_up);
        co_await nc.close();
    });
    INFO(log.text);
    CHECK(log.records.size() == 11);
    CHECK(log.text.find("server_error: 90 more of these were left out") != std::string::npos);
}

TEST_CASE("L05 what is left out is summed up at the end at the latest") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        s.send(flood(20));
        s.close();
    });
    log_book log;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(peer.url());
        auto nc = co_await conats::connect(o.max_reconnects(0).log(log_level::warning, log.sink()));
        const bool closed = co_await reaches(nc, conats::status::closed);
        CHECK(closed);
    });
    INFO(log.text);
    CHECK(log.has("closed"));
    CHECK(log.text.find("server_error: 10 more of these were left out") != std::string::npos);
}

TEST_CASE("L05 A25 no secret in the log, whatever fails") {
    nats_server server("authorization { token: other }");
    log_book log;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o("u:s3cr3t@127.0.0.1:1, s3cr3t@" + server.address());
        o.token("s3cr3t-t0k3n").log(log_level::debug, log.sink());
        conats::error e;
        auto none = co_await conats::connect(o, e);
        CHECK(e.code() == errc::authorization_violation);
    });
    INFO(log.text);
    CHECK(log.has("userinfo_ignored"));
    CHECK(log.first("auth_failed").level() == log_level::error);
    CHECK(log.first("auth_failed").server() == server.url());
    CHECK(log.first("closed").level() == log_level::error);
    CHECK(log.text.find("s3cr3t") == std::string::npos);
    CHECK(log.text.find("t0k3n") == std::string::npos);
}

TEST_CASE("L05 a connection without a look at the certificate is told each time") {
    const tls_files files;
    nats_server server(files.config());
    log_book log;
    run([&]() -> asio::awaitable<void> {
        conats::tls_options tls;
        tls.insecure_skip_verify(true);
        auto o = fast(tls_url(server.url()));
        auto nc = co_await conats::connect(o.tls(tls).log(log_level::warning, log.sink()));
        const bool told = co_await async_eventually([&] { return log.has("tls_not_verified"); });
        CHECK(told);
        CHECK_FALSE(nc.force_reconnect());
        const bool back = co_await reconnects(nc, 1);
        CHECK(back);
        co_await nc.close();
    });
    INFO(log.text);
    CHECK(std::count_if(log.records.begin(), log.records.end(),
                        [](const auto& r) { return r.event() == "tls_not_verified"; }) == 2);
}

TEST_CASE("L05 a sink that throws harms nobody, and records come one after the other") {
    nats_server server;
    std::mutex mutex; // held for each record: never by two threads at once
    std::set<std::string> overlaps;
    int told = 0;
    run_on_threads(4, [&]() -> asio::awaitable<void> {
        auto o = fast(server.url());
        o.log(log_level::debug, [&](const conats::log_record& r) {
            const std::unique_lock lock(mutex, std::try_to_lock);
            if (!lock.owns_lock())
                overlaps.emplace(r.event());
            ++told;
            throw std::runtime_error("the disk is full");
        });
        auto nc = co_await conats::connect(o);
        for (int i = 0; i != 20; ++i)
            auto sub = co_await nc.subscribe("a");
        co_await nc.flush();
        co_await nc.close();
    });
    CHECK(overlaps.empty());
    CHECK(told > 10);
}
