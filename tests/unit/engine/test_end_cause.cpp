// SPDX-License-Identifier: Apache-2.0
#include "engine/end_cause.hpp"
#include "support/catch.hpp"
#include "values/no_memory.hpp"

using conats::errc;
using conats::error;
using conats::impl::end_cause;

TEST_CASE("end_cause is none at first") {
    const end_cause cause;
    CHECK_FALSE(cause);
    CHECK_FALSE(cause.get());
}

TEST_CASE("end_cause gives back all of an error") {
    for (const error& e :
         {error(errc::unsubscribed), error(errc::drained, "in words"),
          error(errc::permission_denied).subject("a.b"),
          error(errc::disconnected).server("nats://h:4222"),
          error(errc::no_responders).was_written(true), conats::impl::no_memory()}) {
        CAPTURE(e.what());
        end_cause cause;
        cause.set(e);
        CHECK(cause);
        CHECK(cause.get() == e);
        CHECK(cause.get().was_written() == e.was_written());
    }
}
