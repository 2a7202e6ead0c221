// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"

#include <conats/payload.hpp>
#include <conats/server_info.hpp>
#include <conats/status.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

TEST_CASE("status and overflow are printed by their names") {
    std::ostringstream os;
    for (int i = 0; i != 8; ++i) {
        os << static_cast<conats::status>(i) << ' ';
    }
    for (int i = 0; i != 4; ++i) {
        os << static_cast<conats::overflow>(i) << ' ';
    }
    CHECK(os.str() == "disconnected connecting connected reconnecting draining_subs draining_pubs "
                      "closed unknown drop_newest drop_oldest wait unknown ");
}

TEST_CASE("server_info copies and moves") {
    conats::server_info a;
    a.server_id = "id";
    a.connect_urls = {"h:1"};
    const conats::server_info b(a);
    conats::server_info c;
    c = b;
    CHECK(c.connect_urls == std::vector<std::string>{"h:1"});
    const conats::server_info d(std::move(c));
    CHECK(d.server_id == "id");
}

TEST_CASE("payload_view is made from everything that is bytes") {
    const auto text = [](conats::payload_view p) { return std::string(p.text()); };
    CHECK(text("hello") == "hello");
    CHECK(text(std::string("a\0b", 3)) == std::string("a\0b", 3));
    CHECK(text(std::string_view("view")) == "view");
    CHECK(text(std::vector<char>{'a', 'b'}) == "ab");
    CHECK(text(std::vector<std::byte>{std::byte{'x'}}) == "x");
    const std::string s = "span";
    CHECK(text(std::span<const char>(s)) == "span");
    CHECK(text({}).empty());
    CHECK(text(std::vector<char>()).empty());
}

TEST_CASE("owned_payload keeps the bytes it was given where they are") {
    std::string big(20'000, 'x');
    const char* const before = big.data();
    const conats::owned_payload payload(std::move(big));
    CHECK(payload.data() == before);
    CHECK(payload.size() == 20'000);
    // NOLINTNEXTLINE(performance-unnecessary-copy-*): sharing is what is tested
    const conats::owned_payload shared = payload;
    CHECK(shared.data() == before);
    CHECK(shared.owner().use_count() == 2);
    CHECK(conats::owned_payload().size() == 0);
}
