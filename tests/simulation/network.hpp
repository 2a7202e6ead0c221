// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "journal.hpp"
#include "model.hpp"
#include "random_stream.hpp"
#include "schedule.hpp"
#include "transport/timer.hpp"

#include <conats/stream.hpp>
#include <conats/testing/broker_core.hpp>
#include <conats/transport.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace conats::simulation {

namespace asio = boost::asio;

inline constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();
inline constexpr std::string_view the_token = "s3cr3t";

class link_stream;

/// Bytes under way, or the end of what one side says.
struct packet {
    time_point at;
    std::string bytes;
    bool is_end = false;
};

/// A connection of a client to a server, with the network between.
struct link {
    std::size_t server = 0;
    testing::connection_id at_server = 0; ///< 0: the server knows it no more
    conversation talk;
    link_stream* stream = nullptr; ///< the client's end; null when it has gone
    std::deque<packet> up;         ///< to the server
    std::deque<packet> down;
    std::string arrived;            ///< at the client, not read yet
    bool has_ended = false;         ///< the server says no more
    bool is_broken = false;         ///< the client is told with its next read or write
    bool is_dead = false;           ///< nothing comes through any more, and nobody is told
    std::size_t up_left = no_limit; ///< bytes until it is cut
    std::size_t down_left = no_limit;
    std::size_t window = 0;   ///< bytes that may be under way to the server
    std::size_t up_bytes = 0; ///< that are
    time_point stalled_until{};

    [[nodiscard]] bool is_idle() const noexcept {
        return up.empty() && down.empty() && arrived.empty();
    }
};

/// A server, and a client of its own that answers requests.
struct server {
    server(testing::broker_core c, server_plan p) : core(std::move(c)), plan(p) {}
    testing::broker_core core;
    server_plan plan;
    testing::connection_id peer = 0;
    frame_reader peer_hears;
    time_point refuses_until{};
    bool has_other_token = false;
};

/// The servers and all that lies between them and the clients. Time is the context's.
class network {
public:
    network(asio::io_context& context, model& m, journal& j, const schedule& s);
    network(const network&) = delete;
    network& operator=(const network&) = delete;

    /// What makes streams for a client.
    [[nodiscard]] transport make_transport(std::size_t client);
    [[nodiscard]] std::string address(std::size_t server) const;

    // --- time

    /// Carries out what is due, and what the servers have to say.
    void run_due();
    [[nodiscard]] time_point next_event() const;
    [[nodiscard]] time_point now() const { return time_.now(); }

    // --- faults

    /// The next byte behind so many more is lost, and so is the connection.
    void cut_up(link& l, std::size_t after);
    void cut_down(link& l, std::size_t after);
    void cut(link& l);
    /// Bytes may be lost or late on it from now on.
    void harm(const link& l);
    void stall(link& l, nanoseconds d);
    void refuse(std::size_t server, nanoseconds d);
    void crash(std::size_t server, nanoseconds d);
    void shut_down(std::size_t server, nanoseconds d);
    void lame_duck(std::size_t server, nanoseconds d);
    void send_info(std::size_t server, random_stream& random);
    void change_token(std::size_t server, nanoseconds d);
    void publish_outside(std::size_t server, std::string_view subject, std::size_t size);
    /// All is well from now on.
    void heal();

    // --- what there is

    [[nodiscard]] std::vector<std::unique_ptr<server>>& servers() noexcept { return servers_; }
    /// The client's link that is not over; null if there is none.
    [[nodiscard]] link* current(std::size_t client);
    /// How many there were.
    [[nodiscard]] std::uint64_t links() const noexcept { return link_count_; }
    /// Whether nothing was done to the link that may lose or delay bytes.
    [[nodiscard]] bool is_whole(std::uint64_t number) const;

private:
    friend class link_stream;
    struct plan_entry {
        time_point at;
        std::function<void()> act;
    };

    asio::awaitable<std::unique_ptr<stream>> dial(std::size_t client, transport_target target);
    std::size_t take(link& l, asio::mutable_buffer to);
    std::size_t give(link& l, std::span<const asio::const_buffer> from);
    void gone(link& l);

    void carry(link& l);
    void carry_up(link& l);
    void carry_down(link& l);
    void read_servers();
    void read_server(std::size_t index);
    void ship(link& l, server& s);
    void forget(link& l);
    void listen(server& s);
    void hear_peer(server& s);
    void answer(server& s, const frame& f);
    void later(nanoseconds d, std::function<void()> act);
    void run_plans();
    [[nodiscard]] milliseconds delay_to(const server& s);
    [[nodiscard]] time_point arrival(const std::deque<packet>& queue, const server& s);
    [[nodiscard]] std::size_t portion(std::size_t most);
    [[nodiscard]] testing::broker_options options_of(std::size_t server) const;

    model& model_;
    journal& journal_;
    conats::impl::manual_time& time_;
    random_stream random_;
    unsigned whole_transfers_;
    bool is_healed_ = false;
    std::uint64_t link_count_ = 0;
    std::vector<std::unique_ptr<server>> servers_;
    std::vector<std::shared_ptr<link>> links_;
    std::vector<plan_entry> plans_;
    std::vector<std::uint64_t> harmed_; ///< links
};

} // namespace conats::simulation
