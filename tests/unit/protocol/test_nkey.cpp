// SPDX-License-Identifier: Apache-2.0
#include "protocol/nkey.hpp"
#include "support/base64.hpp"
#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace conats::impl; // NOLINT(google-build-using-namespace): the header under test
using conats::secret;

namespace {

constexpr auto user_key = nkey_kind::user_key;

// Made by github.com/nats-io/nkeys 0.4.7 of the bytes 0 to 31.
struct known_key {
    nkey_kind kind;
    const char* seed;
    const char* public_key;
};
const std::vector<known_key> known_keys{
    {nkey_kind::user_key, "SUAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H776Y",
     "UAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3RLKK"},
    {nkey_kind::account_key, "SAAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4HYMHI",
     "AAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QPZV"},
    {nkey_kind::operator_key, "SOAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2AJA",
     "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT"},
    {nkey_kind::server_key, "SNAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2D5U",
     "NAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3RSWB"},
    {nkey_kind::cluster_key, "SCAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4HYO7Q",
     "CAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3R53J"}};

const std::string user_seed = known_keys.front().seed;
const std::string user_public = known_keys.front().public_key;

std::string from_hex(std::string_view text) {
    std::string bytes;
    for (std::size_t i = 0; i != text.size(); i += 2)
        bytes += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
    return bytes;
}

std::string seed_fault(std::string_view seed, nkey_kind wanted = user_key) {
    nkey_pair pair;
    const char* const fault = nkey_pair::from_seed(seed, wanted, pair);
    CHECK((fault != nullptr) == pair.empty());
    return fault != nullptr ? fault : "";
}

std::string fault_of_public(std::string_view key, nkey_kind kind = user_key) {
    const char* const fault = check_public_nkey(key, kind);
    return fault != nullptr ? fault : "";
}

nkey_pair pair_of(std::string_view seed, nkey_kind kind = user_key) {
    nkey_pair pair;
    REQUIRE(nkey_pair::from_seed(seed, kind, pair) == nullptr);
    return pair;
}

std::string signature_of(const nkey_pair& pair, std::string_view message) {
    std::string signature;
    REQUIRE(pair.sign(message, signature) == nullptr);
    return signature;
}

} // namespace

TEST_CASE("E04 seeds and public keys are those of nkeys") {
    std::string bytes;
    for (char c = 0; c != 32; ++c)
        bytes += c;
    for (const known_key& known : known_keys) {
        INFO(known.seed);
        CHECK(encode_nkey_seed(known.kind, bytes) == secret(known.seed));
        CHECK(pair_of(known.seed, known.kind).public_key() == known.public_key);
        CHECK(fault_of_public(known.public_key, known.kind).empty());
    }
    nkey_pair same;
    REQUIRE(nkey_pair::from_private(user_key, bytes, same) == nullptr);
    CHECK(same.public_key() == user_public);
}

TEST_CASE("E04 P2.22 a nonce is signed as nkeys signs it") {
    const auto pair = pair_of("SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY");
    CHECK(pair.public_key() == "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4");
    CHECK(base64url_encode(signature_of(pair, "PXoWU7zWAMt75FY")) ==
          "zHsjAXoXbo2tbVRLf6_3-aHC2CGLiez1yMSLOyF4Z2wmzmO4ppyieii5IZsQSBgfdppsi6wMHWzYYXUv6A-8DQ");
    CHECK(base64url_encode(signature_of(pair_of(user_seed), "")) ==
          "nKU1eVMGVNXD33cInvRe2mE-L-32cOlr7axGOVBOWEXvS5XVeTB3Iz3RaBeyUy6cVSWHKnOkrXS3WTaangXBAg");
}

TEST_CASE("E04 signatures are those of RFC 8032, 7.1") {
    struct vector {
        const char* key;
        const char* public_key;
        const char* message;
        const char* signature;
    };
    for (const vector& v : {
             vector{
                 "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                 "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                 "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33ba"
                 "cc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
             vector{
                 "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                 "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                 "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996"
                 "e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
         }) {
        nkey_pair pair;
        REQUIRE(nkey_pair::from_private(user_key, from_hex(v.key), pair) == nullptr);
        CHECK(pair.public_key() == encode_public_nkey(user_key, from_hex(v.public_key)));
        const auto signature = signature_of(pair, from_hex(v.message));
        CHECK(signature == from_hex(v.signature));
        CHECK(verify_nkey(pair.public_key(), user_key, from_hex(v.message), signature));
        CHECK_FALSE(verify_nkey(pair.public_key(), user_key, "another", signature));
        CHECK_FALSE(
            verify_nkey(pair.public_key(), nkey_kind::account_key, from_hex(v.message), signature));
        CHECK_FALSE(verify_nkey(user_public, user_key, from_hex(v.message), signature));
        CHECK_FALSE(
            verify_nkey(pair.public_key(), user_key, from_hex(v.message), signature.substr(1)));
        CHECK_FALSE(verify_nkey("U", user_key, from_hex(v.message), signature));
    }
}

TEST_CASE("E04 blanks and line ends around a seed are left aside") {
    CHECK(seed_fault(user_seed + "\r\n").empty());
    CHECK(seed_fault(" \t\n" + user_seed + " ").empty());
    CHECK(seed_fault(user_seed.substr(0, 9) + "\n" + user_seed.substr(9)) == "it is too long");
}

TEST_CASE("E04 what is wrong with a seed is named, and nothing of it shown") {
    CHECK(seed_fault("") == "it is empty");
    CHECK(seed_fault(" \n") == "it is empty");
    CHECK(seed_fault(user_public) == "it does not begin with S, as a seed does");
    CHECK(seed_fault("S") == "it is too short");
    CHECK(seed_fault(user_seed.substr(1)) == "it does not begin with S, as a seed does");
    CHECK(seed_fault(user_seed.substr(0, 57)) == "it is too short");
    CHECK(seed_fault(user_seed + "A") == "it is too long");
    std::string lower = user_seed;
    lower[20] = 'a';
    CHECK(seed_fault(lower) == "it holds a character that is not base32 (A to Z, 2 to 7)");
    lower[20] = '1';
    CHECK(seed_fault(lower) == "it holds a character that is not base32 (A to Z, 2 to 7)");
    CHECK(seed_fault(known_keys[1].seed) == "it is not one of a user");
    CHECK(seed_fault(known_keys[2].seed) == "it is not one of a user");
    CHECK(seed_fault(user_seed, nkey_kind::account_key) == "it is not one of an account");
    CHECK(seed_fault(user_seed, nkey_kind::operator_key) == "it is not one of an operator");
    CHECK(seed_fault(user_seed, nkey_kind::server_key) == "it is one of another kind");
}

TEST_CASE("E04 no single character of a seed or key can be another") {
    constexpr std::string_view base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    for (std::size_t i = 0; i != user_seed.size(); ++i) {
        for (const char c : base32) {
            std::string other = user_seed;
            other[i] = c;
            if (other != user_seed && seed_fault(other).empty())
                FAIL("the seed is accepted with " << c << " at " << i);
            other = user_public;
            other[i % 56] = c;
            if (other != user_public && fault_of_public(other).empty())
                FAIL("the key is accepted with " << c << " at " << i % 56);
        }
    }
}

TEST_CASE("E05 what is wrong with a public key is named") {
    CHECK(fault_of_public(user_public).empty());
    CHECK(fault_of_public("") == "it is too short");
    CHECK(fault_of_public(user_public + "A") == "it is too long");
    CHECK(fault_of_public(user_seed) == "it is a seed, which is secret, and no public key");
    CHECK(fault_of_public(known_keys[1].public_key) == "it is not one of a user");
}

TEST_CASE("E04 a key pair of the wrong size is none") {
    nkey_pair pair;
    CHECK(std::string(nkey_pair::from_private(user_key, secret("short"), pair)) ==
          "a private key has 32 bytes");
    CHECK(pair.empty());
    std::string signature = "kept";
    CHECK(std::string(pair.sign("nonce", signature)) == "OpenSSL cannot use the Ed25519 key");
    CHECK(signature == "kept");
}
