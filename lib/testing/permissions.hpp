// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "testing/subject_tree.hpp"

#include <conats/testing/broker_options.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace conats {
inline namespace v0 {
namespace testing {
namespace impl {

/// What one connection may do: its permissions, and the replies it may still send.
class permissions {
public:
    using time_point = std::chrono::steady_clock::time_point;

    permissions() = default;
    explicit permissions(const broker_permissions& from);

    [[nodiscard]] bool can_subscribe(std::string_view subject, std::string_view queue) const;
    /// Counts a response where only that makes it allowed.
    [[nodiscard]] bool can_publish(std::string_view subject, time_point now);
    /// A subscription wider than what is denied gets what is not denied.
    [[nodiscard]] bool is_denied_delivery(std::string_view subject, std::string_view queue) const;
    /// A message with this reply was received.
    void note_reply(std::string_view reply, time_point now);

private:
    struct rule {
        std::string subject;
        std::string queue; ///< empty: of any or no group
    };
    struct response {
        time_point since;
        std::uint64_t sent = 0;
    };

    [[nodiscard]] bool can_publish_always(std::string_view subject) const;
    static std::vector<rule> read(const std::vector<std::string>& texts);
    static bool any(const std::vector<rule>& rules, std::string_view subject);
    /// Rules about queue groups that match the subject: none, or whether one names the group.
    static int group_rules(const std::vector<rule>& rules, std::string_view subject,
                           std::string_view queue);

    bool limits_publish_ = false;
    std::vector<rule> allow_publish_;
    std::vector<rule> deny_publish_;
    std::vector<rule> allow_subscribe_;
    std::vector<rule> deny_subscribe_;
    bool responses_ = false;
    std::uint64_t max_responses_ = 0;
    std::chrono::nanoseconds responses_expire_{};
    text_map<response> replies_;
};

} // namespace impl
} // namespace testing
} // namespace v0
} // namespace conats
