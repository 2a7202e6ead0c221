// SPDX-License-Identifier: Apache-2.0
#include "engine/shared_chunks.hpp"

#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

class chunk_service final : public asio::execution_context::service {
public:
    inline static asio::execution_context::id id; // what Asio looks for

    explicit chunk_service(asio::execution_context& owner) : service(owner) {}
    void shutdown() override {}

    [[nodiscard]] const std::shared_ptr<chunk_store>& store() const noexcept { return store_; }

private:
    const std::shared_ptr<chunk_store> store_ = std::make_shared<chunk_store>();
};

} // namespace

std::shared_ptr<chunk_store> shared_chunks(const asio::any_io_executor& executor) {
    asio::execution_context& context = asio::query(executor, asio::execution::context);
    return asio::use_service<chunk_service>(context).store();
}

} // namespace impl
} // namespace v0
} // namespace conats
