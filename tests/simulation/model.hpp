// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "frame_reader.hpp"
#include "journal.hpp"

#include <conats/client.hpp>
#include <conats/status.hpp>
#include <conats/subscription.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conats::simulation {

using time_point = std::chrono::steady_clock::time_point;
using nanoseconds = std::chrono::nanoseconds;

/// Who publishes: a client by its index, or the world around.
constexpr int outside = -1;

/// A message that somebody means to send. Its number is in its payload.
struct sent_message {
    int client = outside;
    std::string subject;
    std::string reply; ///< of a request: known once it is written
    std::size_t size = 0;
    bool has_headers = false;
    bool is_request = false;
    bool refused = false;   ///< must not be sent
    bool accepted = false;  ///< the call has accepted it
    bool excused = false;   ///< may have been dropped: nobody was promised anything
    bool written = false;   ///< a stream has taken a byte of it
    bool is_torn = false;   ///< of which the last bytes were not taken
    bool at_server = false; ///< a server has read all of it
    std::uint64_t link = 0; ///< where it was written
};

/// In place of the number of a message: the server's word that nobody is there for a request.
inline constexpr std::size_t no_responders_number = static_cast<std::size_t>(-1);

/// What a message with this number carries, and how long it is with so much padding.
std::string payload_of(std::size_t number, std::size_t size);
/// The number in a payload, or in the beginning of one; none if it has none.
std::optional<std::size_t> number_in(std::string_view payload);

enum class interest_kind : std::uint8_t { loop, handler, replies };

/// A subscription, or the replies to one request.
struct interest {
    std::size_t index = 0;
    std::size_t client = 0;
    interest_kind kind = interest_kind::loop;
    std::string subject;
    std::string queue;
    std::uint64_t max = 0; ///< ends after so many
    std::size_t limit_messages = 0;
    std::size_t limit_bytes = 0;
    overflow policy = overflow::drop_newest;
    nanoseconds lifetime{0};
    nanoseconds first_message{0};
    nanoseconds idle{0};
    time_point since;
    time_point last_arrival;

    std::optional<subscription> handle;
    std::optional<reply_stream> replies;
    std::optional<std::size_t> request; ///< the message that `replies` answer
    bool is_confirming = false;         ///< `subscribe` has not returned yet
    bool is_released = false;
    bool has_unsubscribed = false; ///< by us: what waits is dropped
    bool has_drained = false;      ///< asked to
    bool has_consumer = false;
    bool was_on_wire = false;
    std::uint64_t limited_on = 0; ///< the link on which `auto_unsubscribe` was called last

    std::vector<std::size_t> arrived; ///< numbers, as they came to a live subscription
    std::size_t next = 0;             ///< in `arrived`: the first that may be delivered yet
    std::size_t delivered = 0;
    std::size_t skipped = 0; ///< passed over by the delivered ones

    /// Whether messages may still arrive, as far as its handle says.
    [[nodiscard]] bool is_live() const;
    [[nodiscard]] bool is_reached() const noexcept { return max != 0 && arrived.size() >= max; }
};

/// A sid on one connection.
struct registered_sid {
    std::string subject;
    interest* of = nullptr; ///< null: an inbox
    bool is_new = true;     ///< its SUB was the last command
};

/// What one side of a connection has said so far, by what the client's stream took and gave.
struct conversation {
    std::uint64_t link = 0; ///< counts from 1
    std::size_t client = 0;
    frame_reader said;
    frame_reader heard;
    std::size_t commands = 0; ///< whole ones that were said
    std::size_t pings_heard = 0;
    std::size_t pongs_said = 0;
    bool is_over = false;
    bool is_welcome = false;        ///< the first PONG was heard
    std::vector<interest*> expects; ///< what has to be subscribed before anything is published
    std::map<std::string, registered_sid, std::less<>> sids;
};

/// What came to the reply subject of a request.
struct awaited_reply {
    interest* gathers = nullptr;      ///< of `request_many`
    std::optional<std::size_t> reply; ///< its number, once it has arrived
    bool no_responders = false;       ///< has arrived
    time_point at;                    ///< either
};

/// What was sent, what may be delivered, and what there is. Checks what passes.
class model {
public:
    model(journal& j, std::size_t clients) : journal_(j), last_written_(clients) {}

    // --- what somebody is about to send

    std::size_t add_message(int client, std::string subject, std::size_t size);
    [[nodiscard]] sent_message& message(std::size_t number) { return messages_[number]; }
    [[nodiscard]] const std::deque<sent_message>& messages() const noexcept { return messages_; }

    interest& add_interest(std::size_t client, interest_kind kind, std::string subject);
    [[nodiscard]] std::deque<interest>& interests() noexcept { return interests_; }

    // --- what passes a connection

    /// The client's stream has taken these bytes.
    void said(conversation& c, std::string_view bytes);
    /// The client's stream takes no more.
    void end(conversation& c);
    /// The client has got these bytes.
    void heard(conversation& c, std::string_view bytes, time_point now);
    /// A server has read a message.
    void on_server(std::string_view payload);

    // --- what the application gets

    void delivered(interest& to, const conats::message& m);
    [[nodiscard]] awaited_reply* find_reply_to(std::size_t request);
    void check_reply(std::size_t request, const conats::message& reply);
    /// Whether the message is one that its client had accepted, and what the application sees is
    /// what was sent.
    bool check_content(const conats::message& m, std::size_t& number);
    void check_order(interest& to, std::size_t number);

    /// The accepted messages of the client below `end` that no stream has taken.
    [[nodiscard]] std::optional<std::size_t> find_unwritten(std::size_t client,
                                                            std::size_t end) const;
    /// Those that the connection took and the server has not read.
    [[nodiscard]] std::optional<std::size_t> find_unread(std::uint64_t link, std::size_t end) const;

private:
    void on_command(conversation& c, const frame& f);
    void on_subscribe(conversation& c, const frame& f);
    void on_unsubscribe(conversation& c, const frame& f);
    void on_publish(conversation& c, const frame& f);
    void on_welcome(conversation& c);
    void check_subscribed(const conversation& c, const frame& f);
    void on_message(conversation& c, const frame& f, time_point now);
    static void on_reply(awaited_reply& to, const frame& f, time_point now);
    void mark_written(conversation& c, std::size_t number);
    void on_torn(conversation& c, std::string_view rest);

    journal& journal_;
    std::deque<sent_message> messages_;
    std::deque<interest> interests_;
    std::vector<std::optional<std::size_t>> last_written_; ///< by client
    std::map<std::string, awaited_reply, std::less<>> awaited_;
};

} // namespace conats::simulation
