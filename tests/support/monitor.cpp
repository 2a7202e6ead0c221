// SPDX-License-Identifier: Apache-2.0

#include "support/monitor.hpp"

#include "support/sockets.hpp"

#include <boost/json/parse.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace conats::test {

namespace json = boost::json;

namespace {

std::string read_to_end(const unique_fd& socket, const deadline& end) {
    static const stop_event never;
    std::string text;
    char buffer[16384];
    while (wait_for(socket, POLLIN, never, end.milliseconds_left()) == poll_result::ready) {
        const auto size = ::recv(socket.get(), buffer, sizeof buffer, 0);
        if (size <= 0)
            return text;
        text.append(buffer, static_cast<std::size_t>(size));
    }
    throw std::runtime_error("the monitoring port does not answer");
}

std::string http_get(const std::string& host, std::uint16_t port, std::string_view path) {
    const deadline end(std::chrono::seconds(5));
    const unique_fd socket = connect_tcp(host, port, end);
    const std::string request = "GET " + std::string(path) + " HTTP/1.0\r\nHost: nats\r\n\r\n";
    if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size()))
        throw std::runtime_error("the monitoring port takes no request");
    const std::string response = read_to_end(socket, end);
    const auto body = response.find("\r\n\r\n");
    if (body == std::string::npos || response.find(" 200 ") > response.find("\r\n"))
        throw std::runtime_error("the monitoring port answers " + response.substr(0, 80));
    return response.substr(body + 4);
}

/// Empty where there is none.
json::array list_in(const json::object& o, std::string_view name) {
    const json::value* const list = o.if_contains({name.data(), name.size()});
    return list != nullptr && list->is_array() ? list->get_array() : json::array();
}

} // namespace

server_monitor::server_monitor(std::string host, std::uint16_t port)
    : host_(std::move(host)),
      port_(port) {}

json::value server_monitor::get(std::string_view path) const {
    return json::parse(http_get(host_, port_, path));
}

json::object server_monitor::varz() const {
    return get("/varz").as_object();
}
json::object server_monitor::connz() const {
    return get("/connz?subs=1").as_object();
}
json::object server_monitor::subsz() const {
    return get("/subsz").as_object();
}

std::int64_t server_monitor::number(std::string_view path, std::string_view field) const {
    return get(path).as_object().at({field.data(), field.size()}).to_number<std::int64_t>();
}

std::int64_t server_monitor::connections() const {
    return number("/connz", "num_connections");
}
std::int64_t server_monitor::total_connections() const {
    return number("/varz", "total_connections");
}
std::int64_t server_monitor::in_msgs() const {
    return number("/varz", "in_msgs");
}
std::int64_t server_monitor::out_msgs() const {
    return number("/varz", "out_msgs");
}
std::int64_t server_monitor::in_bytes() const {
    return number("/varz", "in_bytes");
}
std::int64_t server_monitor::slow_consumers() const {
    return number("/varz", "slow_consumers");
}

std::int64_t server_monitor::subscriptions() const {
    std::int64_t count = 0;
    for (const json::value& each : list_in(connz(), "connections"))
        count += each.at("subscriptions").to_number<std::int64_t>();
    return count;
}

std::optional<json::object> server_monitor::connection(std::string_view name) const {
    for (const json::value& each : list_in(connz(), "connections")) {
        const json::value* own = each.as_object().if_contains("name");
        if (own != nullptr && own->as_string() == json::string_view(name.data(), name.size()))
            return each.as_object();
    }
    return std::nullopt;
}

std::int64_t server_monitor::subscriptions(std::string_view name) const {
    const auto found = connection(name);
    return found ? found->at("subscriptions").to_number<std::int64_t>() : -1;
}

std::vector<std::string> server_monitor::subjects(std::string_view name) const {
    std::vector<std::string> result;
    for (const json::value& each :
         list_in(connection(name).value_or(json::object()), "subscriptions_list"))
        result.emplace_back(each.as_string().c_str());
    std::sort(result.begin(), result.end());
    return result;
}

} // namespace conats::test
