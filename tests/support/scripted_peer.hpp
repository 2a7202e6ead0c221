// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/info_builder.hpp"
#include "support/timing.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace conats::test {

/// A PUB or HPUB as the peer received it.
class peer_publish {
public:
    std::string subject;
    std::string reply;
    std::string headers; ///< the block as it came, empty for PUB
    std::string payload;

    peer_publish() {} // not an aggregate, for g++ 12
};

/// One connection, as its script sees it. Every step has a deadline; a step that fails ends the
/// script (by an exception the script should let pass) and is kept for scripted_peer::result().
/// Scripts run outside the test's thread, so no Catch2 macros in them: throw, or call fail().
class peer_session {
public:
    // --- sending
    void send(std::string_view bytes);
    /// The first `at` bytes, and the rest once the client has read those.
    void send_split(std::string_view bytes, std::size_t at);
    /// Each byte on its own, once the client has read the one before.
    void send_bytewise(std::string_view bytes);
    /// In pieces of at most `size` bytes.
    void send_in_pieces(std::string_view bytes, std::size_t size);
    void send_info();
    void send_info(const info_builder& info);
    /// `MSG <subject> <sid> [reply] <size>` and the payload.
    void send_message(std::string_view subject, std::string_view sid, std::string_view payload,
                      std::string_view reply = {});

    // --- receiving
    /// The next line, without CRLF.
    [[nodiscard]] std::string line();
    /// Exactly so many bytes.
    [[nodiscard]] std::string read(std::size_t size);
    /// The next line has to begin with `prefix`; returns it.
    std::string expect(std::string_view prefix);
    /// The next line has to satisfy a predicate; `what` describes it in the result.
    std::string expect(const std::function<bool(std::string_view)>& accepts, std::string_view what);
    /// CONNECT; returns its JSON.
    boost::json::object expect_connect();
    /// PUB or HPUB with its payload.
    peer_publish expect_publish();
    /// SUB; returns its words: subject, [queue], sid.
    std::vector<std::string> expect_subscribe();
    /// INFO, then CONNECT and PING, then PONG. Returns CONNECT's JSON.
    boost::json::object handshake();

    // --- waiting
    /// Neither reads nor writes for so long (scaled).
    void stall(duration span);
    /// Neither reads nor writes until the test calls scripted_peer::proceed() or destroys the peer.
    void stop_reading();
    /// The same by its other purpose: go on when the test says so.
    void wait_for_test();
    /// Reads until the client closes.
    void wait_closed();
    /// Answers PING with PONG until the client closes; skips everything else. result() does not
    /// wait for a script that has come to this.
    void serve();

    // --- ending
    /// Orderly: all that was sent arrives, then the end of the stream. The end of the script does
    /// the same.
    void close();
    /// With RST: the client may lose what it has not read.
    void reset();
    [[noreturn]] void fail(const std::string& why) const;

    /// 0 for the peer's first connection.
    [[nodiscard]] std::size_t index() const;
    [[nodiscard]] info_builder& info();

private:
    friend class scripted_peer;
    class impl;
    explicit peer_session(impl& session);

    impl& impl_;
};

using peer_script = std::function<void(peer_session&)>;

/// How a scripted_peer listens.
class peer_options {
public:
    peer_options() {} // not an aggregate, for g++ 12

    /// SO_RCVBUF of its connections; small, so that a client is soon blocked in writing.
    peer_options& receive_buffer(int bytes);
    /// What every step may take; 5 s unless told, scaled.
    peer_options& step_deadline(duration span);
    peer_options& host(std::string address);
    peer_options& info(info_builder value);

private:
    friend class scripted_peer;
    friend class peer_session;

    int receive_buffer_ = 0;
    duration step_ = std::chrono::seconds(5);
    std::string host_ = "127.0.0.1";
    info_builder info_;
};

/// A server that does what its script says, on 127.0.0.1 and a free port, in threads of its own.
/// The script runs once per connection. With several scripts the first connection gets the first
/// one, and so on; the last is repeated.
///
///     scripted_peer peer([](peer_session& s) {
///         s.handshake();
///         s.send_split("MSG a 1 5\r\nhello\r\n", 7);
///         s.wait_closed();
///     });
///     ... connect(peer.url()) ...
///     CHECK(peer.result() == "ok");
class scripted_peer {
public:
    explicit scripted_peer(const peer_script& script);
    explicit scripted_peer(std::vector<peer_script> scripts);
    scripted_peer(peer_options options, const peer_script& script);
    scripted_peer(peer_options options, std::vector<peer_script> scripts);
    scripted_peer(const scripted_peer&) = delete;
    scripted_peer& operator=(const scripted_peer&) = delete;
    /// Ends every script and closes every connection.
    ~scripted_peer();

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::string host() const;
    [[nodiscard]] std::string url() const;
    [[nodiscard]] std::string url(std::string_view userinfo) const;

    /// "ok", or what went wrong first: `connection 0: expected "PING", got "PUB a 1"`. Waits until
    /// so many connections were made and the scripts of all of them have ended, or wait for the
    /// test, or only serve; bounded.
    [[nodiscard]] std::string result(std::size_t least_connections = 1) const;
    /// Connections accepted so far.
    [[nodiscard]] std::size_t connections() const;
    /// Everything received so far, on all connections or on one.
    [[nodiscard]] std::string received() const;
    [[nodiscard]] std::string received(std::size_t connection) const;

    /// Lets one script that waits for the test go on, now or when it comes to that.
    void proceed();

private:
    friend class peer_session;
    class impl;
    std::unique_ptr<impl> impl_;
};

} // namespace conats::test
