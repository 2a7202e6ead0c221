// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/wait_list.hpp"

#include <conats/detail/block.hpp>
#include <conats/error.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

/// A request that waits for its reply. Stays where it is in memory and is used again.
struct request_slot {
    wait_node node;
    record reply;            ///< owned here until the requester takes it
    error failure;           ///< with `wake::ended`
    std::string subject;     ///< to match permission errors
    std::uint64_t begin = 0; ///< outbox position of the frame
    std::chrono::nanoseconds timeout{0};
    std::uint32_t index = 0;
    std::uint32_t generation = 0;
    bool active = false;
};

/// Who waits for which reply: one inbox for all requests of a connection, a token per request.
/// A token names a slot and its generation, so that a late reply finds nobody. Not
/// synchronised; the connection's lock guards it.
class request_mux {
public:
    static constexpr std::size_t max_token_size = 11;

    request_mux() = default;
    request_mux(const request_mux&) = delete;
    request_mux& operator=(const request_mux&) = delete;
    ~request_mux();

    /// The subject before the token, with its final dot; empty until it is set.
    [[nodiscard]] const std::string& prefix() const noexcept { return prefix_; }
    void prefix(std::string p) { prefix_ = std::move(p); }

    request_slot& acquire(std::string_view subject);
    /// Frees the slot and drops a reply that nobody took.
    void release(request_slot& s) noexcept;

    /// The slot's reply subject, written to `out`; valid until the next call.
    std::string_view reply_subject(const request_slot& s);
    /// The request that `subject` is the reply subject of; null if nobody waits for it any more.
    [[nodiscard]] request_slot* find(std::string_view subject) noexcept;
    /// The oldest request to `subject` that has no result yet.
    [[nodiscard]] request_slot* find_by_subject(std::string_view subject) noexcept;

    [[nodiscard]] std::size_t size() const noexcept { return active_; }

    template <class F>
    void for_each_pending(F&& f) {
        for (const auto& s : slots_)
            if (s->active && s->node.outcome == wake::pending)
                f(*s);
    }

private:
    std::string prefix_;
    std::string reply_subject_;
    std::vector<std::unique_ptr<request_slot>> slots_;
    std::vector<std::uint32_t> free_;
    std::size_t active_ = 0;
};

} // namespace impl
} // namespace v0
} // namespace conats
