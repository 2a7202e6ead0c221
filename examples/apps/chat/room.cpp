// SPDX-License-Identifier: Apache-2.0
#include "room.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <utility>

namespace chat {

namespace json = boost::json;

namespace {

bool has_control_character(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
}

/// Empty where it is no object. Boost.JSON takes valid UTF-8 alone.
json::value parsed(std::string_view text) {
    boost::system::error_code ec;
    json::value value = json::parse({text.data(), text.size()}, ec);
    return ec ? json::value() : value;
}

std::string text_of(const json::object& o, std::string_view name) {
    const json::value* const v = o.if_contains({name.data(), name.size()});
    return v != nullptr && v->is_string()
               ? std::string(v->get_string().c_str(), v->get_string().size())
               : std::string();
}

json::object object_of(const said& s) {
    json::object o;
    o["id"] = s.id;
    o["from"] = s.from;
    o["text"] = s.text;
    o["unix_ms"] = s.unix_ms;
    return o;
}

std::optional<said> said_of(const json::value& value) {
    if (!value.is_object())
        return std::nullopt;
    const json::object& o = value.get_object();
    said s;
    s.id = text_of(o, "id");
    s.from = text_of(o, "from");
    s.text = text_of(o, "text");
    const json::value* const time = o.if_contains("unix_ms");
    if (s.id.empty() || s.id.size() > 100 || !is_name(s.from) || !is_text(s.text) ||
        time == nullptr || !time->is_int64())
        return std::nullopt;
    s.unix_ms = time->get_int64();
    return s;
}

} // namespace

bool is_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= 72 && !has_control_character(name) &&
           name.front() != ' ' && name.back() != ' ';
}

bool is_text(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 2000 && !has_control_character(text);
}

std::string to_json(const said& s) {
    return json::serialize(object_of(s));
}

std::string to_json(const std::deque<said>& all) {
    json::array array;
    for (const said& s : all)
        array.push_back(object_of(s));
    return json::serialize(array);
}

std::optional<said> said_from_json(std::string_view text) {
    return said_of(parsed(text));
}

std::optional<std::vector<said>> history_from_json(std::string_view text) {
    const json::value value = parsed(text);
    if (!value.is_array())
        return std::nullopt;
    std::vector<said> all;
    for (const json::value& each : value.get_array()) {
        const auto s = said_of(each);
        if (!s)
            return std::nullopt;
        all.push_back(*s);
    }
    return all;
}

std::string to_json(const presence& p) {
    json::object o;
    o["server"] = p.server;
    json::array& names = o["names"].emplace_array();
    for (const std::string& name : p.names)
        names.emplace_back(name);
    return json::serialize(o);
}

std::optional<presence> presence_from_json(std::string_view text) {
    const json::value value = parsed(text);
    if (!value.is_object())
        return std::nullopt;
    presence p;
    p.server = text_of(value.get_object(), "server");
    const json::value* const names = value.get_object().if_contains("names");
    if (p.server.empty() || names == nullptr || !names->is_array())
        return std::nullopt;
    for (const json::value& each : names->get_array()) {
        if (!each.is_string() || !is_name({each.get_string().data(), each.get_string().size()}))
            return std::nullopt;
        p.names.emplace(each.get_string().data(), each.get_string().size());
    }
    return p;
}

bool room::add(const said& s) {
    if (!ids_.insert(s.id).second)
        return false;
    history_.push_back(s);
    if (history_.size() > history_limit) {
        ids_.erase(history_.front().id);
        history_.pop_front();
    }
    return true;
}

void room::begin_with(const std::vector<said>& earlier) {
    const std::deque<said> since = std::exchange(history_, {});
    ids_.clear();
    for (const said& s : earlier)
        add(s);
    for (const said& s : since)
        add(s);
}

bool room::update(const presence& p) {
    const auto before = people();
    if (p.names.empty())
        servers_.erase(p.server);
    else {
        server_entry& entry = servers_[p.server];
        entry.names = p.names;
        entry.age = 0;
    }
    return people() != before;
}

bool room::beat() {
    const auto before = people();
    for (auto& [name, entry] : servers_)
        ++entry.age;
    std::erase_if(servers_, [](const auto& each) { return each.second.age > patience; });
    return people() != before;
}

std::set<std::string> room::people() const {
    std::set<std::string> all;
    for (const auto& [name, entry] : servers_)
        all.insert(entry.names.begin(), entry.names.end());
    return all;
}

} // namespace chat
