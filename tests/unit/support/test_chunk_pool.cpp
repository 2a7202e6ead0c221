// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/chunk_pool.hpp"

#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace {

using namespace conats::impl;

constexpr std::size_t whole = chunk_pool::chunk_size;

/// What owns a pool, as a connection does.
struct pool_owner {
    chunk_pool pool{std::make_shared<chunk_store>()};
};

} // namespace

TEST_CASE("chunk_pool hands out a returned chunk again") {
    chunk_pool pool(std::make_shared<chunk_store>());
    chunk* const first = pool.get(1, nullptr);
    CHECK(first->capacity == whole);
    CHECK(first->references == 1);
    std::memset(first->data(), 'x', whole + chunk::padding);
    release_reference(first);

    chunk* const second = pool.get(whole, nullptr);
    CHECK(second == first);
    CHECK(second->references == 1);
    chunk* const third = pool.get(1, nullptr);
    CHECK(third != second);
    release_reference(second);
    release_reference(third);
}

TEST_CASE("chunk_pool gets a chunk back with its last reference, not before") {
    chunk_pool pool(std::make_shared<chunk_store>());
    chunk* const c = pool.get(1, nullptr);
    add_reference(c, 3);
    release_reference(c);
    release_reference(c, 2);
    CHECK(pool.bytes_in_use() == whole);
    release_reference(c);
    CHECK(pool.bytes_in_use() == 0);
}

TEST_CASE("chunk_pool counts the bytes that are out, larger chunks with their size") {
    chunk_pool pool(std::make_shared<chunk_store>());
    chunk* const usual = pool.get(whole, nullptr);
    chunk* const large = pool.get(whole + 1, nullptr);
    CHECK(large->capacity == whole + 1);
    std::memset(large->data(), 'x', large->capacity + chunk::padding);
    CHECK(pool.bytes_in_use() == 2 * whole + 1);
    release_reference(large);
    CHECK(pool.bytes_in_use() == whole);
    release_reference(usual);
    CHECK(pool.bytes_in_use() == 0);

    chunk* const again = pool.get(1, nullptr); // the large one was not kept
    CHECK(again->capacity == whole);
    release_reference(again);
}

TEST_CASE("chunk_store keeps some chunks of a burst and frees the rest") {
    chunk_pool pool(std::make_shared<chunk_store>());
    std::vector<chunk*> burst;
    for (std::size_t i = 0; i != 2 * chunk_store::max_kept; ++i)
        burst.push_back(pool.get(1, nullptr));
    CHECK(pool.bytes_in_use() == burst.size() * whole);
    for (chunk* c : burst)
        release_reference(c);
    CHECK(pool.bytes_in_use() == 0);

    // The last one kept comes out first.
    chunk* const again = pool.get(1, nullptr);
    CHECK(again == burst[chunk_store::max_kept - 1]);
    release_reference(again);
}

TEST_CASE("chunk_store is shared: what one pool has given back another gets") {
    const auto store = std::make_shared<chunk_store>();
    chunk_pool one(store);
    chunk_pool other(store);
    chunk* const first = one.get(1, nullptr);
    release_reference(first);
    chunk* const second = other.get(1, nullptr);
    CHECK(second == first);
    CHECK(second->pool == &other);
    CHECK(one.bytes_in_use() == 0);
    CHECK(other.bytes_in_use() == whole);
    release_reference(second);
    CHECK(other.bytes_in_use() == 0);
}

TEST_CASE("chunk keeps its owner while it is out, not while it lies in the pool") {
    auto owner = std::make_shared<pool_owner>();
    chunk* const c = owner->pool.get(1, owner);
    CHECK(owner.use_count() == 2);
    release_reference(c);
    CHECK(owner.use_count() == 1);
}

TEST_CASE("chunk may outlive all but itself: the pool goes with the last one") {
    auto owner = std::make_shared<pool_owner>();
    const std::weak_ptr<pool_owner> watch = owner;
    chunk* const c = owner->pool.get(1, owner);
    chunk* const large = owner->pool.get(2 * whole, owner);
    owner.reset();
    CHECK_FALSE(watch.expired());
    release_reference(large);
    CHECK_FALSE(watch.expired());
    release_reference(c); // put into the pool, which then dies
    CHECK(watch.expired());
}

TEST_CASE("chunk outside of any pool holds its owner and is freed with its last reference") {
    const auto owner = std::make_shared<int>();
    chunk* const c = make_chunk(100, owner);
    CHECK(c->capacity == 100);
    CHECK(c->references == 1);
    CHECK(c->pool == nullptr);
    CHECK(owner.use_count() == 2);
    std::memset(c->data(), 'x', 100 + chunk::padding);
    release_reference(c);
    CHECK(owner.use_count() == 1);
}
