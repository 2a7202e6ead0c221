// SPDX-License-Identifier: Apache-2.0
#include "engine/subscription_state.hpp"
#include "queue_fixture.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace conats;
using impl::commit_result;
using impl::pending_limits;
using impl::record;

struct message {
    std::uint32_t id;
    std::size_t cost;
    int block; // where it lies
};

/// What a subscription promises, by a plain list.
class model {
public:
    explicit model(const pending_limits& l) : policy_(l.policy) { set_limits(l.messages, l.bytes); }

    void set_limits(std::size_t messages, std::size_t bytes) {
        constexpr auto unlimited = std::numeric_limits<std::size_t>::max();
        limit_messages_ = messages == 0 ? unlimited : messages;
        limit_bytes_ = bytes == 0 ? unlimited : bytes;
        if (watched && fits(queue_.size() + 1, bytes_ + 1)) {
            watched = false;
            ++rooms;
        }
    }

    /// One chunk; `expected` is filled as `commit` does.
    void arrive(const std::vector<message>& chunk, commit_result& expected) {
        if (!chunk.empty() && has_caught_up(1, chunk.front().cost)) {
            expected.recovered = std::exchange(slow_, false);
            given_up_ = false;
        }
        for (const message& m : chunk)
            admit(m, expected);
        dropped += expected.dropped;
        max_messages = std::max(max_messages, queue_.size());
        max_bytes = std::max(max_bytes, bytes_);
        expected.full = pauses() && !given_up_ && !fits(queue_.size(), bytes_);
        if (expected.dropped != 0) {
            expected.became_slow = !std::exchange(slow_, true);
        } else if (has_caught_up(0, 0)) {
            expected.recovered = std::exchange(slow_, false) || expected.recovered;
            given_up_ = false;
        }
    }

    bool look() {
        if (discarded)
            drop_all();
        if (moved_out_ == 0)
            moved_out_ =
                std::min(std::clamp<std::size_t>(limit_messages_ / 16, 1, 256), queue_.size());
        return moved_out_ != 0;
    }
    message take() {
        const message m = queue_.front();
        pop();
        --moved_out_;
        ++delivered;
        if (watched && queue_.size() + 1 <= limit_messages_ - limit_messages_ / 4 &&
            bytes_ <= limit_bytes_ - limit_bytes_ / 4) {
            watched = false;
            ++rooms;
        }
        return m;
    }
    std::size_t compact(int& next_block) {
        std::size_t copied = 0;
        for (std::size_t i = moved_out_; i != queue_.size(); ++i) {
            if (!compacted_.insert(queue_[i].id).second)
                continue;
            forget(queue_[i]);
            queue_[i].block = next_block++;
            ++blocks[queue_[i].block];
            ++copied;
        }
        return copied;
    }
    bool has_room_or_watch() {
        const bool room = ended || given_up_ || fits(queue_.size() + 1, bytes_ + 1);
        watched = !room;
        return room;
    }
    void give_up() {
        given_up_ = true;
        watched = false;
    }
    void end(bool discard) {
        rooms += std::exchange(watched, false) ? 1 : 0;
        ended = true;
        if (!discard)
            return;
        discarded = true;
        while (queue_.size() > moved_out_) {
            bytes_ -= queue_.back().cost;
            forget(queue_.back());
            queue_.pop_back();
        }
    }

    [[nodiscard]] bool pauses() const { return policy_ == overflow::wait; }
    [[nodiscard]] std::size_t size() const { return queue_.size(); }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    [[nodiscard]] bool all_moved_out() const { return queue_.size() == moved_out_; }

    std::map<int, int> blocks; // and how many messages lie in each
    std::uint64_t delivered = 0;
    std::uint64_t dropped = 0;
    std::size_t max_messages = 0;
    std::size_t max_bytes = 0;
    int rooms = 0;
    bool watched = false;
    bool ended = false;
    bool discarded = false;

private:
    [[nodiscard]] bool fits(std::size_t messages, std::size_t bytes) const {
        return messages <= limit_messages_ && bytes <= limit_bytes_;
    }
    /// Whether an episode ends before these arrive.
    [[nodiscard]] bool has_caught_up(std::size_t messages, std::size_t bytes) const {
        return (queue_.empty() && fits(messages, bytes)) ||
               (queue_.size() + messages <= limit_messages_ / 2 &&
                bytes_ + bytes <= limit_bytes_ / 2);
    }
    void admit(const message& m, commit_result& expected) {
        if (ended)
            return;
        while (policy_ == overflow::drop_oldest && m.cost <= limit_bytes_ && !all_moved_out() &&
               !fits(size() + 1, bytes_ + m.cost)) {
            const auto oldest = queue_.begin() + static_cast<std::ptrdiff_t>(moved_out_);
            bytes_ -= oldest->cost;
            forget(*oldest);
            queue_.erase(oldest);
            ++expected.dropped;
        }
        if ((!pauses() || given_up_) && !fits(size() + 1, bytes_ + m.cost)) {
            ++expected.dropped;
            return;
        }
        queue_.push_back(m);
        bytes_ += m.cost;
        ++blocks[m.block];
    }
    void pop() {
        bytes_ -= queue_.front().cost;
        forget(queue_.front());
        queue_.pop_front();
    }
    void drop_all() {
        while (!queue_.empty())
            pop();
        moved_out_ = 0;
    }
    void forget(const message& m) {
        if (--blocks[m.block] == 0)
            blocks.erase(m.block);
    }

    overflow policy_;
    std::size_t limit_messages_ = 0;
    std::size_t limit_bytes_ = 0;
    std::deque<message> queue_;
    std::size_t moved_out_ = 0; // of its front: beyond the reach of drop_oldest
    std::size_t bytes_ = 0;
    std::set<std::uint32_t> compacted_;
    bool slow_ = false;
    bool given_up_ = false;
};

/// A subscription beside its model, both taken through the same random life.
class life {
public:
    life(std::mt19937& random, test::feed& feed, const pending_limits& l)
        : random_(random),
          feed_(feed),
          state_(test::make_subscription(l)),
          model_(l) {
        state_->observer = observer_;
    }

    void step() {
        switch (below(16)) {
        case 0:
        case 1:
        case 2:
        case 3: arrive(1 + below(12)); break;
        case 4: arrive(1 + below(200)); break;
        case 5:
        case 6:
        case 7:
        case 8:
        case 9: take(1 + below(8)); break;
        case 10: take(1 + below(300)); break;
        case 11: REQUIRE(state_->peek() == model_.look()); break;
        case 12: compact(); break;
        case 13:
            if (model_.pauses())
                REQUIRE(state_->has_room_or_watch() == model_.has_room_or_watch());
            break;
        case 14: rare(); break;
        default: break;
        }
        check();
    }

    void end(bool discard) {
        state_->end(errc::closed, discard);
        model_.end(discard);
        check();
        for (int i = 0; i != 5; ++i)
            step();
        take(1'000'000);
        REQUIRE(state_->at_end());
        REQUIRE(observer_->finished == 1);
        REQUIRE(feed_.chunks() == 0);
    }

private:
    void arrive(std::size_t count) {
        std::vector<message> messages;
        impl::chunk* c = feed_.make_chunk(count * 64);
        char* to = c->data();
        for (std::size_t i = 0; i != count; ++i) {
            std::string payload = std::to_string(next_id_) + std::string(below(50), '.');
            messages.push_back({next_id_++, payload.size() + 64, next_block_});
            test::stage(*state_, test::feed::write(*c, to, "s", "", "", payload));
        }
        ++next_block_;
        commit_result expected;
        model_.arrive(messages, expected);
        const commit_result r = state_->commit(*c, {});
        impl::release_reference(c);
        REQUIRE(r.dropped == expected.dropped);
        REQUIRE(r.became_slow == expected.became_slow);
        REQUIRE(r.recovered == expected.recovered);
        if (model_.ended)
            return; // nobody looks at the rest
        REQUIRE(r.full == expected.full);
    }
    void take(std::size_t count) {
        record r;
        for (; count != 0; --count) {
            const bool expected = model_.look();
            REQUIRE(state_->take(r) == expected);
            if (!expected)
                return;
            const message m = model_.take();
            if (std::stoul(test::payload_of(r)) != m.id)
                FAIL("message " << test::payload_of(r) << " instead of " << m.id);
            impl::release_reference(r.memory);
        }
    }
    void compact() {
        bool idle = false;
        REQUIRE(state_->compact(feed_.owner(), idle) == model_.compact(next_block_));
        REQUIRE(idle == model_.all_moved_out());
    }
    void rare() {
        if (below(2) == 0) {
            const std::size_t messages = below(100);
            const std::size_t bytes = below(20'000);
            state_->set_limits(messages, bytes);
            model_.set_limits(messages, bytes);
        } else if (model_.watched) {
            state_->give_up_pause();
            model_.give_up();
        }
    }
    void check() {
        const auto now = state_->statistics({});
        REQUIRE(now.dropped == model_.dropped);
        REQUIRE(now.delivered == model_.delivered);
        REQUIRE(now.pending_messages == (model_.discarded ? 0 : model_.size()));
        REQUIRE(now.pending_bytes == (model_.discarded ? 0 : model_.bytes()));
        REQUIRE(now.max_pending_messages == model_.max_messages);
        REQUIRE(now.max_pending_bytes == model_.max_bytes);
        REQUIRE(observer_->room == model_.rooms);
        REQUIRE(feed_.chunks() == static_cast<long>(model_.blocks.size()));
    }
    std::size_t below(std::size_t limit) { return random_() % limit; }

    std::mt19937& random_;
    test::feed& feed_;
    std::shared_ptr<test::counting_observer> observer_ =
        std::make_shared<test::counting_observer>();
    std::shared_ptr<impl::subscription_state> state_;
    model model_;
    std::uint32_t next_id_ = 0;
    int next_block_ = 0;
};

void live(overflow policy, std::uint32_t seed) {
    CAPTURE(to_string(policy), seed);
    std::mt19937 random(seed);
    test::feed feed;
    for (int round = 0; round != 10; ++round) {
        CAPTURE(round);
        const bool unlimited = round == 0;
        life l(random, feed,
               test::limits(unlimited ? 0 : 1 + random() % 400,
                            unlimited || random() % 2 == 0 ? 0 : random() % 30'000, policy));
        for (int step = 0; step != 500; ++step)
            l.step();
        l.end(random() % 2 == 0);
    }
}

} // namespace

TEST_CASE("subscription with drop_newest does as a plain list does, at random") {
    for (const std::uint32_t seed : {101U, 102U, 103U, 104U})
        live(overflow::drop_newest, seed);
}

TEST_CASE("subscription with drop_oldest does as a plain list does, at random") {
    for (const std::uint32_t seed : {201U, 202U, 203U, 204U})
        live(overflow::drop_oldest, seed);
}

TEST_CASE("subscription with wait does as a plain list does, at random") {
    for (const std::uint32_t seed : {301U, 302U, 303U, 304U})
        live(overflow::wait, seed);
}
