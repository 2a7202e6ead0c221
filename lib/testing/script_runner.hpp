// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/testing/scripted_peer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conats {
inline namespace v0 {
namespace testing {
namespace impl {

enum class step_kind : std::uint8_t {
    expect_bytes,
    expect_line,
    expect_publish,
    reply,
    message,
    wait,
    serve,
    fail,
};

struct script_step {
    script_step() {} // not an aggregate, for g++ 12

    step_kind kind = step_kind::reply;
    std::string text;    ///< bytes, prefix, or subject
    std::string payload; ///< of a publish or message
    std::string reply;
    script::line_predicate accepts;
    std::chrono::nanoseconds span{};
    script_failure failure = script_failure::close;
};

/// "hello\r\n" with what is not printable as escapes, at most so many bytes of it.
std::string excerpt(std::string_view bytes);
/// A step in words.
std::string describe(const script_step& step);
/// What a message step says to the subscription with this sid.
std::string message_operation(const script_step& step, std::string_view sid);

/// One connection's way through a script: bytes and time in, bytes out. It never waits.
class script_runner {
public:
    using time_point = std::chrono::steady_clock::time_point;
    enum class end_kind : std::uint8_t { open, eof, reset };

    explicit script_runner(script s) : script_(std::move(s)) {}

    /// What the client says.
    void receive(std::string_view bytes, time_point now);
    void advance(time_point now);
    /// The client has closed.
    void closed();

    /// The next piece to be read, at most `size` bytes; empty: nothing now.
    std::string take(std::size_t size);
    /// Of the stream, behind the last piece.
    [[nodiscard]] end_kind end() const noexcept;
    [[nodiscard]] time_point next_deadline() const noexcept { return until_; }

    /// "ok", or what is wrong or waited for.
    [[nodiscard]] std::string result() const;
    [[nodiscard]] const std::string& received() const noexcept { return received_; }

private:
    [[nodiscard]] const script_step* current() const noexcept;
    /// Does the current step. False: it cannot be done yet, or never.
    bool step(time_point now);
    bool expect_bytes(const script_step& s);
    bool expect_line(const script_step& s);
    bool expect_publish(const script_step& s);
    bool send_message(const script_step& s);
    bool wait(const script_step& s, time_point now);
    void serve();
    bool take_line(std::string& line);
    void note_subscription(std::string_view line);
    void say(std::string_view bytes);
    bool fail(std::string_view got);
    /// The current step, in words.
    [[nodiscard]] std::string where() const;

    script script_;
    std::size_t at_ = 0;
    std::string received_;
    std::size_t used_ = 0; ///< of `received_`
    std::deque<std::string> pieces_;
    std::size_t said_ = 0;
    std::vector<std::pair<std::string, std::string>> subscriptions_; ///< subject and sid
    time_point until_ = time_point::max();
    bool waiting_ = false;
    bool gone_ = false;
    std::string failure_;
};

} // namespace impl
} // namespace testing
} // namespace v0
} // namespace conats
