// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/reconnect.hpp>
#include <conats/status.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace conats::simulation {

using milliseconds = std::chrono::milliseconds;

enum class step_kind : std::uint8_t {
    // of a client
    publish,
    try_publish,
    burst, ///< several messages in one turn
    subscribe,
    handle, ///< `on`
    consume,
    take, ///< `try_next`
    unsubscribe,
    auto_unsubscribe,
    drain_subscription,
    drop_subscription,
    release_subscription,
    pending_limits,
    request,
    request_many,
    drop_replies,
    flush,
    rtt,
    barrier,
    cancel,
    force_reconnect,
    set_servers,
    drain,
    close,
    drop_client,
    // of the network
    cut_now,
    cut_up,   ///< after so many bytes more to the server
    cut_down, ///< after so many bytes more to the client
    stall,    ///< no byte comes through for a while
    refuse,   ///< a server takes no connections for a while
    // of a server
    outside_publish,
    crash,
    shut_down,
    lame_duck,
    info,
    ping,
    error,
    change_token,
    pass, ///< time alone
};

std::string_view to_string(step_kind k) noexcept;

struct step {
    step_kind kind = step_kind::pass;
    std::uint32_t client = 0;
    std::uint32_t x = 0; ///< what it is about, by the rest of a division
    std::uint32_t y = 0;
    std::uint32_t z = 0;
    milliseconds pause{0}; ///< until the next step
};

std::string describe(const step& s);

struct server_plan {
    milliseconds least_delay{0};
    milliseconds most_delay{0};
    milliseconds ping_interval{0};
    bool needs_token = false;
    bool is_old = false; ///< of a version without INFO behind the first PONG
    bool starts_down = false;
};

struct client_plan {
    int max_reconnects = -1;
    offline_policy when_offline = offline_policy::buffer;
    std::size_t reconnect_buffer = 0;
    std::size_t high_water_mark = 0;
    milliseconds reconnect_wait{0};
    milliseconds reconnect_jitter{0};
    milliseconds offline_timeout{0};
    milliseconds connect_timeout{0};
    milliseconds ping_interval{0};
    milliseconds drain_timeout{0};
    milliseconds close_timeout{0};
    milliseconds write_timeout{0};
    std::size_t pings = 2;
    bool echo = true;
    bool verbose = false;
    bool pedantic = false;
    bool unique_inboxes = false;
    bool retries_first = false;
    bool ignores_auth_errors = false;
    bool keeps_order = false;
    bool ignores_discovered = false;
    bool has_no_responders = true;
    bool wrong_token = false;
};

std::string describe(const client_plan& c);
std::string describe(const server_plan& s);

/// How a run ends, once the network is well again.
enum class ending : std::uint8_t {
    close,
    drain,
    drop_handles,
    destroy_context,       ///< handles go afterwards
    destroy_context_early, ///< the network is left as it is, and everything is under way
};

std::string_view to_string(ending e) noexcept;

/// All that a run does, from its seed.
struct schedule {
    std::vector<server_plan> servers;
    std::vector<client_plan> clients;
    std::vector<step> steps;
    ending how = ending::close;
    std::uint64_t network_seed = 0; ///< of delays and the sizes of reads and writes
    std::uint64_t engine_seed = 0;
    unsigned whole_transfers = 0; ///< percentage of reads and writes that are not cut to pieces
};

schedule make_schedule(std::uint64_t seed);

} // namespace conats::simulation
