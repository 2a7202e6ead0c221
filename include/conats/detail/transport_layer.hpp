// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>
#include <conats/export.hpp>
#include <conats/stream.hpp>
#include <conats/transport.hpp>

#include <memory>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

// What optional libraries implement to put a protocol between TCP (or TLS) and NATS. Not part of
// the API.

/// A stream over another one, which agrees with its peer before it is used.
class CONATS_EXPORT layered_stream : public stream {
public:
    ~layered_stream() override;

    /// To be awaited before anything else; `close` ends it.
    virtual asio::awaitable<error> handshake() = 0;
};

/// A layer for one attempt to reach a server.
class CONATS_EXPORT layer_attempt {
public:
    layer_attempt() = default;
    layer_attempt(const layer_attempt&) = delete;
    layer_attempt& operator=(const layer_attempt&) = delete;
    virtual ~layer_attempt();

    /// Asks the user for what is new for each attempt. Runs on the client's executor, and may be
    /// cancelled.
    virtual asio::awaitable<error> prepare() = 0;
    /// After `prepare`. `lower` is connected, and encrypted where the scheme says so.
    virtual std::unique_ptr<layered_stream> lay_over(std::unique_ptr<stream> lower) = 0;
};

/// A kind of layer, shared by all clients whose options hold it.
class CONATS_EXPORT transport_layer {
public:
    transport_layer() = default;
    transport_layer(const transport_layer&) = delete;
    transport_layer& operator=(const transport_layer&) = delete;
    virtual ~transport_layer();

    /// What is wrong with its options, before any I/O.
    [[nodiscard]] virtual error validate() const = 0;
    /// Whether it is for addresses of this scheme; others go over TCP.
    [[nodiscard]] virtual bool carries(std::string_view scheme) const = 0;
    [[nodiscard]] virtual std::shared_ptr<layer_attempt> begin(transport_target target) const = 0;
};

/// A transport that puts a layer over TCP, or over what `lower` makes.
CONATS_EXPORT transport make_layered(std::shared_ptr<const transport_layer> layer,
                                     const transport& lower);

} // namespace impl
} // namespace v0
} // namespace conats
