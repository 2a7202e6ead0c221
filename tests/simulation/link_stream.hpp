// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "network.hpp"

#include <memory>
#include <span>
#include <string>

namespace conats::simulation {

/// The client's end of a link.
class link_stream final : public stream {
public:
    link_stream(network& n, std::shared_ptr<link> l, const asio::any_io_executor& strand);
    ~link_stream() override;

    asio::awaitable<std::size_t> read_some(asio::mutable_buffer to, error_code& ec) override;
    asio::awaitable<void> wait_readable(error_code& ec) override;
    asio::awaitable<std::size_t> write_some(std::span<const asio::const_buffer> from,
                                            error_code& ec) override;
    void close() noexcept override;
    [[nodiscard]] std::string remote_address() const override { return "simulated"; }

    /// There may be something to read, or room to write.
    void wake();

private:
    /// Whether there is nothing more to do: `ec` says why.
    bool is_over(error_code& ec) const;

    network& network_;
    std::shared_ptr<link> link_;
    conats::impl::timer readable_;
    conats::impl::timer writable_;
    bool is_closed_ = false;
};

} // namespace conats::simulation
