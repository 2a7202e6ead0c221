// SPDX-License-Identifier: Apache-2.0
#include "schedule.hpp"

#include "random_stream.hpp"

#include <array>
#include <sstream>

namespace conats::simulation {

namespace {

struct kind_entry {
    step_kind kind;
    std::string_view name;
    unsigned weight; ///< how often it is drawn, beside the others
};

// In the order of the enumeration.
constexpr kind_entry kinds[] = {
    {step_kind::publish, "publish", 26},
    {step_kind::try_publish, "try_publish", 10},
    {step_kind::burst, "burst", 12},
    {step_kind::subscribe, "subscribe", 18},
    {step_kind::handle, "handle", 10},
    {step_kind::consume, "consume", 14},
    {step_kind::take, "take", 5},
    {step_kind::unsubscribe, "unsubscribe", 5},
    {step_kind::auto_unsubscribe, "auto_unsubscribe", 5},
    {step_kind::drain_subscription, "drain_subscription", 5},
    {step_kind::drop_subscription, "drop_subscription", 4},
    {step_kind::release_subscription, "release_subscription", 2},
    {step_kind::pending_limits, "pending_limits", 2},
    {step_kind::request, "request", 14},
    {step_kind::request_many, "request_many", 6},
    {step_kind::drop_replies, "drop_replies", 2},
    {step_kind::flush, "flush", 8},
    {step_kind::rtt, "rtt", 2},
    {step_kind::barrier, "barrier", 2},
    {step_kind::cancel, "cancel", 8},
    {step_kind::force_reconnect, "force_reconnect", 3},
    {step_kind::set_servers, "set_servers", 2},
    {step_kind::drain, "drain", 1},
    {step_kind::close, "close", 1},
    {step_kind::drop_client, "drop_client", 1},
    {step_kind::cut_now, "cut_now", 5},
    {step_kind::cut_up, "cut_up", 8},
    {step_kind::cut_down, "cut_down", 8},
    {step_kind::stall, "stall", 4},
    {step_kind::refuse, "refuse", 3},
    {step_kind::outside_publish, "outside_publish", 22},
    {step_kind::crash, "crash", 4},
    {step_kind::shut_down, "shut_down", 2},
    {step_kind::lame_duck, "lame_duck", 1},
    {step_kind::info, "info", 2},
    {step_kind::ping, "ping", 3},
    {step_kind::error, "error", 2},
    {step_kind::change_token, "change_token", 1},
    {step_kind::pass, "pass", 6},
};

constexpr unsigned total_weight() {
    unsigned sum = 0;
    for (const kind_entry& k : kinds)
        sum += k.weight;
    return sum;
}

step_kind draw_kind(random_stream& random) {
    auto left = random.below(total_weight());
    for (const kind_entry& k : kinds) {
        if (left < k.weight)
            return k.kind;
        left -= k.weight;
    }
    return step_kind::pass;
}

milliseconds draw(random_stream& random, std::uint64_t least, std::uint64_t most) {
    return milliseconds(random.between(least, most));
}

server_plan draw_server(random_stream& random) {
    server_plan s;
    constexpr int delays[] = {0, 0, 1, 1, 2, 5, 40};
    s.least_delay = milliseconds(random.pick(delays));
    s.most_delay = s.least_delay + milliseconds(random.pick(delays));
    constexpr int intervals[] = {120'000, 120'000, 500, 50};
    s.ping_interval = milliseconds(random.pick(intervals));
    s.needs_token = random.chance(40);
    s.is_old = random.chance(25);
    s.starts_down = random.chance(5);
    return s;
}

client_plan draw_client(random_stream& random) {
    client_plan c;
    constexpr int reconnects[] = {-1, -1, -1, -1, 60, 3, 1, 0};
    c.max_reconnects = random.pick(reconnects);
    constexpr offline_policy policies[] = {offline_policy::buffer, offline_policy::buffer,
                                           offline_policy::fail, offline_policy::wait};
    c.when_offline = random.pick(policies);
    constexpr std::size_t buffers[] = {std::size_t{8} << 20U, 2000, 300, 0};
    c.reconnect_buffer = random.pick(buffers);
    if (c.when_offline == offline_policy::wait && c.reconnect_buffer == 0)
        c.reconnect_buffer = 4000;
    constexpr std::size_t marks[] = {std::size_t{256} << 10U, std::size_t{32} << 10U};
    c.high_water_mark = random.pick(marks);
    constexpr int waits[] = {0, 5, 50, 500, 1000};
    c.reconnect_wait = milliseconds(random.pick(waits));
    c.reconnect_jitter = milliseconds(random.pick(waits));
    c.offline_timeout = draw(random, 10, 500);
    constexpr int timeouts[] = {50, 300, 2000};
    c.connect_timeout = milliseconds(random.pick(timeouts));
    constexpr int intervals[] = {120'000, 120'000, 2000, 300, 100};
    c.ping_interval = milliseconds(random.pick(intervals));
    constexpr int drains[] = {3000, 1000, 100};
    c.drain_timeout = milliseconds(random.pick(drains));
    c.close_timeout = milliseconds(random.pick(timeouts));
    constexpr int writes[] = {60'000, 2000, 200};
    c.write_timeout = milliseconds(random.pick(writes));
    c.pings = random.between(1, 3);
    c.echo = random.chance(80);
    c.verbose = random.chance(15);
    c.pedantic = random.chance(15);
    c.unique_inboxes = random.chance(20);
    c.retries_first = random.chance(40) && c.max_reconnects != 0; // or nothing would be tried
    c.ignores_auth_errors = random.chance(30);
    c.keeps_order = random.chance(40);
    c.ignores_discovered = random.chance(30);
    c.has_no_responders = random.chance(85);
    c.wrong_token = random.chance(2);
    return c;
}

step draw_step(random_stream& random, std::size_t clients) {
    step s;
    s.kind = draw_kind(random);
    s.client = static_cast<std::uint32_t>(random.below(clients));
    s.x = static_cast<std::uint32_t>(random());
    s.y = static_cast<std::uint32_t>(random());
    s.z = static_cast<std::uint32_t>(random());
    // Half of them in the same turn, so that commands meet in one write.
    constexpr int pauses[] = {0, 0, 0, 1, 2, 5, 20, 100};
    s.pause = milliseconds(random.pick(pauses));
    if (random.chance(2))
        s.pause = draw(random, 500, 4000);
    return s;
}

} // namespace

std::string_view to_string(step_kind k) noexcept {
    return kinds[static_cast<std::size_t>(k)].name;
}

std::string_view to_string(ending e) noexcept {
    constexpr std::array names{"close", "drain", "drop handles", "destroy context",
                               "destroy context early"};
    return names[static_cast<std::size_t>(e)];
}

std::string describe(const step& s) {
    std::ostringstream os;
    os << to_string(s.kind) << " client " << s.client << " (" << s.x % 1000 << ' ' << s.y % 1000
       << ' ' << s.z % 1000 << ')';
    return os.str();
}

std::string describe(const server_plan& s) {
    std::ostringstream os;
    os << "delay " << s.least_delay.count() << ".." << s.most_delay.count() << " ms, PING "
       << s.ping_interval.count() << " ms" << (s.needs_token ? ", token" : "")
       << (s.is_old ? ", old" : "") << (s.starts_down ? ", down" : "");
    return os.str();
}

std::string describe(const client_plan& c) {
    std::ostringstream os;
    os << "max_reconnects " << c.max_reconnects << ", offline " << c.when_offline << ' '
       << c.reconnect_buffer << " B " << c.offline_timeout.count() << " ms, mark "
       << c.high_water_mark << ", reconnect " << c.reconnect_wait.count() << '+'
       << c.reconnect_jitter.count() << " ms, connect " << c.connect_timeout.count() << " ms, ping "
       << c.ping_interval.count() << " ms x" << c.pings << ", drain " << c.drain_timeout.count()
       << " ms, close " << c.close_timeout.count() << " ms, write " << c.write_timeout.count()
       << " ms" << (c.echo ? "" : ", no echo") << (c.verbose ? ", verbose" : "")
       << (c.pedantic ? ", pedantic" : "") << (c.unique_inboxes ? ", unique inboxes" : "")
       << (c.retries_first ? ", retries first" : "")
       << (c.ignores_auth_errors ? ", ignores auth errors" : "")
       << (c.keeps_order ? ", keeps order" : "")
       << (c.ignores_discovered ? ", ignores discovered" : "")
       << (c.has_no_responders ? "" : ", no no_responders")
       << (c.wrong_token ? ", wrong token" : "");
    return os.str();
}

schedule make_schedule(std::uint64_t seed) {
    random_stream random(seed);
    schedule s;
    s.network_seed = random();
    s.engine_seed = random();
    constexpr unsigned whole[] = {100, 90, 50, 0};
    s.whole_transfers = random.pick(whole);
    const std::size_t servers = random.between(1, 3);
    for (std::size_t i = 0; i != servers; ++i)
        s.servers.push_back(draw_server(random));
    const std::size_t clients = random.chance(75) ? 1 : 2;
    for (std::size_t i = 0; i != clients; ++i)
        s.clients.push_back(draw_client(random));
    const std::size_t steps = random.between(20, 50);
    for (std::size_t i = 0; i != steps; ++i)
        s.steps.push_back(draw_step(random, clients));
    constexpr ending endings[] = {ending::close,           ending::drain,
                                  ending::drain,           ending::drop_handles,
                                  ending::destroy_context, ending::destroy_context_early};
    s.how = random.pick(endings);
    return s;
}

} // namespace conats::simulation
