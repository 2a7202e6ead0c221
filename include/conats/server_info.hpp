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

    std::string server_id;
    std::string server_name;
    std::string version;
    std::string go;
    std::string git_commit;
    std::string host;
    std::uint16_t port = 0;
    int proto = 0;
    std::uint64_t max_payload = 0; ///< bytes of headers and payload; 0 before the first INFO
    std::uint64_t client_id = 0;
    std::string client_ip;
    std::string cluster;
    std::string domain; ///< JetStream domain
    std::string nonce;  ///< to be signed by nkey users
    std::string xkey;
    std::string remote_account;
    std::vector<std::string> connect_urls;    ///< other servers of the cluster, host:port
    std::vector<std::string> ws_connect_urls; ///< the same for WebSocket
    int api_level = 0;                        ///< JetStream API level (servers ≥ 2.12)
    bool headers = false;
    bool auth_required = false;
    bool tls_required = false;
    bool tls_verify = false;
    bool tls_available = false;
    bool jetstream = false;
    bool lame_duck_mode = false; ///< the server is about to shut down
    bool is_system_account = false;
    bool connect_info = false; ///< an INFO sent after CONNECT with the account (≥ 2.12)
};

} // namespace v0
} // namespace conats
