// SPDX-License-Identifier: Apache-2.0
#include "testing/permissions.hpp"

#include <algorithm>

namespace conats {
inline namespace v0 {
namespace testing {
namespace impl {

permissions::permissions(const broker_permissions& from)
    : limits_publish_(!from.allow_publish().empty() || from.responses()),
      allow_publish_(read(from.allow_publish())),
      deny_publish_(read(from.deny_publish())),
      allow_subscribe_(read(from.allow_subscribe())),
      deny_subscribe_(read(from.deny_subscribe())),
      responses_(from.responses()),
      max_responses_(from.max_responses()),
      responses_expire_(from.responses_expire()) {}

std::vector<permissions::rule> permissions::read(const std::vector<std::string>& texts) {
    std::vector<rule> out;
    for (const std::string& text : texts) {
        rule r;
        const std::size_t blank = text.find(' ');
        r.subject = text.substr(0, blank);
        if (blank != std::string::npos) {
            r.queue = text.substr(blank + 1);
        }
        out.push_back(std::move(r));
    }
    return out;
}

bool permissions::any(const std::vector<rule>& rules, std::string_view subject) {
    return std::any_of(rules.begin(), rules.end(), [subject](const rule& r) {
        return r.queue.empty() && matches(r.subject, subject);
    });
}

int permissions::group_rules(const std::vector<rule>& rules, std::string_view subject,
                             std::string_view queue) {
    int found = -1;
    for (const rule& r : rules) {
        if (r.queue.empty() || !matches(r.subject, subject)) {
            continue;
        }
        found = std::max(found, 0);
        if (r.queue == queue || (has_wildcard(r.queue) && matches(r.queue, queue))) {
            return 1;
        }
    }
    return found;
}

bool permissions::can_subscribe(std::string_view subject, std::string_view queue) const {
    bool allowed = true;
    if (!allow_subscribe_.empty()) {
        allowed = any(allow_subscribe_, subject);
        const int group = queue.empty() ? -1 : group_rules(allow_subscribe_, subject, queue);
        allowed = group < 0 ? allowed : group > 0;
    }
    if (allowed && !deny_subscribe_.empty()) {
        allowed = !any(deny_subscribe_, subject) &&
                  (queue.empty() || group_rules(deny_subscribe_, subject, queue) <= 0);
    }
    return allowed;
}

bool permissions::is_denied_delivery(std::string_view subject, std::string_view queue) const {
    return !deny_subscribe_.empty() &&
           (any(deny_subscribe_, subject) ||
            (!queue.empty() && group_rules(deny_subscribe_, subject, queue) > 0));
}

bool permissions::can_publish_always(std::string_view subject) const {
    return (!limits_publish_ || any(allow_publish_, subject)) && !any(deny_publish_, subject);
}

bool permissions::can_publish(std::string_view subject, time_point now) {
    if (can_publish_always(subject)) {
        return true;
    }
    const auto found = replies_.find(subject);
    if (found == replies_.end()) {
        return false;
    }
    response& r = found->second;
    ++r.sent;
    if ((max_responses_ != 0 && r.sent > max_responses_) ||
        (responses_expire_.count() > 0 && now - r.since > responses_expire_)) {
        replies_.erase(found);
        return false;
    }
    return true;
}

void permissions::note_reply(std::string_view reply, time_point now) {
    if (!responses_ || can_publish_always(reply)) {
        return;
    }
    constexpr std::size_t many = 1024;
    if (replies_.size() >= many && responses_expire_.count() > 0) {
        std::erase_if(replies_, [this, now](const auto& each) {
            return now - each.second.since > responses_expire_;
        });
    }
    response fresh;
    fresh.since = now;
    replies_.insert_or_assign(std::string(reply), fresh);
}

} // namespace impl
} // namespace testing
} // namespace v0
} // namespace conats
