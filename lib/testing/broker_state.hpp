// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "testing/broker_text.hpp"
#include "testing/command_parser.hpp"
#include "testing/permissions.hpp"
#include "testing/subject_tree.hpp"

#include <conats/testing/broker_core.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conats {
inline namespace v0 {
namespace testing {

namespace impl {

struct broker_connection;

struct subscription_entry {
    broker_connection* owner = nullptr;
    std::uint64_t order = 0; ///< counts up over all connections
    std::string sid;
    std::string subject;
    std::string queue;
    std::uint64_t delivered = 0;
    std::uint64_t max = 0;
};

struct broker_connection {
    using time_point = broker_core::time_point;

    connection_id id = 0;
    std::string client_ip;
    command_parser parser;
    connect_line said; ///< the server's defaults until CONNECT
    permissions allowed;
    bool awaits_auth = false; ///< nothing but CONNECT may come
    bool connected = false;
    bool headers = false; ///< both sides know them
    bool first_pong_sent = false;
    bool deaf = false;
    bool filters_deliveries = false; ///< a subscription is wider than what is denied
    broker_end end = broker_end::open;
    broker_verdict doomed = broker_verdict::pass; ///< what is to become of it after the message
    bool named = false;                           ///< waits in the list of changed connections

    text_map<std::unique_ptr<subscription_entry>> subscriptions;

    std::string output;
    std::size_t sent = 0; ///< of `output`

    time_point deadline = time_point::max(); ///< the next one, of any kind
    time_point auth_deadline = time_point::max();
    time_point ping_at = time_point::max();
    time_point last_activity{};
    bool ping_needed = true; ///< the first PING comes even to a busy client
    unsigned pings_out = 0;

    std::uint64_t in_messages = 0;
    std::uint64_t in_bytes = 0;
    std::uint64_t out_messages = 0;
    std::uint64_t out_bytes = 0;
};

} // namespace impl

/// All that a broker knows.
class broker_core::state {
public:
    using connection = impl::broker_connection;
    using subscription = impl::subscription_entry;

    state(broker_options options, random_source random);

    // --- connections (broker_core.cpp)
    connection_id open(time_point now, std::string_view client_ip);
    void closed(connection_id id);
    [[nodiscard]] connection* find(connection_id id) const noexcept;
    connection_id take_changed() noexcept;
    void changed(connection& c);
    void write(connection& c, std::string_view bytes);
    void write_info(connection& c, impl::info_kind kind = impl::info_kind::plain);
    void write_error(connection& c, std::string_view text);
    void end(connection& c, broker_end how);
    void end_with_error(connection& c, std::string_view text);
    void each_open(const std::function<void(connection&)>& f);
    /// Clients that know asynchronous INFO and are past the handshake.
    void tell_all(impl::info_kind kind);

    // --- time (broker_time.cpp)
    [[nodiscard]] time_point next_deadline();
    void advance(time_point now);
    void arm_at_open(connection& c, time_point now);
    void arm_at_connect(connection& c, time_point now);
    void lame_duck(time_point now);
    void shut_down();
    void start();

    // --- what a client says (broker_commands.cpp)
    void receive(connection& c, std::string_view bytes, time_point now);
    void drop_subscriptions(connection& c);

    // --- messages (broker_routing.cpp)
    void publish(connection& from, const impl::publish_line& line, std::string_view body);
    bool publish_as_operator(std::string_view subject, std::string_view reply,
                             std::string_view payload);
    [[nodiscard]] std::size_t interest(std::string_view subject) const;

    broker_options options;
    random_source random;
    std::vector<std::unique_ptr<connection>> connections; ///< by id - 1; null: gone
    std::size_t open_connections = 0;
    impl::subject_tree<subscription> tree;
    std::uint64_t subscription_count = 0;
    broker_statistics counters;
    broker_hook publish_hook;
    broker_hook deliver_hook;
    bool accepting = true;
    bool lame = false;
    time_point now{};

private:
    using timer = std::pair<time_point, connection_id>;

    // time
    void arm(connection& c);
    void on_deadline(connection& c);
    void on_ping_time(connection& c);
    void drop_stale_timers();
    void plan_lame_duck();
    [[nodiscard]] std::uint64_t below(std::uint64_t limit);

    // commands
    void on_line(connection& c);
    void on_connect(connection& c, std::string_view json);
    [[nodiscard]] bool authenticate(connection& c);
    void on_ping(connection& c);
    void on_publish_line(connection& c);
    void on_payload(connection& c);
    void on_subscribe(connection& c, std::string_view line);
    void subscribe(connection& c, std::string_view subject, std::string_view queue,
                   std::string_view sid);
    void on_unsubscribe(connection& c, std::string_view line);
    void unsubscribe(connection& c, std::string_view sid);
    void write_ok(connection& c);

    // routing
    [[nodiscard]] bool may_publish(connection& from, const impl::publish_line& line);
    [[nodiscard]] bool obey(broker_verdict verdict, connection& c);
    /// False: a hook does not want it to go on.
    [[nodiscard]] bool ask_publish_hook(connection& from, const impl::publish_line& line,
                                        std::string_view body);
    bool route(connection& from, const impl::publish_line& line, std::string_view body);
    bool deliver_to_group(connection& from, const impl::publish_line& line, std::string_view body,
                          std::size_t begin, std::size_t end);
    bool deliver(connection& from, const impl::publish_line& line, std::string_view body,
                 subscription& to);
    void write_message(const impl::publish_line& line, std::string_view body, subscription& to);
    void write_no_responders(connection& from, const impl::publish_line& line);
    void doom(connection& c, broker_verdict verdict);
    void end_doomed();

    std::priority_queue<timer, std::vector<timer>, std::greater<>> timers_;
    std::deque<connection_id> changed_;
    std::vector<timer> lame_duck_plan_; ///< latest first
    std::vector<subscription*> matched_;
    std::vector<connection*> doomed_;
    std::uint64_t next_order_ = 0;
    connection operator_; ///< who publishes by `publish_as_operator`; no client
};

} // namespace testing
} // namespace v0
} // namespace conats
