// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/subscription_state.hpp"
#include "engine/waiter.hpp"
#include "support/chunk_pool.hpp"

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What the tests of the engine's queues need on both sides: reads that arrive, and consumers that
// wait without being coroutines.

namespace conats::test {

namespace asio = boost::asio;

inline void stage(impl::subscription_state& s, const impl::record& r) {
    impl::message_queue& q = s.staging();
    q.place() = r;
    q.stage(r);
}

/// Takes the place of the reader: makes chunks with messages in them and counts those in use.
class feed {
public:
    /// A chunk that is counted, with one reference.
    impl::chunk* make_chunk(std::size_t capacity) { return impl::make_chunk(capacity, alive_); }
    [[nodiscard]] std::shared_ptr<void> owner() const { return alive_; }

    /// One read: the messages, separated by blanks, in one chunk, staged and committed. Who waits
    /// stays in the result.
    impl::commit_result arrive(impl::subscription_state& s, std::string_view messages,
                               impl::subscription_state::time_point now = {}) {
        const std::vector<std::string> all = split(messages);
        impl::chunk* c = make_chunk(messages.size() + all.size() + 1);
        char* to = c->data();
        for (const std::string& payload : all)
            stage(s, write(*c, to, "s", "", "", payload));
        return committed(s, c, now);
    }
    /// `n` messages 0, 1, …
    impl::commit_result arrive(impl::subscription_state& s, int n) {
        std::string numbers;
        for (int i = 0; i != n; ++i)
            numbers += std::to_string(i) + ' ';
        return arrive(s, numbers);
    }
    /// One message of all parts.
    impl::commit_result arrive(impl::subscription_state& s, std::string_view subject,
                               std::string_view reply, std::string_view header,
                               std::string_view payload) {
        impl::chunk* c =
            make_chunk(subject.size() + reply.size() + header.size() + payload.size() + 1);
        char* to = c->data();
        stage(s, write(*c, to, subject, reply, header, payload));
        return committed(s, c);
    }

    /// Chunks and blocks that somebody holds.
    [[nodiscard]] long chunks() const { return alive_.use_count() - 1; }

    /// Appends a message to a chunk at `to`.
    static impl::record write(impl::block& memory, char*& to, std::string_view subject,
                              std::string_view reply, std::string_view header,
                              std::string_view payload) {
        impl::record r;
        r.memory = &memory;
        r.subject(to);
        r.subject_size = static_cast<std::uint16_t>(subject.size());
        put(to, subject);
        if (!reply.empty()) {
            *to++ = ' ';
            r.reply_offset = static_cast<std::uint16_t>(to - r.subject());
            r.reply_size = static_cast<std::uint16_t>(reply.size());
            put(to, reply);
        }
        r.body_offset = static_cast<std::uint32_t>(to - r.subject());
        r.header_size = static_cast<std::uint32_t>(header.size());
        r.payload_size = static_cast<std::uint32_t>(payload.size());
        put(to, header);
        put(to, payload);
        return r;
    }

private:
    static void put(char*& to, std::string_view text) {
        to = std::copy(text.begin(), text.end(), to);
    }
    static std::vector<std::string> split(std::string_view text) {
        std::vector<std::string> words;
        while (!text.empty()) {
            const std::size_t end = std::min(text.find(' '), text.size());
            if (end != 0)
                words.emplace_back(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        return words;
    }
    static impl::commit_result committed(impl::subscription_state& s, impl::chunk* c,
                                         impl::subscription_state::time_point now = {}) {
        impl::commit_result r = s.commit(*c, now);
        impl::release_reference(c); // the reader's own
        return r;
    }

    std::shared_ptr<int> alive_ = std::make_shared<int>();
};

inline std::string payload_of(const impl::record& r) {
    return {r.payload(), r.payload_size};
}

/// The next message's payload, "-" for none.
inline std::string take(impl::subscription_state& s) {
    impl::record r;
    if (!s.take(r))
        return "-";
    std::string payload = payload_of(r);
    impl::release_reference(r.memory);
    return payload;
}

/// All payloads there are, up to `max`, separated by blanks.
inline std::string take_all(impl::subscription_state& s,
                            std::size_t max = std::numeric_limits<std::size_t>::max()) {
    std::string all;
    impl::record r;
    for (; max != 0 && s.take(r); --max) {
        all += (all.empty() ? "" : " ") + payload_of(r);
        impl::release_reference(r.memory);
    }
    return all;
}

inline impl::pending_limits limits(std::size_t messages, std::size_t bytes = 0,
                                   overflow policy = overflow::drop_newest) {
    impl::pending_limits l;
    l.messages = messages;
    l.bytes = bytes;
    l.policy = policy;
    return l;
}

inline std::shared_ptr<impl::subscription_state> make_subscription(
    const impl::pending_limits& l = {}) {
    return std::make_shared<impl::subscription_state>("s", "", l);
}

/// A suspended operation that is no coroutine: counts its resumptions.
class sleeper {
public:
    explicit sleeper(asio::io_context& context) : context_(&context) {}

    /// What a queue is to keep.
    [[nodiscard]] impl::parked_handler handler() const {
        return impl::parked_handler::hold(function{context_, resumed_});
    }
    /// How often it was resumed, after everything posted has run.
    [[nodiscard]] int resumed() const {
        context_->restart();
        context_->poll();
        return *resumed_;
    }
    /// Handlers neither resumed nor destroyed.
    [[nodiscard]] long parked() const { return resumed_.use_count() - 1; }

private:
    struct function {
        using executor_type = asio::io_context::executor_type;
        [[nodiscard]] executor_type get_executor() const noexcept {
            return context->get_executor();
        }
        void operator()() const { ++*resumed; }

        asio::io_context* context;
        std::shared_ptr<int> resumed;
    };

    asio::io_context* context_;
    std::shared_ptr<int> resumed_ = std::make_shared<int>(0);
};

/// Counts what a subscription tells its connection.
struct counting_observer final : impl::consumer_observer {
    void on_finished(impl::subscription_state& /*s*/) override { ++finished; }
    void on_room() override { ++room; }
    void on_handled(std::span<const std::uint64_t> barriers) override {
        handled.insert(handled.end(), barriers.begin(), barriers.end());
    }

    int finished = 0;
    int room = 0;
    std::vector<std::uint64_t> handled;
};

} // namespace conats::test
