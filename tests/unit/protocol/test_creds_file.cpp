// SPDX-License-Identifier: Apache-2.0
#include "protocol/creds_file.hpp"
#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace conats::impl; // NOLINT(google-build-using-namespace): the header under test
using conats::secret;

namespace {

const std::string jwt = "eyJ0eXAiOiJKV1QifQ.eyJzdWIiOiJVIn0.c2ln_-";
const std::string seed = "SUAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H776Y";

/// As nsc writes it.
const std::string whole = "-----BEGIN NATS USER JWT-----\n" + jwt +
                          "\n------END NATS USER JWT------\n\n"
                          "************************* IMPORTANT *************************\n"
                          "NKEY Seed printed below can be used to sign and prove identity.\n"
                          "NKEYs are sensitive and should be treated as secrets.\n\n"
                          "-----BEGIN USER NKEY SEED-----\n" +
                          seed +
                          "\n------END USER NKEY SEED------\n\n"
                          "*************************************************************\n";

std::string fault_of(std::string_view text) {
    creds_parts parts;
    const char* const fault = parse_creds(text, parts);
    if (fault == nullptr)
        return {};
    CHECK(parts.jwt.empty());
    CHECK(parts.seed.empty());
    return fault;
}

void holds(std::string_view text, std::string_view expected_jwt, std::string_view expected_seed) {
    INFO(text);
    creds_parts parts;
    const char* const fault = parse_creds(text, parts);
    CHECK(std::string(fault != nullptr ? fault : "") == "");
    CHECK(parts.jwt.reveal() == expected_jwt);
    CHECK(parts.seed.reveal() == expected_seed);
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    REQUIRE(text.find(from) != std::string::npos);
    for (std::size_t at = text.find(from); at != std::string::npos;
         at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

} // namespace

TEST_CASE("E08 P2.23 a credentials file as nsc writes it") {
    holds(whole, jwt, seed);
}

TEST_CASE("E08 P2.23 S11 line ends, blanks, blank lines, dashes and a byte order mark") {
    holds(replaced(whole, "\n", "\r\n"), jwt, seed);
    holds("\xef\xbb\xbf" + whole, jwt, seed);
    holds(replaced(whole, "\n", "\n\n  \t\n"), jwt, seed);
    holds(replaced(whole, "\n", "  \n\t "), jwt, seed);
    holds(replaced(whole, "------END", "-----END"), jwt, seed);
    holds(replaced(whole, "-----BEGIN", "------BEGIN"), jwt, seed);
    holds(replaced(whole, "-----", "---"), jwt, seed);
    holds(replaced(replaced(whole, "-BEGIN ", "- BEGIN  "), "JWT-", "JWT -"), jwt, seed);
    holds(replaced(whole, "USER NKEY SEED", "user nkey seed"), jwt, seed);
    holds(whole.substr(0, whole.rfind("\n\n*")), jwt, seed);
}

TEST_CASE("E08 P2.23 a part broken into lines is one") {
    holds(replaced(whole, jwt,
                   jwt.substr(0, 5) + "\n" + jwt.substr(5, 10) + "\r\n\r\n " + jwt.substr(15)),
          jwt, seed);
}

TEST_CASE("E08 P2.23 other sections and their order do not matter") {
    const auto at = whole.find("-----BEGIN USER");
    holds(whole.substr(at) + whole.substr(0, at), jwt, seed);
    holds("-----BEGIN NATS ACCOUNT JWT-----\neyJh.eyJi.c\n------END NATS ACCOUNT JWT------\n" +
              whole,
          jwt, seed);
}

TEST_CASE("E08 P2.23 one part alone") {
    const auto at = whole.find("\n\n***");
    holds(whole.substr(0, at), jwt, "");
    holds(whole.substr(at), "", seed);
}

TEST_CASE("E08 P2.23 without decorations") {
    holds(jwt, jwt, "");
    holds(" " + jwt + " \r\n", jwt, "");
    holds(seed + "\n", "", seed);
    holds("my seed:\n\n" + seed + "\n# end", "", seed);
    holds(jwt + "\n" + seed + "\n", jwt, seed);
}

TEST_CASE("E08 P2.23 S11 what is wrong is named by its section and nothing of it is shown") {
    CHECK(fault_of("") == "there is neither a JWT nor a seed");
    CHECK(fault_of("\n\n") == "there is neither a JWT nor a seed");
    CHECK(fault_of("password: hunter2\n") == "there is neither a JWT nor a seed");
    const std::string neither = "there is neither a section NATS USER JWT nor a USER NKEY SEED";
    CHECK(fault_of("-----BEGIN NATS ACCOUNT JWT-----\n" + jwt +
                   "\n------END NATS ACCOUNT JWT------\n") == neither);
    // Beside a section nothing is taken that is not in one.
    CHECK(fault_of("-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n" + jwt) ==
          neither);
    CHECK(fault_of(replaced(whole, jwt + "\n", "")) == "the section NATS USER JWT is empty");
    CHECK(fault_of(replaced(whole, seed, "\r\n")) == "the section USER NKEY SEED is empty");
    CHECK(fault_of(whole + whole) == "there are two sections NATS USER JWT");
    CHECK(fault_of(whole + whole.substr(whole.find("-----BEGIN USER"))) ==
          "there are two sections USER NKEY SEED");
    CHECK(fault_of(jwt + "\n" + jwt) == "there are two sections NATS USER JWT");
    CHECK(fault_of(replaced(whole, "------END NATS USER JWT------\n", "")) ==
          "the section NATS USER JWT does not end");
    CHECK(fault_of(replaced(whole, "------END USER NKEY SEED------\n", "")) ==
          "the section USER NKEY SEED does not end");
    CHECK(fault_of("-----BEGIN NATS USER JWT-----") == "the section NATS USER JWT does not end");
    CHECK(fault_of(replaced(whole, jwt, jwt + " " + jwt)) ==
          "the section NATS USER JWT holds a blank or a control character");
    CHECK(fault_of(replaced(whole, seed, seed + std::string(1, '\0'))) ==
          "the section USER NKEY SEED holds a blank or a control character");
    CHECK(fault_of(replaced(whole, seed, "S\xc3\x9c")) ==
          "the section USER NKEY SEED holds a blank or a control character");
}

TEST_CASE("E08 a text cut anywhere is read or refused in words of its own") {
    for (std::size_t size = 0; size != whole.size(); ++size) {
        const std::string fault = fault_of(whole.substr(0, size));
        CHECK(fault.find(jwt.substr(0, 4)) == std::string::npos);
    }
}
