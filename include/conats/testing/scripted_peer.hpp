// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/connect_options.hpp>
#include <conats/fwd.hpp>
#include <conats/testing/broker_options.hpp>
#include <conats/transport.hpp>

#include <boost/asio/any_io_executor.hpp>

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
namespace testing {

namespace impl {
struct script_step;
class script_runner;
} // namespace impl

/// How a connection of a scripted peer fails.
enum class script_failure : std::uint8_t {
    close, ///< orderly: what was said arrives, then the end of the stream
    reset, ///< a reset: what was said last may be lost
    stall, ///< neither reads nor writes any more
};

std::string_view to_string(script_failure f) noexcept;
std::ostream& operator<<(std::ostream& os, script_failure f);

/// What a server says and hears on one connection, step by step. A value; each step returns
/// `*this`. Behind the last step the connection is closed.
///
///     script s;
///     s.handshake().expect_line("SUB greet ").message("greet", "hello").serve();
class script {
public:
    /// Whether a line is the expected one.
    using line_predicate = std::function<bool(std::string_view line)>;

    script();

    // --- what the client has to say

    /// Exactly these bytes.
    script& expect(std::string bytes);
    /// A line that begins so.
    script& expect_line(std::string prefix);
    /// A line that satisfies `accepts`, which is described by `what` in results. It is given
    /// without its CRLF.
    script& expect_line(line_predicate accepts, std::string what);
    /// A PUB or HPUB to this subject with this payload.
    script& expect_publish(std::string subject, std::string payload);

    // --- what it hears

    /// Exactly these bytes.
    script& reply(std::string bytes);
    /// MSG to the last subscription that was expected and matches the subject.
    script& message(std::string subject, std::string payload, std::string reply = {});
    /// INFO as a broker with these options sends it.
    script& info(const broker_options& options = broker_options());
    /// INFO, then CONNECT and PING are expected, then PONG.
    script& handshake(const broker_options& options = broker_options());

    // --- else

    /// Goes on after so long.
    script& wait(std::chrono::nanoseconds d);
    /// Answers PINGs, takes what else comes, until the client closes.
    script& serve();
    /// Ends here.
    script& fail(script_failure how);
    /// Ends here with the end of the stream.
    script& close() { return fail(script_failure::close); }
    /// Ends here with a reset.
    script& reset() { return fail(script_failure::reset); }
    /// Neither reads nor writes any more.
    script& stall() { return fail(script_failure::stall); }

    // --- the same otherwise

    /// How many there are.
    [[nodiscard]] std::size_t steps() const noexcept;
    /// A step in words.
    [[nodiscard]] std::string describe(std::size_t step) const;
    /// The first `step` steps, and then a failure.
    [[nodiscard]] script cut(std::size_t step, script_failure how) const;
    /// Everything it says in pieces of `size` bytes, each read on its own.
    [[nodiscard]] script in_pieces(std::size_t size) const;
    /// Everything it says in two pieces, the first of `bytes` bytes over all steps.
    [[nodiscard]] script split_at(std::size_t bytes) const;
    /// Bytes it says; the sid of a `message`, which is the client's choice, counts as one digit.
    [[nodiscard]] std::size_t bytes() const noexcept;

private:
    friend class impl::script_runner;

    script& add(impl::script_step step);

    std::shared_ptr<const std::vector<impl::script_step>> steps_;
    std::size_t piece_ = 0;
    std::size_t split_ = 0;
};

/// Plays a script that fails at each of its steps in turn, in each of the three ways. `what` says
/// which: `reset before step 2 (expects a line "PING")`.
void for_each_failure(
    const script& s,
    const std::function<void(const script& variant, const std::string& what)>& play);

/// Plays a script in which everything comes byte by byte, and then in two pieces for each place
/// where it can be split.
void for_each_split(
    const script& s,
    const std::function<void(const script& variant, const std::string& what)>& play);

/// A server that does what a script says, in memory and without threads: what a client has to say
/// is looked at in the client's own write.
///
///     scripted_peer peer(script().handshake().serve());
///     auto nc = co_await conats::connect(peer.connect_options());
///     ...
///     CHECK(peer.result() == "ok");
///
/// Lifetime and thread safety: as `broker`.
class scripted_peer {
public:
    /// Every connection gets this script.
    explicit scripted_peer(script s);
    /// The first connection gets the first script and so on; the last one is repeated.
    explicit scripted_peer(std::vector<script> scripts);
    scripted_peer(const scripted_peer&) = delete;
    scripted_peer& operator=(const scripted_peer&) = delete;
    ~scripted_peer();

    /// As `broker::connect_options`.
    [[nodiscard]] conats::connect_options connect_options() const;
    /// As `broker::transport`.
    [[nodiscard]] conats::transport transport() const;
    /// As `broker::connect_stream`.
    [[nodiscard]] std::unique_ptr<stream> connect_stream(const transport_target& target) const;
    /// Listens on 127.0.0.1 as well; see `broker::listen`. There pieces may come together.
    std::uint16_t listen(const asio::any_io_executor& executor, std::uint16_t port = 0);

    /// "ok" when there was a connection, every one has come to its script's end (`serve` and
    /// `stall` are ends) and all was as expected. Else what went wrong first, or what is waited
    /// for: `connection 0, step 3 expects a line "PING", got "PUB a 1"`.
    [[nodiscard]] std::string result() const;
    /// Connections so far.
    [[nodiscard]] std::size_t connections() const;
    /// What was said on a connection, from 0; empty if there is none.
    [[nodiscard]] std::string received(std::size_t connection = 0) const;

private:
    class state;
    std::shared_ptr<state> state_;
};

} // namespace testing
} // namespace v0
} // namespace conats
