// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tool {

using std::chrono::nanoseconds;

/// The options that every subcommand takes; none where they are not given.
struct connection_settings {
    std::optional<std::string> server;
    std::optional<std::string> user;
    std::optional<std::string> password;
    std::optional<std::string> token;
    std::optional<std::string> creds;
    std::optional<std::string> nkey;
    std::optional<std::string> tlscert;
    std::optional<std::string> tlskey;
    std::optional<std::string> tlsca;
    std::optional<std::string> socks_proxy;
    std::optional<std::string> context;
    std::optional<std::string> inbox_prefix;
    std::optional<std::string> connection_name;
    std::optional<nanoseconds> timeout;
    bool tlsfirst = false;
    bool no_context = false;
    bool trace = false;
};

/// What is sent, by `pub`, `req` and `reply`.
struct message_settings {
    std::string subject;
    std::optional<std::string> payload; ///< none: of `pub` and `req` from stdin
    std::vector<std::string> headers;   ///< "Name: value"
    bool templates = true;
};

struct pub_settings {
    message_settings message;
    std::string reply;
    std::uint64_t count = 1;
    nanoseconds sleep{0};
    bool by_line = false; ///< each line of stdin is a message
    bool quiet = false;
};

/// What follows a payload that is printed as it is.
enum class delimiter : std::uint8_t { newline, null, none };

struct sub_settings {
    std::vector<std::string> subjects;
    std::string queue;
    std::uint64_t count = 0; ///< 0: without end
    nanoseconds wait{0};     ///< 0: for ever
    delimiter between = delimiter::newline;
    bool raw = false;
    bool headers_only = false;
};

struct req_settings {
    message_settings message;
    std::uint64_t count = 1;
    std::uint64_t replies = 1; ///< 0: until the time is over
    nanoseconds reply_timeout = std::chrono::milliseconds(300);
    delimiter between = delimiter::newline;
    bool until_empty = false; ///< an empty reply is the last
    bool raw = false;
};

struct reply_settings {
    message_settings message;
    std::string queue;
    std::uint64_t count = 0;
    bool echo = false;
    bool quiet = false;
};

struct rtt_settings {
    std::uint64_t count = 5;
    bool json = false;
};

struct info_settings {
    bool json = false;
};

struct bench_settings {
    std::string kind; ///< pub, sub, pubsub or request
    std::string subject;
    std::uint64_t msgs = 100'000;
    std::size_t size = 128;
    std::uint64_t clients = 1;
    bool progress = true;
    bool json = false;
};

struct doctor_settings {
    std::uint64_t count = 5;
    nanoseconds slow = std::chrono::milliseconds(100); ///< a longer median is a slow link's
    nanoseconds expiry = std::chrono::hours(14 * 24);  ///< what a certificate has to last
    std::string subject;                               ///< empty: an inbox of its own
    bool strict = false;                               ///< a warning counts as a failure
    bool json = false;
};

/// A subcommand with its options.
using verb_settings = std::variant<pub_settings, sub_settings, req_settings, reply_settings,
                                   rtt_settings, info_settings, bench_settings, doctor_settings>;

} // namespace tool
