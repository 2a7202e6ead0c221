// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "values/secret_access.hpp"

#include <conats/secret.hpp>

#include <cstring>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

using conats::secret;
using conats::impl::secret_access;

TEST_CASE("A25 a secret is printed as ***") {
    std::ostringstream os;
    os << secret("s3cr3t") << secret();
    CHECK(os.str() == "******");
}

TEST_CASE("secret holds any bytes, copies and moves") {
    const secret a(std::string_view("a\0b", 3));
    CHECK(a.reveal() == std::string_view("a\0b", 3));
    CHECK(a.size() == 3);
    secret b(a);
    CHECK(b == a);
    CHECK(b.reveal().data() != a.reveal().data());
    secret c(std::move(b));
    CHECK(b.empty()); // NOLINT(bugprone-use-after-move): documented state
    CHECK(c == a);
    c = secret("other");
    CHECK(c.reveal() == "other");
    b = c;
    CHECK(b == c);
    auto& self = b;
    b = self;
    CHECK(b.reveal() == "other");
    b = std::move(self);
    CHECK(b.reveal() == "other");
    CHECK(secret().empty());
    CHECK(secret("").empty());
}

TEST_CASE("secret compares by every byte") {
    CHECK(secret("abc") == secret("abc"));
    CHECK_FALSE(secret("abc") == secret("abd"));
    CHECK_FALSE(secret("xbc") == secret("abc"));
    CHECK_FALSE(secret("abc") == secret("ab"));
    CHECK_FALSE(secret("") == secret("a"));
}

TEST_CASE("secret_access writes a secret in place") {
    secret s = secret_access::allocate(5);
    std::memcpy(secret_access::data(s), "token", 5);
    CHECK(s.reveal() == "token");
    CHECK(secret_access::allocate(0).empty());
}

TEST_CASE("A26 wipe overwrites memory") {
    char bytes[] = "s3cr3t";
    conats::impl::wipe(bytes, sizeof(bytes));
    CHECK(std::string_view(bytes, sizeof(bytes)) == std::string_view("\0\0\0\0\0\0\0", 7));
    conats::impl::wipe(nullptr, 0);
}
