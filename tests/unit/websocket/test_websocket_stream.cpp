// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/memory_stream.hpp"
#include "support/run.hpp"
#include "support/websocket_frames.hpp"
#include "websocket/upgrade.hpp"
#include "websocket/websocket_stream.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace conats;
using namespace conats::test;
using namespace std::chrono_literals;
using namespace std::string_literals;
using impl::websocket_stream;

/// Passes on to a pipe, but can hold writes back, and fails one after so many bytes.
class troubled_stream final : public stream {
public:
    explicit troubled_stream(std::unique_ptr<memory_stream> inner) : inner_(std::move(inner)) {}

    asio::awaitable<std::size_t> read_some(asio::mutable_buffer to, error_code& ec) override {
        const auto n = co_await inner_->read_some(to, ec);
        co_return n;
    }
    asio::awaitable<std::size_t> write_some(std::span<const asio::const_buffer> from,
                                            error_code& ec) override {
        while (*held && !*closed) {
            auto executor = co_await asio::this_coro::executor;
            co_await asio::post(executor, asio::use_awaitable);
        }
        if (*fails_after == 0 || *closed) {
            ec = asio::error::connection_reset;
            co_return 0;
        }
        inner_->max_step = *fails_after;
        const auto n = co_await inner_->write_some(from, ec);
        if (*fails_after != never)
            *fails_after -= n;
        co_return n;
    }
    asio::awaitable<void> wait_readable(error_code& ec) override {
        ++*waits;
        ec.clear();
        co_return;
    }
    asio::awaitable<void> shutdown() override {
        *shut = true;
        co_return;
    }
    void close() noexcept override {
        *closed = true;
        inner_->close();
    }

    static constexpr std::size_t never = static_cast<std::size_t>(-1);
    std::shared_ptr<bool> held = std::make_shared<bool>(false);
    std::shared_ptr<bool> shut = std::make_shared<bool>(false);
    std::shared_ptr<int> waits = std::make_shared<int>(0);
    std::shared_ptr<bool> closed = std::make_shared<bool>(false);
    std::shared_ptr<std::size_t> fails_after = std::make_shared<std::size_t>(never);

private:
    std::unique_ptr<memory_stream> inner_;
};

/// Both ends of a WebSocket that has come about.
struct pair {
    explicit pair(const asio::any_io_executor& ex, websocket_options o = {}) {
        memory_pipe pipe(ex);
        server = std::move(pipe.server);
        auto lower = std::make_unique<troubled_stream>(std::move(pipe.client));
        held = lower->held;
        shut = lower->shut;
        waits = lower->waits;
        fails_after = lower->fails_after;
        auto setup = std::make_shared<impl::websocket_setup>();
        setup->options = std::move(o);
        setup->target.scheme("ws").host("h").port(80).executor(ex);
        client = std::make_unique<websocket_stream>(std::move(lower), std::move(setup));
    }

    /// Answers the handshake, with `behind` in the same write.
    asio::awaitable<void> answer(std::string fields, std::string behind) {
        std::string key;
        for (auto line = co_await server->read_line(); !line.empty();) {
            if (line.starts_with("Sec-WebSocket-Key: "))
                key = line.substr(19);
            line = co_await server->read_line();
        }
        auto head = "HTTP/1.1 101 Hello\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
                    "Sec-WebSocket-Accept: " +
                    impl::accept_of(key) + "\r\n" + fields + "\r\n" + behind;
        co_await server->write_all(std::move(head));
    }

    asio::awaitable<error> open(std::string fields = "", std::string behind = "") {
        auto executor = co_await asio::this_coro::executor;
        asio::co_spawn(executor, answer(std::move(fields), std::move(behind)), asio::detached);
        error e = co_await client->handshake();
        co_return e;
    }

    /// So many bytes, in reads of at most `step`; less at the end.
    asio::awaitable<std::string> read(std::size_t size, std::size_t step, error_code& ec) {
        std::string all;
        std::vector<char> room(step);
        while (all.size() < size && !ec) {
            const auto want = std::min(step, size - all.size());
            const auto n = co_await client->read_some(asio::mutable_buffer(room.data(), want), ec);
            all.append(room.data(), n);
        }
        co_return all;
    }

    asio::awaitable<std::size_t> write(std::string_view text, error_code& ec) {
        const asio::const_buffer all(text.data(), text.size());
        const auto n = co_await client->write_some({&all, 1}, ec);
        co_return n;
    }

    /// The next frames of the client; waits for the first.
    asio::awaitable<std::vector<client_frame>> frames() {
        for (;;) {
            auto all = take_client_frames(unread);
            if (!all.empty())
                co_return all;
            std::string room(100'000, '\0');
            error_code ec;
            const auto n = co_await server->read_some(asio::buffer(room), ec);
            if (ec)
                throw std::runtime_error("the client closed");
            unread.append(room, 0, n);
        }
    }

    std::unique_ptr<memory_stream> server;
    std::unique_ptr<websocket_stream> client;
    std::shared_ptr<bool> held;
    std::shared_ptr<bool> shut;
    std::shared_ptr<int> waits;
    std::shared_ptr<std::size_t> fails_after;
    std::string unread;
};

constexpr auto agreed = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                        "client_no_context_takeover\r\n";

websocket_options with_compression() {
    return websocket_options().compression(true);
}

std::string packed(std::string_view message) {
    std::string out;
    impl::deflater().pack(message, out);
    return out;
}

/// Runs `body(pair)` after the handshake.
template <class Body>
void with_pair(Body body, websocket_options o = {}, std::string fields = "") {
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        pair p(executor, std::move(o));
        const error e = co_await p.open(std::move(fields));
        CHECK_FALSE(e);
        co_await body(p);
    });
}

} // namespace

TEST_CASE("G01 bytes arrive whatever the frames, the pieces and the room, also behind the answer") {
    const auto behind = server_frame(0x82, "INFO {}\r\n");
    const auto rest = server_frame(0x02, "PI") + server_frame(0x89, "?") + server_frame(0x00, "") +
                      server_frame(0x80, "NG\r\n") + server_frame(0x82, std::string(70'000, 'x'));
    const auto expected = "INFO {}\r\nPING\r\n" + std::string(70'000, 'x');
    for (const std::size_t pieces : {1U, 3U, 1000U, 1'000'000U})
        for (const std::size_t room : {5U, 100U, 100'000U})
            for (const bool compression : {false, true})
                run([&]() -> asio::awaitable<void> {
                    auto executor = co_await asio::this_coro::executor;
                    websocket_options o;
                    o.compression(compression);
                    pair p(executor, std::move(o));
                    p.server->max_step = pieces;
                    std::string fields;
                    if (compression)
                        fields = agreed;
                    const error e = co_await p.open(std::move(fields), behind + rest);
                    CHECK_FALSE(e);
                    error_code ec;
                    const auto got = co_await p.read(expected.size(), room, ec);
                    CHECK_FALSE(ec);
                    CHECK(got == expected);
                });
}

TEST_CASE("G03 packed messages arrive whatever the room, between others") {
    const auto big = "a" + std::string(200'000, 'y');
    const auto first = packed("first ");
    const auto input = server_frame(0x42, first.substr(0, 2)) + server_frame(0x89, "") +
                       server_frame(0x80, first.substr(2)) + server_frame(0x82, "second ") +
                       server_frame(0xc2, packed(big)) + server_frame(0xc2, packed("third"));
    const auto expected = "first second " + big + "third";
    for (const std::size_t room : {1U, 100U, 4096U, 1'000'000U})
        with_pair(
            [&](pair& p) -> asio::awaitable<void> {
                co_await p.server->write_all(input);
                error_code ec;
                const auto got = co_await p.read(expected.size(), room, ec);
                CHECK_FALSE(ec);
                CHECK(got == expected);
            },
            with_compression(), agreed);
}

TEST_CASE("A WebSocket waits for what is below it, but not while it has something to give") {
    for (const bool compression : {false, true}) {
        CAPTURE(compression);
        std::string fields;
        if (compression)
            fields = agreed;
        with_pair(
            [&](pair& p) -> asio::awaitable<void> {
                error_code ec = asio::error::eof;
                co_await p.client->wait_readable(ec);
                CHECK_FALSE(ec);
                CHECK(*p.waits == 1);
                auto frame = server_frame(0x82, "hello");
                if (compression)
                    frame = server_frame(0xc2, packed("hello")) + server_frame(0x82, "");
                co_await p.server->write_all(frame);
                auto got = co_await p.read(2, 2, ec);
                const int before = *p.waits;
                co_await p.client->wait_readable(ec);
                CHECK(*p.waits == before + (compression ? 0 : 1));
                got += co_await p.read(3, 100, ec);
                CHECK(got == "hello");
                // Its end is there as soon as it is known.
                co_await p.server->write_all(server_frame(0x88, ""));
                (void)co_await p.read(1, 1, ec);
                CHECK(ec);
                const int at_end = *p.waits;
                co_await p.client->wait_readable(ec);
                CHECK_FALSE(ec);
                CHECK(*p.waits == at_end);
            },
            websocket_options().compression(compression), fields);
    }
}

TEST_CASE("G01 what is written goes out in masked binary frames of at most 64 KiB") {
    with_pair([](pair& p) -> asio::awaitable<void> {
        const std::string big(70'000, 'z');
        const std::array<asio::const_buffer, 3> pieces{asio::buffer("PUB a 70000\r\n", 13),
                                                       asio::buffer(big), asio::buffer("\r\n", 2)};
        error_code ec;
        const auto n = co_await p.client->write_some(pieces, ec);
        CHECK_FALSE(ec);
        CHECK(n == 65536);
        const auto first = co_await p.frames();
        REQUIRE(first.size() == 1);
        CHECK(first[0].first == 0x82);
        CHECK(first[0].is_masked);
        CHECK(first[0].payload == "PUB a 70000\r\n" + big.substr(0, 65536 - 13));
        const auto m = co_await p.write("PING\r\n", ec);
        CHECK(m == 6);
        const auto second = co_await p.frames();
        REQUIRE(second.size() == 1);
        CHECK(second[0].payload == "PING\r\n");
        CHECK(second[0].mask != first[0].mask);
    });
}

TEST_CASE("G03 what is written goes out packed, but not what is too small") {
    with_pair(
        [](pair& p) -> asio::awaitable<void> {
            const std::string big(40'000, 'z');
            error_code ec;
            const auto n = co_await p.write(big, ec);
            CHECK(n == 32768);
            const auto m = co_await p.write("PING\r\n", ec);
            CHECK(m == 6);
            auto all = co_await p.frames();
            REQUIRE(all.size() == 2);
            CHECK(all[0].first == 0xc2);
            CHECK(all[0].payload.size() < 1000);
            std::string out(40'000, '\0');
            impl::inflater i(false);
            std::string_view input = all[0].payload;
            CHECK(i.unpack(input, out.data(), out.size()) == n);
            CHECK(all[1].first == 0x82);
            CHECK(all[1].payload == "PING\r\n");
        },
        with_compression(), agreed);
}

TEST_CASE("G01 a ping is answered at once, and after a frame that is being written") {
    with_pair([](pair& p) -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        error_code read_ec;
        std::string got;
        const auto reader = [&]() -> asio::awaitable<void> {
            got = co_await p.read(3, 100, read_ec);
        };
        asio::co_spawn(executor, reader(), asio::detached);
        co_await p.server->write_all(server_frame(0x89, "one"));
        auto all = co_await p.frames();
        REQUIRE(all.size() == 1);
        CHECK(all[0].first == 0x8a);
        CHECK(all[0].payload == "one");

        *p.held = true;
        std::size_t written = 0;
        error_code write_ec;
        const auto writer = [&]() -> asio::awaitable<void> {
            written = co_await p.write("data", write_ec);
        };
        asio::co_spawn(executor, writer(), asio::detached);
        co_await p.server->write_all(server_frame(0x89, "two") + server_frame(0x89, "three") +
                                     server_frame(0x82, "end"));
        const bool is_read = co_await async_eventually([&] { return got == "end"; });
        CHECK(is_read);
        CHECK(written == 0);
        *p.held = false;
        all = co_await p.frames();
        if (all.size() == 1) {
            const auto more = co_await p.frames();
            all.insert(all.end(), more.begin(), more.end());
        }
        REQUIRE(all.size() == 2);
        CHECK(all[0].payload == "data");
        CHECK(all[1].first == 0x8a);
        CHECK(all[1].payload == "three"); // the last one alone
        CHECK(written == 4);
    });
}

TEST_CASE("G01 the server's close is answered and ends reading, after what came before it") {
    struct row {
        std::string payload;
        std::string words;
        row(std::string p, std::string w) : payload(std::move(p)), words(std::move(w)) {}
    };
    for (const auto& r : {row("", error_code(asio::error::eof).message()),
                          row("\x03\xe8", error_code(asio::error::eof).message()),
                          row("\x03\xe9", "the server closed the WebSocket with status 1001 "
                                          "(going away)")})
        with_pair([&](pair& p) -> asio::awaitable<void> {
            co_await p.server->write_all(server_frame(0x82, "last") +
                                         server_frame(0x88, r.payload));
            error_code ec;
            auto got = co_await p.read(5, 100, ec);
            CHECK(got == "last");
            CHECK(ec.message() == r.words);
            const auto all = co_await p.frames();
            REQUIRE(all.size() == 1);
            CHECK(all[0].first == 0x88);
            CHECK(all[0].payload == "\x03\xe8");
            ec = {};
            const auto n = co_await p.write("too late", ec);
            CHECK(n == 0);
            CHECK(ec);
        });
}

TEST_CASE("G06 a broken protocol ends reading and says so to the server") {
    const auto fails = [](const std::string& input, const std::string& status,
                          const std::string& words, websocket_options o, std::string fields) {
        with_pair(
            [&](pair& p) -> asio::awaitable<void> {
                co_await p.server->write_all(server_frame(0x82, "ok") + input);
                error_code ec;
                const auto got = co_await p.read(5000, 100, ec);
                CHECK(got == "ok");
                CHECK(ec == condition::protocol);
                CHECK(ec.message() == words);
                const auto all = co_await p.frames();
                REQUIRE(all.size() == 1);
                CHECK(all[0].first == 0x88);
                CHECK(all[0].payload == status);
            },
            std::move(o), std::move(fields));
    };
    websocket_options small;
    small.max_frame_size(2000);
    fails(server_frame(0x82, std::string(2001, 'x')), "\x03\xf1",
          "the server sent a frame larger than max_frame_size", small, "");
    fails(server_frame(0xc2, "x"), "\x03\xea",
          "the server sent a compressed frame that was not agreed on", small, "");
    fails(server_frame(0xc2, "\x07\xff\xff"), "\x03\xea",
          "the server sent a compressed message that does not unpack", with_compression(), agreed);
}

TEST_CASE("G01 a write that fails counts what the server may have got of it") {
    struct row {
        std::size_t lower; // bytes it takes before it fails
        std::size_t counted;
        bool compression;
    };
    // The header has 8 bytes, the payload 200.
    for (const row r : {row{0, 0, false}, row{8, 0, false}, row{9, 1, false}, row{207, 199, false},
                        row{0, 0, true}, row{1, 200, true}}) {
        CAPTURE(r.lower, r.compression);
        websocket_options o;
        o.compression(r.compression);
        with_pair(
            [&](pair& p) -> asio::awaitable<void> {
                *p.fails_after = r.lower;
                const std::string text(200, 'x');
                error_code ec;
                auto n = co_await p.write(text, ec);
                CHECK(n == r.counted);
                CHECK(ec.failed() == (n == 0));
                ec = {};
                n = co_await p.write(text, ec);
                CHECK(n == 0);
                CHECK(ec == asio::error::connection_reset);
            },
            std::move(o), r.compression ? agreed : "");
    }
}

TEST_CASE("G01 shutdown says good-bye after what is being written") {
    with_pair([](pair& p) -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        *p.held = true;
        const auto writer = [&]() -> asio::awaitable<void> {
            error_code ec;
            (void)co_await p.write("data", ec);
        };
        asio::co_spawn(executor, writer(), asio::detached);
        const auto leave = [&]() -> asio::awaitable<void> { co_await p.client->shutdown(); };
        asio::co_spawn(executor, leave(), asio::detached);
        *p.held = false;
        const bool is_shut = co_await async_eventually([&] { return *p.shut; });
        CHECK(is_shut);
        const auto all = co_await p.frames();
        REQUIRE(all.size() == 2);
        CHECK(all[0].payload == "data");
        CHECK(all[1].first == 0x88);
        CHECK(all[1].payload == "\x03\xe8");
    });
}

TEST_CASE("G01 closing ends a handshake, a read and a write") {
    run([]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        pair p(executor);
        asio::post(executor, [&] { p.client->close(); });
        const error e = co_await p.client->handshake();
        CHECK(e.code() == errc::connection_failed);
    });
    with_pair([](pair& p) -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        *p.held = true;
        bool is_written = false;
        const auto writer = [&]() -> asio::awaitable<void> {
            error_code ec;
            (void)co_await p.write("data", ec);
            is_written = true;
        };
        asio::co_spawn(executor, writer(), asio::detached);
        asio::post(executor, [&] { p.client->close(); });
        error_code ec;
        (void)co_await p.read(1, 1, ec);
        CHECK(ec);
        const bool is_over = co_await async_eventually([&] { return is_written; });
        CHECK(is_over);
    });
}
