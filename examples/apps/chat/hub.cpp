// SPDX-License-Identifier: Apache-2.0
#include "hub.hpp"

#include <conats/event.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <string_view>
#include <utility>

namespace chat {

namespace json = boost::json;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

asio::awaitable<void> sleep_by_the_system(std::chrono::steady_clock::duration d) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, d);
    co_await timer.async_wait(asio::use_awaitable);
}

namespace {

/// `{"type": "…", "<field>": <value>}`; the value is JSON already.
std::string frame_of(std::string_view type, std::string_view field, const std::string& value) {
    std::string frame = "{\"type\":\"";
    frame.append(type).append("\",\"").append(field).append("\":").append(value).append("}");
    return frame;
}

std::string people_frame(const std::set<std::string>& people) {
    json::array names;
    for (const std::string& name : people)
        names.emplace_back(name);
    return frame_of("people", "names", json::serialize(names));
}

std::shared_ptr<const std::string> shared(std::string frame) {
    return std::make_shared<const std::string>(std::move(frame));
}

} // namespace

hub::hub(conats::client nc, sleep_function sleep)
    : nc_(std::move(nc)),
      sleep_(std::move(sleep)),
      id_(nc_.new_inbox()), // as good as any name nobody else has
      said_(nc_.on("chat.said", [this](const conats::message& m) { hear(m); })),
      present_(nc_.on("chat.present", [this](const conats::message& m) { see(m); })) {}

hub::~hub() = default;

asio::awaitable<void> hub::start() {
    co_await said_.ready();
    co_await present_.ready();
    conats::error nobody;
    const conats::message reply = co_await nc_.request("chat.history", "", 2s, nobody);
    if (!nobody)
        if (const auto earlier = history_from_json(reply.text()))
            room_.begin_with(*earlier);
    const auto answer = [this](const conats::message& m) {
        m.try_respond(to_json(room_.history()));
    };
    history_ = nc_.on("chat.history", answer);
    co_await history_.ready();
}

asio::awaitable<void> hub::run() {
    co_await (tell_events() || beat_for_ever());
}

void hub::enter(member& m, const std::string& name) {
    members_[&m] = name;
    m.send(shared(frame_of("history", "messages", to_json(room_.history()))));
    m.send(shared(connection_frame()));
    announce();
    m.send(shared(people_frame(room_.people())));
}

void hub::leave(member& m) {
    if (members_.erase(&m) != 0)
        announce();
}

bool hub::say(member& m, const std::string& text) {
    const auto found = members_.find(&m);
    if (found == members_.end())
        return false;
    said s;
    s.id = id_ + '.' + std::to_string(++count_);
    s.from = found->second;
    s.text = text;
    s.unix_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                    std::chrono::system_clock::now().time_since_epoch())
                    .count();
    // It comes back as a message, in its place among those of others.
    return !nc_.try_publish("chat.said", to_json(s));
}

void hub::hear(const conats::message& m) {
    const auto s = said_from_json(m.text());
    if (s && room_.add(*s))
        tell_all(frame_of("said", "message", to_json(*s)));
}

void hub::see(const conats::message& m) {
    const auto p = presence_from_json(m.text());
    if (p && p->server != id_ && room_.update(*p))
        tell_people();
}

/// Who is at this server: to the others, and in its own room at once.
void hub::announce() {
    presence p;
    p.server = id_;
    for (const auto& [m, name] : members_)
        p.names.insert(name);
    nc_.try_publish("chat.present", to_json(p));
    if (room_.update(p))
        tell_people();
}

void hub::tell_people() {
    tell_all(people_frame(room_.people()));
}

void hub::tell_all(std::string frame) const {
    const auto one = shared(std::move(frame));
    for (const auto& [m, name] : members_)
        m->send(one);
}

std::string hub::connection_frame() const {
    return frame_of("connection", "connected", is_connected_ ? "true" : "false");
}

asio::awaitable<void> hub::tell_events() {
    auto events = nc_.events();
    while (const auto event = co_await events.next()) {
        if (event->kind() != conats::event_kind::status_changed)
            continue;
        is_connected_ = event->status() == conats::status::connected;
        tell_all(connection_frame());
    }
}

asio::awaitable<void> hub::beat_for_ever() {
    for (;;) {
        co_await sleep_(beat);
        if (room_.beat())
            tell_people();
        announce();
    }
}

} // namespace chat
