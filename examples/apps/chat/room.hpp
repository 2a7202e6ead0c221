// SPDX-License-Identifier: Apache-2.0
#pragma once

// What one chat server knows of the room that all of them share. Pure: no clock, no socket, no
// client.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace chat {

/// A name has 1 to 72 bytes of UTF-8 without control characters, and no blank at its ends.
[[nodiscard]] bool is_name(std::string_view name) noexcept;
/// A text has 1 to 2000 bytes of UTF-8 without control characters.
[[nodiscard]] bool is_text(std::string_view text) noexcept;

/// Something somebody has said.
class said {
public:
    said() {} // not an aggregate, for g++ 12

    std::string id; ///< no two are alike, whichever server they come from
    std::string from;
    std::string text;
    std::int64_t unix_ms = 0;
};

/// As it goes over NATS, and to browsers.
[[nodiscard]] std::string to_json(const said& s);
[[nodiscard]] std::string to_json(const std::deque<said>& all);
/// None where it is not what `to_json` writes.
[[nodiscard]] std::optional<said> said_from_json(std::string_view text);
[[nodiscard]] std::optional<std::vector<said>> history_from_json(std::string_view text);

/// Who is at one server.
class presence {
public:
    presence() {} // not an aggregate, for g++ 12

    std::string server;
    std::set<std::string> names;
};

[[nodiscard]] std::string to_json(const presence& p);
[[nodiscard]] std::optional<presence> presence_from_json(std::string_view text);

class room {
public:
    static constexpr std::size_t history_limit = 100;
    static constexpr int patience = 3; ///< beats after which a silent server counts as gone

    /// False if it was known.
    bool add(const said& s);
    /// What was said before this server came; behind it stays what has been said since.
    void begin_with(const std::vector<said>& earlier);
    [[nodiscard]] const std::deque<said>& history() const noexcept { return history_; }

    /// True if the people are others than before; so with `beat`.
    bool update(const presence& p);
    /// Some time has passed: forgets servers that have not been heard of for too long.
    bool beat();
    /// Everybody's names, sorted.
    [[nodiscard]] std::set<std::string> people() const;

private:
    class server_entry {
    public:
        std::set<std::string> names;
        int age = 0; // in beats
    };

    std::deque<said> history_;
    std::set<std::string> ids_; // of the history
    std::map<std::string, server_entry> servers_;
};

} // namespace chat
