// SPDX-License-Identifier: Apache-2.0
#include "integration/scratch_directory.hpp"
#include "support/catch.hpp"
#include "support/certificate_maker.hpp"

#include <conats/connect_options.hpp>
#include <conats/error.hpp>
#include <conats/tls_options.hpp>

#include <unistd.h>

#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace conats;
using namespace conats::test;

namespace {

const certificate_authority& authority() {
    static const certificate_authority one;
    return one;
}

void check_conflict(const tls_options& o, std::string_view first, std::string_view second) {
    const error e = o.validate();
    CAPTURE(e.text(), first, second);
    CHECK(e == errc::invalid_options);
    CHECK(e.text().starts_with("tls: "));
    CHECK(e.text().find(first) != std::string::npos);
    CHECK(e.text().find(second) != std::string::npos);
    const error whole = connect_options().tls(o).validate();
    CHECK(whole == e);
    error by_context;
    CHECK_FALSE(tls_context(o, by_context));
    CHECK(by_context == e);
}

error load(const tls_options& o) {
    error e;
    const tls_context made(o, e);
    CHECK(static_cast<bool>(made) == !e);
    return e;
}

/// A file or text that cannot be used: what and why, and nothing of what is in it.
void check_unusable(const tls_options& o, std::string_view what, std::string_view why) {
    const error e = load(o);
    CAPTURE(e.text(), what, why);
    CHECK(e == errc::tls_configuration_invalid);
    CHECK(e == condition::tls);
    CHECK(e.text().starts_with(what));
    CHECK(e.text().find(why) != std::string::npos);
    CHECK(e.text().find("BEGIN") == std::string::npos);
    CHECK(e.text().find("s3cr3t") == std::string::npos);
}

std::string quoted(const std::filesystem::path& p) {
    return "'" + p.string() + "'";
}

} // namespace

TEST_CASE("B26 TLS options that exclude each other are named before any I/O") {
    const auto verify = [](const tls_verification&) { return true; };
    check_conflict(tls_options().certificate_file("a").certificate_pem("b").key_file("c"),
                   "certificate_file", "certificate_pem");
    check_conflict(tls_options().certificate_file("a").key_file("b").key_pem("s3cr3t"), "key_file",
                   "key_pem");
    check_conflict(tls_options().pkcs12_file("a").certificate_file("b").key_file("c"),
                   "pkcs12_file", "certificate");
    check_conflict(tls_options().certificate_file("a"), "certificate", "without key_file");
    check_conflict(tls_options().key_file("a"), "key", "without certificate_file");
    check_conflict(tls_options().key_password("s3cr3t"), "key_password", "without a key");
    check_conflict(tls_options().insecure_skip_verify(true).verify(verify), "insecure_skip_verify",
                   "verify");
    check_conflict(
        tls_options().min_version(tls_version::tls_1_3).max_version(tls_version::tls_1_2),
        "min_version", "max_version");
    const tls_context some{tls_options()};
    const auto provider = [some] { return some; };
    check_conflict(tls_options().context(some).context_provider(provider), "context ",
                   "context_provider");
    check_conflict(tls_options().context(some).ca_file("a"), "context ", "ca_file");
    check_conflict(tls_options().context(some).key_password("s3cr3t"), "context ", "key_password");
    check_conflict(tls_options().context(some).insecure_skip_verify(true), "context ",
                   "insecure_skip_verify");
    check_conflict(tls_options().context_provider(provider).ciphers("a"), "context_provider",
                   "ciphers");
    CHECK_FALSE(tls_options().context(some).server_name("a").handshake_first(true).validate());
    CHECK_FALSE(tls_options().ca_file("a").ca_directory("b").ca_pem("c").validate());
}

TEST_CASE("TLS options that are malformed are named before any I/O") {
    check_conflict(tls_options().server_name("a b"), "server_name", "position 1");
    check_conflict(tls_options().server_name("a\nb"), "server_name", "position 1");
    check_conflict(tls_options().server_name(std::string("a\0b", 3)), "server_name", "position 1");
    check_conflict(tls_options().server_name(std::string(254, 'a')), "server_name", "253");
    check_conflict(tls_options().server_name("."), "server_name", "'.'");
    check_conflict(tls_options().alpn(std::vector<std::string>(1)), "alpn", "not 0");
    check_conflict(tls_options().alpn(std::vector<std::string>(1, std::string(256, 'a'))), "alpn",
                   "not 256");
    check_conflict(tls_options().alpn(std::vector<std::string>(1000, std::string(255, 'a'))),
                   "alpn", "65535");
}

TEST_CASE("TLS options: what is empty is not set") {
    tls_options o;
    o.ca_file("").certificate_file("").key_pem("").key_password("").server_name("").ciphers("");
    o.context(tls_context()).context_provider(nullptr).verify(nullptr);
    CHECK_FALSE(o.validate());
    CHECK_FALSE(load(o));
    CHECK_FALSE(tls_context());
    CHECK(tls_context().native_handle() == nullptr);
}

TEST_CASE("E22 CAs come from a file, a directory, from memory and from the system") {
    const scratch_directory scratch;
    const certificate_authority second("second");
    const auto bundle = scratch.write("bundle.pem", "# two\n" + authority().pem() + second.pem());
    CHECK_FALSE(load(tls_options().ca_file(bundle.string())));
    CHECK_FALSE(load(tls_options().ca_pem(authority().pem())));
    CHECK_FALSE(load(tls_options()));
    scratch.write("README", "no certificate");
    scratch.write("key.pem", authority().server().key);
    std::filesystem::create_directory(scratch.path() / "more");
    CHECK_FALSE(load(tls_options().ca_directory(scratch.path().string())));
}

TEST_CASE("E22 a CA that cannot be used is named with the reason, and without its content") {
    const scratch_directory scratch;
    const auto absent = scratch.path() / "absent.pem";
    check_unusable(tls_options().ca_file(absent.string()), "ca_file " + quoted(absent),
                   "No such file or directory");
    check_unusable(tls_options().ca_file(scratch.path().string()),
                   "ca_file " + quoted(scratch.path()), "Is a directory");
    const auto empty = scratch.write("empty.pem", "");
    check_unusable(tls_options().ca_file(empty.string()), "ca_file " + quoted(empty),
                   "no certificate");
    check_unusable(tls_options().ca_pem("s3cr3t"), "ca_pem", "no certificate");
    check_unusable(tls_options().ca_pem(authority().server().key), "ca_pem", "no certificate");
    check_unusable(tls_options().ca_directory(absent.string()), "ca_directory " + quoted(absent),
                   "No such file or directory");
    check_unusable(tls_options().ca_directory(empty.string()), "ca_directory " + quoted(empty),
                   "Not a directory");
    check_unusable(tls_options().ca_directory(scratch.path().string()),
                   "ca_directory " + quoted(scratch.path()), "no readable file");
    std::string broken = authority().pem();
    broken.replace(100, 6, "s3cr3t");
    const auto malformed = scratch.write("malformed.pem", authority().pem() + broken);
    check_unusable(tls_options().ca_file(malformed.string()), "ca_file " + quoted(malformed),
                   "certificate 2 is malformed");
    check_unusable(tls_options().ca_directory(scratch.path().string()),
                   "ca_directory " + quoted(malformed), "certificate 2 is malformed");
    check_unusable(tls_options().ca_pem(authority().pem().substr(0, 200)), "ca_pem",
                   "certificate 1 is malformed");
    check_unusable(tls_options().ca_file("/dev/zero"), "ca_file '/dev/zero'", "larger than 16 MiB");
    if (::geteuid() == 0)
        return; // root reads everything
    const auto locked = scratch.write("locked.pem", authority().pem());
    std::filesystem::permissions(locked, std::filesystem::perms::none);
    check_unusable(tls_options().ca_file(locked.string()), "ca_file " + quoted(locked),
                   "Permission denied");
}

TEST_CASE("E23 certificate and key come from files, from memory and from PKCS#12") {
    const scratch_directory scratch;
    const auto mine = authority().intermediate("in between").client("me");
    const auto pem = scratch.write("mine.pem", mine.pem).string();
    const auto key = scratch.write("mine.key", mine.key).string();
    const auto both = scratch.write("both.pem", mine.key + mine.pem).string();
    const auto locked = scratch.write("locked.key", mine.encrypted_key("s3cr3t")).string();
    CHECK_FALSE(load(tls_options().certificate_file(pem).key_file(key)));
    CHECK_FALSE(load(tls_options().certificate_file(both).key_file(both)));
    CHECK_FALSE(load(tls_options().certificate_pem(mine.pem).key_pem(mine.key)));
    CHECK_FALSE(load(tls_options().certificate_file(pem).key_pem(mine.key)));
    CHECK_FALSE(load(tls_options().certificate_file(pem).key_file(locked).key_password("s3cr3t")));
    // A password that is not needed does no harm.
    CHECK_FALSE(load(tls_options().certificate_file(pem).key_file(key).key_password("s3cr3t")));
    const auto p12 = scratch.write("mine.p12", mine.pkcs12("s3cr3t")).string();
    const auto open = scratch.write("open.p12", mine.pkcs12("")).string();
    CHECK_FALSE(load(tls_options().pkcs12_file(p12).key_password("s3cr3t")));
    CHECK_FALSE(load(tls_options().pkcs12_file(open)));
}

TEST_CASE("E23 a certificate or key that cannot be used is named with the reason") {
    const scratch_directory scratch;
    const auto mine = authority().client("me");
    const auto other = authority().client("other");
    const auto absent = (scratch.path() / "absent").string();
    const auto with_key = [&](const secret& text) {
        return tls_options().certificate_pem(mine.pem).key_pem(text);
    };
    const auto pem = scratch.write("mine.pem", mine.pem).string();
    const auto key = scratch.write("other.key", other.key).string();
    check_unusable(tls_options().certificate_file(absent).key_file(key),
                   "certificate_file '" + absent + "'", "No such file");
    check_unusable(tls_options().certificate_file(pem).key_file(absent),
                   "key_file '" + absent + "'", "No such file");
    check_unusable(tls_options().certificate_file(key).key_file(key),
                   "certificate_file '" + key + "'", "no certificate");
    check_unusable(tls_options().certificate_file(pem).key_file(pem), "key_file '" + pem + "'",
                   "no private key");
    check_unusable(tls_options().certificate_file(pem).key_file(key), "key_file '" + key + "'",
                   "is not the key of certificate_file '" + pem + "'");
    check_unusable(with_key(other.key), "key_pem", "is not the key of certificate_pem");
    check_unusable(with_key("s3cr3t"), "key_pem", "no private key");
    std::string broken = mine.key;
    broken.replace(60, 6, "s3cr3t");
    check_unusable(with_key(broken), "key_pem", "malformed");
    check_unusable(with_key(mine.encrypted_key("s3cr3t")), "key_pem",
                   "is encrypted and key_password is not set");
    check_unusable(with_key(mine.encrypted_key("s3cr3t")).key_password("other"), "key_pem",
                   "key_password does not open it");
    check_unusable(with_key(mine.encrypted_key("s3cr3t")).key_password(std::string(5000, 'x')),
                   "key_pem", "key_password does not open it");
    const auto p12 = scratch.write("mine.p12", mine.pkcs12("s3cr3t")).string();
    check_unusable(tls_options().pkcs12_file(absent), "pkcs12_file '" + absent + "'",
                   "No such file");
    check_unusable(tls_options().pkcs12_file(pem), "pkcs12_file '" + pem + "'", "is no PKCS#12");
    check_unusable(tls_options().pkcs12_file(p12), "pkcs12_file '" + p12 + "'",
                   "is encrypted and key_password is not set");
    check_unusable(tls_options().pkcs12_file(p12).key_password("other"),
                   "pkcs12_file '" + p12 + "'", "key_password does not open it");
}

TEST_CASE("E27 lists that OpenSSL does not take are named") {
    check_unusable(tls_options().ciphers("NO-SUCH-CIPHER"), "ciphers: ", "no cipher match");
    check_unusable(tls_options().cipher_suites("TLS_NONE"), "cipher_suites: ", "no cipher match");
    check_unusable(tls_options().curves("no-such-curve"), "curves: ", "");
}

TEST_CASE("E24 a context provider is asked each time, and what it does wrong is told") {
    int asked = 0;
    const tls_context some{tls_options()};
    tls_options o;
    o.context_provider([&] {
        ++asked;
        return some;
    });
    CHECK(tls_context(o) == some);
    CHECK(tls_context(o) == some);
    CHECK(asked == 2);
    check_unusable(tls_options().context_provider([] { return tls_context(); }),
                   "context_provider: ", "empty context");
    check_unusable(tls_options().context_provider(
                       []() -> tls_context { throw std::runtime_error("no vault"); }),
                   "context_provider: ", "no vault");
    check_unusable(tls_options().context_provider([]() -> tls_context { throw 1; }),
                   "context_provider: ", "no std::exception");
}

TEST_CASE("tls_context throws what its other form returns") {
    try {
        const tls_context made(tls_options().ca_file("/absent"));
        FAIL("no error");
    } catch (const conats::system_error& e) {
        CHECK(e.code() == errc::tls_configuration_invalid);
    }
}

TEST_CASE("A25 TLS options show no secret") {
    std::ostringstream out;
    tls_options o;
    o.key_pem("s3cr3t-key").key_password("s3cr3t-password").certificate_pem("pem");
    o.server_name("h.test").insecure_skip_verify(true).handshake_first(true);
    out << o << connect_options().tls(o) << connect_options();
    INFO(out.str());
    CHECK(out.str().find("s3cr3t") == std::string::npos);
    CHECK(out.str().find("insecure_skip_verify") != std::string::npos);
    CHECK(out.str().find("TLS 1.2 to TLS 1.3") != std::string::npos);
}
