// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "integration/scratch_directory.hpp"
#include "support/nats_server.hpp"
#include "support/test_proxy.hpp"

#include <memory>
#include <string>
#include <vector>

namespace conats::test {

/// A block of C++ in a document.
struct snippet_case {
    std::string name;    ///< "docs/tls.md:11"
    std::string program; ///< its own, if it has a main(); else empty
    std::string mark;    ///< how it is run, see snippet_mark
};

/// Of all documents, and of the one that shows what the check finds. Written by CMake.
extern const std::vector<snippet_case> snippet_cases;
extern const std::vector<snippet_case> fixture_cases;

/// How a block is run: parts of a comment before it, separated by semicolons.
///
///     <!-- run: on token; prints "hello"; closes, since it waits for more messages -->
class snippet_mark {
public:
    explicit snippet_mark(const std::string& text);

    std::string server;        ///< `on`: which server, see snippet_servers; default: `any`
    std::string prints;        ///< `prints "…"`: what has to be in its output
    std::string throws;        ///< `throws CODE`: how it has to end
    std::string closes;        ///< `closes, since …`: its client is closed after a while; why
    std::string stops;         ///< `stops, since …`: it is killed once it has printed; why
    std::string compiles_only; ///< `compiles only, since …`: why
};

/// What a block meets: servers on free ports behind the names and ports of the documents, in a
/// directory with the files they name (ca.pem, me.pem, me.key, service.creds, service.nk).
///
///     any     takes everybody; TLS and WebSocket are offered
///     token   wants the token s3cr3t
///     users   wants the user joe with the password s3cr3t
///     nkey    wants the NKey in service.nk
///     jwt     wants a JWT, as in service.creds
///     mutual  wants TLS and a client's certificate, as in me.pem
///     wss     takes WebSocket at port 443, with TLS
///     proxy   is behind a SOCKS5 proxy that wants a user
class snippet_servers {
public:
    explicit snippet_servers(const std::string& kind);

    /// The shell's words that run a program there.
    [[nodiscard]] std::string prefix() const;
    [[nodiscard]] const scratch_directory& scratch() const { return scratch_; }

private:
    std::string files_and_config(const std::string& kind);

    scratch_directory scratch_;
    std::string url_ = "nats://localhost:4222";
    std::string ports_;
    bool with_credentials_ = false;
    std::unique_ptr<nats_server> server_;
    std::unique_ptr<test_proxy> proxy_;
};

/// Runs a block of the documents; throws what is wrong.
void run_snippet(const std::string& name);

} // namespace conats::test
