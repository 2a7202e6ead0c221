// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/export.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace conats {
inline namespace v0 {

/// What a server says of itself in INFO. Replaced as a whole by each INFO.
/// Source: https://docs.nats.io/reference/reference-protocols/nats-protocol#info
struct CONATS_EXPORT server_info {
    server_info();
    server_info(const server_info&);
    server_info(server_info&&) noexcept;
    server_info& operator=(const server_info&);
    server_info& operator=(server_info&&) noexcept;
    ~server_info();

    std::string server_id;         ///< unique, new at every start
    std::string server_name;       ///< from its configuration, or the id
    std::string version;           ///< "2.15.2"
    std::string go;                ///< the Go version it was built with
    std::string git_commit;        ///< of its sources
    std::string host;              ///< the address it listens on
    std::uint16_t port = 0;        ///< the port it listens on
    int proto = 0;                 ///< protocol level; 1: it sends INFO at any time
    std::uint64_t max_payload = 0; ///< bytes of headers and payload; 0 before the first INFO
    std::uint64_t client_id = 0;   ///< of this connection, at this server
    std::string client_ip;         ///< our address as the server sees it
    std::string cluster;           ///< its name; empty if there is none
    std::string domain;            ///< JetStream domain
    std::string nonce;             ///< to be signed by nkey users
    std::string xkey;              ///< public curve key, for auth callouts
    std::string remote_account;    ///< account that a leaf node is bound to
    std::vector<std::string> connect_urls;    ///< other servers of the cluster, host:port
    std::vector<std::string> ws_connect_urls; ///< the same for WebSocket
    int api_level = 0;                        ///< JetStream API level (servers ≥ 2.12)
    bool headers = false;                     ///< messages may have headers
    bool auth_required = false;               ///< it wants credentials
    bool tls_required = false;                ///< it wants TLS
    bool tls_verify = false;                  ///< it wants a certificate of ours
    bool tls_available = false;               ///< it offers TLS
    bool jetstream = false;                   ///< JetStream is on
    bool lame_duck_mode = false;              ///< the server is about to shut down
    bool is_system_account = false;           ///< this connection is in the system account
    bool connect_info = false; ///< an INFO sent after CONNECT with the account (≥ 2.12)
};

} // namespace v0
} // namespace conats
