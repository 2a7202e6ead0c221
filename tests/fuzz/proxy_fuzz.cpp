// SPDX-License-Identifier: Apache-2.0

// Whatever a proxy answers, the handshake with it is over at last, in the same way however the
// bytes are cut, and its failure shows no credentials. The first byte chooses the proxy's kind.

#include "check.hpp"
#include "transport/proxy_handshake.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace conats;
using test::check;

constexpr std::string_view password = "Zq9xKv7Wj3Lp";

/// How it ends: "open", "done" and how many bytes were left alone, or the failure.
std::string play(const impl::proxy_address& proxy, std::string_view input, std::size_t step) {
    const auto h = impl::begin_proxy_handshake(proxy, "example.org", 4222);
    std::size_t sent = 0;
    while (!h->is_over()) {
        const secret output = h->take_output();
        sent += output.size();
        check(sent < 2000, "little is sent");
        check(h->wanted() != 0, "bytes are wanted until it is over");
        if (input.empty())
            return "open";
        const auto n = std::min({step, h->wanted(), input.size()});
        h->take_input(input.substr(0, n));
        input.remove_prefix(n);
    }
    if (h->is_done())
        return "done, left " + std::to_string(input.size());
    check(h->failure().code() == errc::proxy_failed, "the code");
    check(proxy.password.empty() || h->failure().what().find(password) == std::string::npos,
          "no password is shown");
    check(h->failure().text().size() < 500, "the text is short");
    return h->failure().text();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // libFuzzer's signature
    std::string_view input(reinterpret_cast<const char*>(data), size);
    impl::proxy_address address;
    if (!impl::parse_proxy_address(input, address)) {
        check(address.port != 0, "a proxy's port is set");
        check(!address.host.empty(), "so is its host");
        impl::proxy_address again;
        check(!impl::parse_proxy_address(address.redacted(), again), "what is shown is read");
        check(again.redacted() == address.redacted(), "it reads back as it is");
        check(again.user.empty(), "without userinfo");
    }
    impl::proxy_address proxy;
    proxy.host = "p";
    proxy.port = 1;
    if (!input.empty()) {
        const auto kind = static_cast<unsigned char>(input.front());
        proxy.kind = (kind & 1U) != 0 ? impl::proxy_kind::http : impl::proxy_kind::socks5;
        if ((kind & 2U) != 0) {
            proxy.user = "joe";
            proxy.password = password;
        }
        input.remove_prefix(1);
    }
    const auto outcome = play(proxy, input, 1000);
    check(play(proxy, input, 1) == outcome, "byte by byte it ends the same way");
    check(play(proxy, input, 3) == outcome, "and by threes");
    return 0;
}
