// SPDX-License-Identifier: Apache-2.0

// Catch2 2 is compiled here, once for all test programs; Catch2 3 brings a library with its main.

#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

namespace conats::test {
int run_tests(int argc, char** argv);
int run_tests(int argc, char** argv) {
    return Catch::Session().run(argc, argv);
}
} // namespace conats::test
#endif
