// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/testing/broker_options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace conats {
inline namespace v0 {
/// For tests of programs that use conats: servers in memory, a proxy that spoils the network, a
/// clock.
namespace testing {

/// A connection of a broker: the client_id of its INFO, from 1, never used twice. 0 is none.
using connection_id = std::uint64_t;

/// How a connection of a broker goes on.
enum class broker_end : std::uint8_t {
    open,         ///< it does
    after_output, ///< to be closed when the output is written
    at_once,      ///< to be reset: the output is lost
    gone,         ///< there is no such connection
};

/// A message as the hooks of a broker see it. Views into the broker's memory, valid in the call.
struct broker_message {
    connection_id from = 0;   ///< who publishes it; 0: the broker
    connection_id to = 0;     ///< 0 while it is being published
    std::string_view sid;     ///< of the subscription it goes to; empty while it is being published
    std::string_view subject; ///< where it is going
    std::string_view reply;   ///< where answers are to go; empty: nowhere
    std::string_view headers; ///< the block as it came; empty: none
    std::string_view payload; ///< what it carries
};

/// What a hook wants done with a message.
enum class broker_verdict : std::uint8_t {
    pass,  ///< it goes on
    drop,  ///< as if it had not been there; a client in verbose mode still gets its +OK
    close, ///< drop it and close the connection it came from, or was to go to
    reset, ///< the same with a reset
};

std::string_view to_string(broker_end e) noexcept;
std::ostream& operator<<(std::ostream& os, broker_end e);
std::string_view to_string(broker_verdict v) noexcept;
std::ostream& operator<<(std::ostream& os, broker_verdict v);

/// Decides on each message, in the call that publishes or delivers it.
using broker_hook = std::function<broker_verdict(const broker_message&)>;

/// Counters since the broker was made, and what there is now.
struct broker_statistics {
    std::uint64_t in_messages = 0;       ///< PUB and HPUB that were read, whether allowed or not
    std::uint64_t in_bytes = 0;          ///< their headers and payload
    std::uint64_t out_messages = 0;      ///< MSG and HMSG written, without 503
    std::uint64_t out_bytes = 0;         ///< their headers and payload
    std::uint64_t no_responders = 0;     ///< 503 written
    std::uint64_t slow_consumers = 0;    ///< connections cut off
    std::uint64_t total_connections = 0; ///< accepted
    std::uint64_t connections = 0;       ///< open now
    std::uint64_t subscriptions = 0;     ///< now
};

/// A subscription the broker has.
struct broker_subscription {
    broker_subscription() {}      // not an aggregate, for g++ 12
    connection_id connection = 0; ///< whose it is
    std::string sid;              ///< its number, by the client
    std::string subject;          ///< maybe with wildcards
    std::string queue;            ///< its queue group; empty: none
    std::uint64_t delivered = 0;  ///< messages it has got
    std::uint64_t max = 0;        ///< UNSUB's; 0: none
};

/// A connection the broker has.
struct broker_client {
    broker_client() {}               // not an aggregate, for g++ 12
    connection_id id = 0;            ///< its number, by the broker
    bool connected = false;          ///< it has sent CONNECT and was let in
    std::string name;                ///< what CONNECT says, and so on
    std::string lang;                ///< of the client
    std::string version;             ///< of the client
    std::string user;                ///< empty where it gave none
    int protocol = 0;                ///< 1: it takes INFO at any time
    bool verbose = false;            ///< it wants +OK
    bool pedantic = false;           ///< it wants subjects checked
    bool echo = true;                ///< it wants its own messages
    bool headers = false;            ///< it takes headers
    bool no_responders = false;      ///< it wants 503
    std::uint64_t in_messages = 0;   ///< it has sent
    std::uint64_t in_bytes = 0;      ///< their headers and payload
    std::uint64_t out_messages = 0;  ///< it has got
    std::uint64_t out_bytes = 0;     ///< their headers and payload
    std::uint64_t subscriptions = 0; ///< it has now
};

/// A NATS server as a pure state machine: bytes in, bytes out, without sockets, clock or threads.
/// The same calls give the same bytes, and these are the bytes of nats-server.
///
///     broker_core core;
///     const connection_id c = core.open(now);
///     core.receive(c, "CONNECT {}\r\nPING\r\n", now);
///     send(core.output(c));               // INFO, +OK, PONG
///     core.consume(c, core.output(c).size());
///
/// It knows core NATS: publish, subscribe with wildcards and queue groups, unsubscribe after a
/// number, headers, no responders, token and user authentication, permissions, limits, lame duck
/// mode. No JetStream, accounts, nkeys, TLS or clusters.
///
/// Whoever drives it asks `take_changed` after every call that may have produced output, writes
/// it, closes what `end` says is to be closed, tells of every end by `closed`, and calls `advance`
/// at `next_deadline`.
///
/// Thread safety: none; hooks must not call the core.
class broker_core {
public:
    /// What time is told by.
    using clock = std::chrono::steady_clock;
    /// A point of it.
    using time_point = clock::time_point;
    /// 64 random bits per call: which member of a queue group gets a message, when a first PING
    /// is sent, in which order lame duck mode closes connections.
    using random_source = std::function<std::uint64_t()>;

    /// Without a random source it has one of its own, seeded with a constant.
    explicit broker_core(broker_options options = broker_options(), random_source random = {});
    broker_core(broker_core&&) noexcept;
    broker_core& operator=(broker_core&&) noexcept;
    ~broker_core();

    // --- connections

    /// A client connects; INFO is its output. 0 in lame duck mode and after `shut_down`: nobody
    /// listens then. `client_ip` is what INFO says of it.
    connection_id open(time_point now, std::string_view client_ip = "127.0.0.1");
    /// The client sent something. How it is split does not matter. Ignored for a connection that is
    /// to be closed.
    void receive(connection_id id, std::string_view bytes, time_point now);
    /// The connection has ended, whoever ended it. It is forgotten, with its subscriptions.
    void closed(connection_id id);

    /// What is to be sent; valid until the next call that is not const. Empty if there is no such
    /// connection.
    [[nodiscard]] std::string_view output(connection_id id) const noexcept;
    /// So many bytes of the output have been sent.
    void consume(connection_id id, std::size_t bytes) noexcept;
    /// How the connection goes on; `gone` if there is none.
    [[nodiscard]] broker_end end(connection_id id) const noexcept;

    /// The next connection that has got output or an end since it was last named here; 0: none.
    [[nodiscard]] connection_id take_changed() noexcept;

    // --- time

    /// When `advance` has something to do; `time_point::max()`: never.
    [[nodiscard]] time_point next_deadline() const;
    /// Sends PINGs, closes what has timed out.
    void advance(time_point now);

    // --- what an operator does

    /// Tells clients, takes no new ones, closes them one by one, then shuts down.
    void lame_duck(time_point now);
    /// Whether it has told clients to leave.
    [[nodiscard]] bool in_lame_duck() const noexcept;
    /// Closes every connection and takes no new one.
    void shut_down();
    /// Takes connections again after `shut_down` or lame duck mode. Client ids go on.
    void start();
    /// Whether `open` takes clients.
    [[nodiscard]] bool accepting() const noexcept;
    /// Replaces the other servers of the cluster and tells clients.
    void connect_urls(std::vector<std::string> urls);
    /// Replaces everything; connections and their users stay, new ones follow the new options.
    void reload(broker_options options);
    /// Those it goes by now.
    [[nodiscard]] const broker_options& options() const noexcept;

    /// Publishes as a client without permissions or limits would; `from` is 0 for hooks. False if
    /// it reached nobody, or if no client could publish to such a subject.
    bool publish(std::string_view subject, std::string_view reply, std::string_view payload);

    // --- faults

    /// Sees each PUB and HPUB that is allowed, before it goes anywhere.
    void on_publish(broker_hook hook);
    /// Sees each MSG and HMSG before it is written.
    void on_deliver(broker_hook hook);
    /// Adds any bytes to the output.
    void send(connection_id id, std::string_view bytes);
    /// Sends INFO as it is now.
    void send_info(connection_id id);
    /// Sends -ERR; the connection goes on.
    void send_error(connection_id id, std::string_view text);
    /// Closes the connection when the output is sent, behind an -ERR if there is a text.
    void close(connection_id id, std::string_view text = {});
    /// Resets the connection; its output is lost.
    void reset(connection_id id);
    /// While it is deaf what a connection sends is lost, PING and PONG as well.
    void deafen(connection_id id, bool on = true);

    // --- what there is

    /// How much came and went.
    [[nodiscard]] broker_statistics statistics() const noexcept;
    /// In the order they were made.
    [[nodiscard]] std::vector<broker_subscription> subscriptions() const;
    [[nodiscard]] std::vector<broker_subscription> subscriptions(connection_id id) const;
    /// How many subscriptions a message to this subject would find, queue groups counted by member.
    [[nodiscard]] std::size_t interest(std::string_view subject) const;
    /// In the order they were opened.
    [[nodiscard]] std::vector<broker_client> clients() const;
    /// Those that are open, in the order they were opened.
    [[nodiscard]] std::vector<connection_id> connections() const;

private:
    class state;
    std::unique_ptr<state> state_;
};

} // namespace testing
} // namespace v0
} // namespace conats
