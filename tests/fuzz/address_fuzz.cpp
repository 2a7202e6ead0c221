// SPDX-License-Identifier: Apache-2.0

// Whatever the text, parsing it ends in an error or in addresses that show no userinfo and that
// read back as they are.

#include "check.hpp"
#include "transport/server_address.hpp"

#include <conats/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace conats;
using impl::server_address;
using test::check;

constexpr std::string_view token = "Zq9xKv7Wj3Lp";

void check_address(const server_address& address) {
    const auto shown = address.redacted();
    check(shown.find('@') == std::string::npos, "no userinfo is shown");
    check(!(address.has_token() && address.has_user()), "token and user exclude each other");
    check(!address.has_token() || !address.token().empty(), "a token is not empty");
    check(!address.has_user() || !address.user().empty(), "a user is not empty");
    check(address.port() != 0, "a port is set");
    check(!address.host().empty(), "a host is set");

    server_address again;
    check(!impl::parse_server_address(shown, again), "what is shown is an address");
    check(again.redacted() == shown, "it reads back as it is");
    check(again.host() == address.host(), "so does the host");
    check(again.is_ip() == address.is_ip(), "and its kind");
    check(!again.has_userinfo(), "without userinfo");
}

// A token with the text somewhere in it, encoded or not, is shown neither by an error nor by what
// stands for the address. (A ',' ends the address, so what is before it was no token.)
void check_with_token(const std::string& text) {
    std::vector<server_address> list;
    if (const auto e = impl::parse_server_list(text, list)) {
        check(e.what().find(token) == std::string::npos, "no error shows a token");
    } else if (text.find(',') == text.npos) {
        check(list.front().has_userinfo(), "there is a token");
        check(list.front().redacted().find(token) == std::string::npos, "it is not shown");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // libFuzzer's signature
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::vector<server_address> list;
    if (const auto e = impl::parse_server_list(text, list)) {
        check(list.empty(), "the list is unchanged");
        check(e.code() == errc::invalid_address, "the code");
        check(e.text().size() < 300, "the text is short");
    } else {
        check(!list.empty(), "there is an address");
    }
    for (const auto& address : list) {
        check_address(address);
    }
    if (text.find(token) == text.npos) {
        const std::string secret_text(token);
        const std::string other(text);
        check_with_token("nats://" + secret_text + other + "@h");
        check_with_token(other + secret_text + "@h");
        check_with_token(secret_text + "@" + other);
    }
    return 0;
}
