// SPDX-License-Identifier: Apache-2.0

// Whatever the text of a credentials file, a seed, a public key or a JWT, reading it ends in
// words that show nothing of it or in parts that can be used.

#include "check.hpp"
#include "protocol/creds_file.hpp"
#include "protocol/jwt.hpp"
#include "protocol/nkey.hpp"
#include "support/base64.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace conats::impl; // NOLINT(google-build-using-namespace): what is tested
using conats::test::check;

bool printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

void seed(std::string_view text) {
    nkey_pair pair;
    if (nkey_pair::from_seed(text, nkey_kind::user_key, pair) != nullptr) {
        check(pair.empty(), "a wrong seed changes nothing");
        return;
    }
    check(check_public_nkey(pair.public_key(), nkey_kind::user_key) == nullptr, "has a public key");
    std::string signature;
    check(pair.sign(text, signature) == nullptr, "signs");
    check(verify_nkey(pair.public_key(), nkey_kind::user_key, text, signature), "verifies");
}

void jwt(std::string_view text) {
    const auto expires = jwt_expiry(text);
    if (expires) {
        check(*expires > wall_time(), "an expiry is after 1970");
        const auto renewed = renewal_time(wall_time(), *expires);
        check(!renewed || (*renewed < *expires && *renewed > wall_time()), "renewed before");
    }
    std::string bytes(base64url_decoded_size(text.size()), '\0');
    if (base64url_decode(text, bytes.data())) {
        std::string again(bytes.size(), '\0');
        check(base64url_decode(base64url_encode(bytes), again.data()), "encoded can be decoded");
        check(again == bytes, "and is the same");
    }
}

void creds(std::string_view text) {
    creds_parts parts;
    if (parse_creds(text, parts) != nullptr) {
        check(parts.jwt.empty() && parts.seed.empty(), "a wrong text changes nothing");
        return;
    }
    check(!parts.jwt.empty() || !parts.seed.empty(), "there is a part");
    check(printable(parts.jwt.reveal()) && printable(parts.seed.reveal()), "nothing is injected");
    check(parts.jwt.size() + parts.seed.size() <= text.size(), "nothing is made up");
    // Written as nsc does it reads back as it is.
    std::string again = "-----BEGIN NATS USER JWT-----\n";
    again.append(parts.jwt.reveal()).append("\n------END NATS USER JWT------\n\n");
    again.append("-----BEGIN USER NKEY SEED-----\n").append(parts.seed.reveal());
    again.append("\n------END USER NKEY SEED------\n");
    creds_parts same;
    const char* const fault = parse_creds(again, same);
    const auto closes = [](const conats::secret& part) {
        return part.reveal().starts_with("---") && part.reveal().ends_with("---");
    };
    if (!parts.jwt.empty() && !parts.seed.empty() && !closes(parts.jwt) && !closes(parts.seed)) {
        check(fault == nullptr, "it is read again");
        check(same.jwt == parts.jwt && same.seed == parts.seed, "and is the same");
    }
    seed(parts.seed.reveal());
    jwt(parts.jwt.reveal());
}

} // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // A block of its own, so that a sanitizer sees what goes beyond.
    const std::vector<char> bytes(data, data + size);
    const std::string_view text(bytes.data(), bytes.size());
    creds(text);
    seed(text);
    jwt(text);
    check(text.size() == 56 || check_public_nkey(text, nkey_kind::user_key) != nullptr,
          "a public key has 56 characters");
    return 0;
}
