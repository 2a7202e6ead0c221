// SPDX-License-Identifier: Apache-2.0
#include "engine/authentication.hpp"
#include "engine/handshake.hpp"
#include "engine/secret_file.hpp"
#include "integration/scratch_directory.hpp"
#include "support/base64.hpp"
#include "support/catch.hpp"
#include "support/jwt_maker.hpp"

#include <sys/stat.h>

#include <chrono>
#include <string>
#include <utility>

namespace {

using namespace conats;
using namespace std::chrono_literals;
using impl::credentials;
using impl::identity;
using impl::prove;
using test::scratch_directory;
using test::test_nkey;

asio::awaitable<std::string> sign_nothing(auth_request) {
    co_return std::string();
}

identity of_key(const test_nkey& user) {
    identity who;
    REQUIRE(impl::nkey_pair::from_seed(user.seed().reveal(), impl::nkey_kind::user_key, who.key) ==
            nullptr);
    return who;
}

std::string reading(const std::string& path, std::string& text) {
    secret content;
    std::string why = impl::read_secret_file(path, content);
    text = content.reveal();
    return why;
}

} // namespace

TEST_CASE("E04 E05 an NKey is presented with its signature") {
    const test_nkey user;
    const auto signature = user.sign("nonce");
    credentials out;
    REQUIRE_FALSE(prove(of_key(user), "nonce", signature, out));
    CHECK(out.type() == credentials::kind::nkey);
    CHECK(out.nkey() == user.public_key());
    CHECK(out.signature() == impl::base64url_encode(signature));
    CHECK_FALSE(out.expires());

    identity by_signer;
    by_signer.public_key = user.public_key();
    by_signer.signer = sign_nothing;
    REQUIRE_FALSE(prove(by_signer, "nonce", signature, out));
    CHECK(out.nkey() == user.public_key());
    CHECK(prove(by_signer, "other", signature, out).code() == errc::provider_failed);
    CHECK(prove(by_signer, "", "", out).code() == errc::nkeys_not_supported);
}

TEST_CASE("E06 an NKey without a nonce is an error, a JWT without one is not") {
    const test_nkey user;
    credentials out;
    CHECK(prove(of_key(user), "", "", out).code() == errc::nkeys_not_supported);
    CHECK(out.empty());
    identity who = of_key(user);
    who.jwt = "a.b.c";
    REQUIRE_FALSE(prove(std::move(who), "", "", out));
    CHECK(out.type() == credentials::kind::jwt);
    CHECK(out.signature().empty());
    CHECK(out.nkey().empty());
}

TEST_CASE("E07 E14 a JWT is presented with its expiry kept") {
    const test_nkey account(impl::nkey_kind::account_key);
    identity who;
    who.jwt = test::make_jwt({{"sub", "U"}, {"exp", 1700000000}}, account);
    const secret jwt = who.jwt;
    credentials out;
    REQUIRE_FALSE(prove(std::move(who), "nonce", std::string(64, 'x'), out));
    CHECK(out.jwt() == jwt);
    CHECK(out.signature() == impl::base64url_encode(std::string(64, 'x')));
    CHECK(out.expires() == impl::wall_time(1700000000s));
    CHECK(credentials::from_jwt("", "x").empty());
}

TEST_CASE("E03 what needs no proof is presented as it is") {
    identity who;
    who.ready = credentials::from_user("u", "p");
    credentials out;
    REQUIRE_FALSE(prove(std::move(who), "nonce", "", out));
    CHECK(out.type() == credentials::kind::user);
    REQUIRE_FALSE(prove(identity(), "nonce", "", out));
    CHECK(out.empty());
}

TEST_CASE("E04 E07 P2.22 the fields of CONNECT") {
    const auto by_key = credentials::from_nkey("UKEY", "\xfb\xff");
    auto fields = impl::make_connect_fields({}, {}, by_key);
    CHECK(fields.nkey == "UKEY");
    CHECK(fields.sig == "-_8");
    CHECK(fields.jwt.empty());
    CHECK_FALSE(fields.has_user);
    const auto by_jwt = credentials::from_jwt("a.b.c", "\xfb\xff");
    fields = impl::make_connect_fields({}, {}, by_jwt);
    CHECK(fields.jwt == "a.b.c");
    CHECK(fields.sig == "-_8");
    CHECK(fields.nkey.empty());
}

TEST_CASE("E08 a secret file is read whole, or not at all and with a reason") {
    const scratch_directory files;
    std::string text;
    CHECK(reading(files.write("a", "content\n").string(), text).empty());
    CHECK(text == "content\n");
    CHECK(reading(files.write("b", "").string(), text).empty());
    CHECK(text.empty());
    const std::string largest(impl::max_secret_file, 'x');
    CHECK(reading(files.write("c", largest).string(), text).empty());
    CHECK(text == largest);
    CHECK(reading(files.write("d", largest + 'x').string(), text) == "it is larger than 1 MiB");
    CHECK(text.empty());
    CHECK(reading((files.path() / "none").string(), text) == "No such file or directory");
    CHECK(reading((files.path() / "a" / "b").string(), text) == "Not a directory");
    CHECK(reading(files.path().string(), text) == "it is no regular file");
    std::filesystem::create_symlink("a", files.path() / "link");
    CHECK(reading((files.path() / "link").string(), text).empty());
    CHECK(text == "content\n");
    // Would wait for who writes to it.
    const auto pipe = files.path() / "pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    CHECK(reading(pipe.string(), text) == "it is no regular file");
    // Root reads everything.
    if (::geteuid() != 0) {
        REQUIRE(::chmod((files.path() / "a").c_str(), 0) == 0);
        CHECK(reading((files.path() / "a").string(), text) == "Permission denied");
    }
}
