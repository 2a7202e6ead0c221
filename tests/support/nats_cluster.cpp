// SPDX-License-Identifier: Apache-2.0

#include "support/nats_cluster.hpp"

#include "support/timing.hpp"

#include <boost/json/array.hpp>

#include <chrono>
#include <stdexcept>
#include <utility>

namespace conats::test {

using namespace std::chrono_literals;

namespace {

std::size_t known_to(const nats_server& server) {
    const auto varz = server.monitor().varz();
    const auto* const urls = varz.if_contains("connect_urls");
    return urls == nullptr || !urls->is_array() ? 0 : urls->as_array().size();
}

} // namespace

nats_cluster::nats_cluster(std::size_t size, std::string config) : config_(std::move(config)) {
    for (std::size_t i = 0; i != size; ++i)
        start_one();
    wait_for(size);
}

nats_server& nats_cluster::add() {
    std::size_t running = 1;
    for (const auto& server : servers_)
        running += server->running() ? 1 : 0;
    start_one();
    wait_for(running);
    return *servers_.back();
}

void nats_cluster::start_one() {
    const std::size_t i = servers_.size();
    servers_.push_back(std::make_unique<nats_server>(config_of(i)));
    const auto listening = servers_.back()->listening("cluster");
    if (listening.empty())
        throw std::runtime_error("a nats-server of a cluster listens to no routes");
    routes_.push_back(listening.front());
    // What they read when they are started again: the same ports, and routes to all.
    for (std::size_t n = 0; n != servers_.size(); ++n)
        servers_[n]->write_config(config_of(n));
}

std::string nats_cluster::config_of(std::size_t i) const {
    std::string listen = "127.0.0.1:-1";
    std::string routes;
    for (std::size_t n = 0; n != routes_.size(); ++n) {
        const std::string address = routes_[n].substr(routes_[n].find("://") + 3);
        if (n == i)
            listen = address;
        else
            routes.append(routes.empty() ? "" : ", ").append("\"nats-route://" + address + "\"");
    }
    return "server_name: n" + std::to_string(i) + "\ncluster { name: conats, listen: \"" + listen +
           "\", routes: [" + routes + "] }\n" + config_;
}

void nats_cluster::wait_for(std::size_t known) {
    const bool all = eventually(
        [&] {
            for (const auto& server : servers_)
                if (server->running() && known_to(*server) != known)
                    return false;
            return true;
        },
        20s);
    if (!all)
        throw std::runtime_error("the servers of a cluster do not find each other; one's log is\n" +
                                 servers_.front()->log());
}

std::string nats_cluster::urls(std::string_view userinfo) const {
    std::string all;
    for (const auto& server : servers_)
        all.append(all.empty() ? "" : ",").append(server->url(userinfo));
    return all;
}

std::size_t nats_cluster::index_of(std::string_view url) const {
    std::size_t i = 0;
    while (i != servers_.size() && servers_[i]->url() != url)
        ++i;
    return i;
}

} // namespace conats::test
