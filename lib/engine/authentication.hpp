// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/auth_options.hpp"
#include "engine/credentials.hpp"
#include "protocol/nkey.hpp"
#include "transport/dial.hpp"

#include <conats/auth.hpp>
#include <conats/connect_options.hpp>
#include <conats/error.hpp>
#include <conats/secret.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <string>

namespace conats {
inline namespace v0 {
namespace impl {

/// Who we are, before the server's nonce is signed.
class identity {
public:
    identity() noexcept = default;

    credentials ready; ///< complete as they are, if not empty
    secret jwt;
    nkey_pair key;               ///< signs, if not empty
    std::string public_key;      ///< whose `signer` it is, without a JWT
    nkey_signer_function signer; ///< signs otherwise
};

/// The pure half, for a signature that is there: what is presented, or why it cannot be.
[[nodiscard]] error prove(identity who, const std::string& nonce, const std::string& signature,
                          credentials& out);

/// `credentials_unreadable` if the file has no user's seed.
[[nodiscard]] error read_nkey_file(const std::string& path, identity& out);
/// `credentials_unreadable` if there is no JWT or a seed is wrong. Without `seed_path` both are in
/// one file, and the seed may be absent.
[[nodiscard]] error read_credentials_files(const std::string& path, const std::string& seed_path,
                                           identity& out);

/// Finds what to present in one attempt: asks, reads, signs. On the engine's strand; lives no
/// longer than the attempt.
class authentication {
public:
    /// All are borrowed.
    authentication(const connect_options& options, const auth_options& auth, dial_attempt& attempt,
                   asio::any_io_executor user_executor);

    /// Nothing that fails here has been told to the server.
    asio::awaitable<error> find(auth_request request, credentials& out);

private:
    asio::awaitable<error> identify(const auth_request& request, identity& out);
    asio::awaitable<error> ask_for_token(const auth_request& request, identity& out);
    asio::awaitable<error> ask_for_user(const auth_request& request, identity& out);
    asio::awaitable<error> ask_for_jwt(const auth_request& request, identity& out);
    asio::awaitable<error> sign(const identity& who, const auth_request& request,
                                std::string& signature);
    template <class Value, class Function>
    asio::awaitable<error> ask(const Function& function, auth_request request, const char* whom,
                               Value& out);

    const connect_options& options_;
    const auth_options& auth_;
    dial_attempt& attempt_;
    asio::any_io_executor user_executor_;
};

} // namespace impl
} // namespace v0
} // namespace conats
