// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "transport/address_order.hpp"
#include "transport/dial_options.hpp"
#include "transport/tcp_stream.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace conats;
using boost::asio::ip::make_address;
using boost::asio::ip::tcp;

std::vector<tcp::endpoint> mixed() {
    std::vector<tcp::endpoint> all;
    for (const auto* text : {"::1", "127.0.0.1", "::2", "127.0.0.2"})
        all.emplace_back(make_address(text), std::uint16_t{1});
    return all;
}

std::string arranged(ip_order order, const std::function<std::uint64_t()>& random = nullptr) {
    auto all = mixed();
    impl::arrange_addresses(all, order, random);
    std::string text;
    for (const auto& e : all)
        text += e.address().to_string() + ' ';
    return text;
}

} // namespace

TEST_CASE("B09 addresses are ordered or restricted by family") {
    CHECK(arranged(ip_order::any) == "::1 127.0.0.1 ::2 127.0.0.2 ");
    CHECK(arranged(ip_order::v4_first) == "127.0.0.1 127.0.0.2 ::1 ::2 ");
    CHECK(arranged(ip_order::v6_first) == "::1 ::2 127.0.0.1 127.0.0.2 ");
    CHECK(arranged(ip_order::v4_only) == "127.0.0.1 127.0.0.2 ");
    CHECK(arranged(ip_order::v6_only) == "::1 ::2 ");
    // Shuffled within the families.
    const auto first = [] { return std::uint64_t{0}; };
    CHECK(arranged(ip_order::any, first) == "127.0.0.1 ::2 127.0.0.2 ::1 ");
    CHECK(arranged(ip_order::v6_first, first) == "::2 ::1 127.0.0.1 127.0.0.2 ");
}

TEST_CASE("B13 a local address restricts to its family") {
    auto order = ip_order::v6_first;
    CHECK(impl::restrict_to_family(order, make_address("127.0.0.9")));
    CHECK(order == ip_order::v4_only);
    order = ip_order::v6_only;
    CHECK_FALSE(impl::restrict_to_family(order, make_address("127.0.0.9")));
    order = ip_order::v6_only;
    CHECK(impl::restrict_to_family(order, make_address("::1")));
    CHECK(impl::only_family(ip_order::v4_only) == "IPv4");
    CHECK(impl::only_family(ip_order::v6_only) == "IPv6");
    CHECK(impl::only_family(ip_order::v6_first).empty());
}

TEST_CASE("B13 a local address is read with and without a port") {
    const auto read = [](std::string_view text) {
        tcp::endpoint e;
        const auto failure = impl::parse_local_address(text, e);
        if (failure && failure.code() != errc::invalid_options)
            return std::string("another error");
        return failure ? failure.text() : impl::to_text(e);
    };
    CHECK(read("127.0.0.9") == "127.0.0.9:0");
    CHECK(read("127.0.0.9:5000") == "127.0.0.9:5000");
    CHECK(read("::1") == "[::1]:0");
    CHECK(read("[::1]") == "[::1]:0");
    CHECK(read("[::1]:5000") == "[::1]:5000");
    for (const auto* bad : {"", "localhost", "127.0.0", "127.0.0.1:", "127.0.0.1:x", "[::1",
                            "127.0.0.1:65536", ":5", "[::1]5"}) {
        CAPTURE(bad);
        CHECK(read(bad).starts_with("local_address: "));
    }
}
