// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "room.hpp"

#include <conats/client.hpp>
#include <conats/message.hpp>
#include <conats/subscription.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace chat {

namespace asio = boost::asio;

/// A browser, as the hub sees it.
class member {
public:
    /// A frame of text. Must not call the hub.
    virtual void send(std::shared_ptr<const std::string> frame) = 0;

protected:
    member() = default;
    ~member() = default;
    member(const member&) = default;
    member& operator=(const member&) = default;
};

using sleep_function = std::function<asio::awaitable<void>(std::chrono::steady_clock::duration)>;
[[nodiscard]] asio::awaitable<void> sleep_by_the_system(std::chrono::steady_clock::duration d);

/// Stands between the browsers of one server and NATS, where it meets the other servers:
///
/// - `chat.said`: what is said, by anybody at any server. All servers hear it in one order.
/// - `chat.present`: each server tells who is there, when that changes and every five seconds.
/// - `chat.history`: a server that starts asks here; any other answers.
///
/// Runs on the client's executor, one thread. Members leave before it goes.
class hub {
public:
    static constexpr std::chrono::seconds beat{5};

    hub(conats::client nc, sleep_function sleep = sleep_by_the_system);
    hub(const hub&) = delete;
    hub& operator=(const hub&) = delete;
    ~hub();

    /// Gets the history from another server, if there is one; then answers others.
    asio::awaitable<void> start();
    /// Tells who is here, and the browsers of the connection to NATS; until it is cancelled, or
    /// the client has closed.
    asio::awaitable<void> run();

    /// The browser gets the history and who is there; by `name` it is called from now on.
    void enter(member& m, const std::string& name);
    void leave(member& m);
    /// False before `enter`, and where NATS does not take it.
    [[nodiscard]] bool say(member& m, const std::string& text);
    /// Who is there, at all servers.
    [[nodiscard]] std::set<std::string> people() const { return room_.people(); }

private:
    void hear(const conats::message& m);
    void see(const conats::message& m);
    void announce();
    void tell_people();
    void tell_all(std::string frame) const;
    [[nodiscard]] std::string connection_frame() const;
    asio::awaitable<void> tell_events();
    asio::awaitable<void> beat_for_ever();

    conats::client nc_;
    sleep_function sleep_;
    std::string id_;
    std::uint64_t count_ = 0;
    bool is_connected_ = true;
    room room_;
    std::map<member*, std::string> members_;
    conats::subscription said_;
    conats::subscription present_;
    conats::subscription history_;
};

} // namespace chat
