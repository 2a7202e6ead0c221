// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace conats::test {

/// How a test_proxy behaves. A class with public members and a constructor, for g++ 12.
class proxy_behaviour {
public:
    proxy_behaviour() {} // not an aggregate, for g++ 12

    bool is_http = false; ///< else SOCKS5
    std::string user;     ///< wanted with `password`; empty: nobody is asked
    std::string password;
    std::map<std::string, std::string> names; ///< what it resolves, to IP addresses
    std::string refusal;        ///< HTTP: the status line's end; SOCKS5: the reply's byte
    bool joins_at_once = false; ///< HTTP: for who speaks before the server does
    bool is_silent = false;     ///< accepts connections and says nothing
};

/// A proxy on 127.0.0.1 and a free port, in a thread of its own. It speaks SOCKS5, or HTTP's
/// CONNECT, where it sends the server's first bytes in one piece with its own answer unless told
/// otherwise.
class test_proxy {
public:
    explicit test_proxy(proxy_behaviour behaviour);
    test_proxy(const test_proxy&) = delete;
    test_proxy& operator=(const test_proxy&) = delete;
    ~test_proxy();

    [[nodiscard]] std::uint16_t port() const;
    /// For `connect_options::proxy`, with userinfo where it is not empty.
    [[nodiscard]] std::string url(std::string_view userinfo = {}) const;
    /// What it was asked to connect to: "name host:port", "ipv4 …" or "ipv6 …"; for HTTP as said.
    [[nodiscard]] std::vector<std::string> requests() const;

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

} // namespace conats::test
