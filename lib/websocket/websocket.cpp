// SPDX-License-Identifier: Apache-2.0
#include "support/thrown_text.hpp"
#include "websocket/upgrade.hpp"
#include "websocket/websocket_stream.hpp"

#include <conats/websocket.hpp>

#include <utility>

namespace conats {
inline namespace v0 {

websocket_headers::websocket_headers() = default;
websocket_headers::websocket_headers(const websocket_headers&) = default;
websocket_headers::websocket_headers(websocket_headers&&) noexcept = default;
websocket_headers& websocket_headers::operator=(const websocket_headers&) = default;
websocket_headers& websocket_headers::operator=(websocket_headers&&) noexcept = default;
websocket_headers::~websocket_headers() = default;

websocket_headers& websocket_headers::add(std::string_view name, secret value) {
    fields_.emplace_back(std::string(name), std::move(value));
    return *this;
}

websocket_options::websocket_options() = default;
websocket_options::websocket_options(const websocket_options&) = default;
websocket_options::websocket_options(websocket_options&&) noexcept = default;
websocket_options& websocket_options::operator=(const websocket_options&) = default;
websocket_options& websocket_options::operator=(websocket_options&&) noexcept = default;
websocket_options::~websocket_options() = default;

websocket_options& websocket_options::header(std::string_view name, secret value) {
    headers_.add(name, std::move(value));
    return *this;
}

websocket_options& websocket_options::header_provider(websocket_header_provider f) {
    provider_ = std::move(f);
    return *this;
}

websocket_options& websocket_options::compression(bool on) {
    compression_ = on;
    return *this;
}

websocket_options& websocket_options::max_frame_size(std::size_t bytes) {
    max_frame_size_ = bytes;
    return *this;
}

error websocket_options::validate() const {
    if (max_frame_size_ < 1024)
        return {errc::invalid_options, "max_frame_size is " + std::to_string(max_frame_size_) +
                                           " bytes; possible is at least 1 KiB"};
    return impl::check_headers(headers_);
}

namespace impl {
namespace {

class websocket_attempt final : public layer_attempt {
public:
    explicit websocket_attempt(std::shared_ptr<websocket_setup> setup) : setup_(std::move(setup)) {}

    asio::awaitable<error> prepare() override { return prepare(setup_); }

    std::unique_ptr<layered_stream> lay_over(std::unique_ptr<stream> lower) override {
        return std::make_unique<websocket_stream>(std::move(lower), std::move(setup_));
    }

private:
    // Its own owner of what it uses: it may be left alone.
    static asio::awaitable<error> prepare(std::shared_ptr<websocket_setup> setup) {
        if (!setup->options.header_provider())
            co_return error();
        std::string failure;
        try {
            auto answer = setup->options.header_provider()(setup->target);
            setup->fresh = co_await std::move(answer);
        } catch (...) {
            failure = thrown_text();
        }
        if (!failure.empty())
            co_return error(errc::provider_failed, "the header provider failed: " + failure);
        error e = check_headers(setup->fresh);
        if (e)
            e = error(errc::provider_failed, "the header provider: " + e.text());
        co_return e;
    }

    std::shared_ptr<websocket_setup> setup_;
};

class websocket_layer final : public transport_layer {
public:
    explicit websocket_layer(websocket_options options) : options_(std::move(options)) {}

    [[nodiscard]] error validate() const override { return options_.validate(); }
    [[nodiscard]] bool carries(std::string_view scheme) const override {
        return scheme == "ws" || scheme == "wss";
    }
    [[nodiscard]] std::shared_ptr<layer_attempt> begin(transport_target target) const override {
        auto setup = std::make_shared<websocket_setup>();
        setup->options = options_;
        setup->target = std::move(target);
        return std::make_shared<websocket_attempt>(std::move(setup));
    }

private:
    websocket_options options_;
};

} // namespace
} // namespace impl

transport websocket(websocket_options options, transport lower) {
    return impl::make_layered(std::make_shared<impl::websocket_layer>(std::move(options)), lower);
}

} // namespace v0
} // namespace conats
