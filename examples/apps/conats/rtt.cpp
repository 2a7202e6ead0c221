// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"
#include "exit_code.hpp"
#include "session.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <conats/conats.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tool {

namespace json = boost::json;

namespace {

/// What was measured of a server.
struct measured {
    std::string url;
    std::string address;
    conats::latency_histogram times;
};

asio::awaitable<measured> measure(conats::connect_options options, std::uint64_t count) {
    const auto limit = options.request_timeout();
    const conats::client nc = co_await open_connection(std::move(options));
    measured m;
    m.url = nc.connected_url();
    m.address = nc.remote_address();
    for (std::uint64_t i = 0; i != count; ++i)
        m.times.record(co_await round_trip(nc, limit));
    co_return m;
}

json::object as_json(const measured& m) {
    json::object o;
    o["url"] = m.url;
    o["address"] = m.address;
    o["count"] = m.times.count();
    o["min_ns"] = m.times.min().count();
    o["mean_ns"] = m.times.mean().count();
    o["p50_ns"] = m.times.p50().count();
    o["max_ns"] = m.times.max().count();
    return o;
}

std::string as_text(const measured& m) {
    return m.url + ":\n\n   " + m.address + ": " + duration_text(m.times.mean()) + " (" +
           number_text(m.times.count()) + " round trips: least " + duration_text(m.times.min()) +
           ", median " + duration_text(m.times.p50()) + ", most " + duration_text(m.times.max()) +
           ")\n\n";
}

} // namespace

asio::awaitable<int> rtt(conats::connect_options options, const rtt_settings& s, output& out) {
    json::array all;
    int code = done;
    for (const conats::secret& address : addresses_of(options)) {
        conats::connect_options one = options;
        one.servers(address.reveal()).ignore_discovered_servers(true).max_reconnects(0);
        std::string fault;
        try {
            const measured m = co_await measure(std::move(one), s.count);
            if (s.json)
                all.push_back(as_json(m));
            else
                out.print(as_text(m));
        } catch (const failure& e) {
            // The others are measured all the same.
            out.error(e.what());
            code = e.code();
        }
        if (!s.json)
            out.flush();
    }
    if (s.json)
        out.print(json::serialize(all) + '\n');
    out.flush();
    co_return code;
}

} // namespace tool
