// SPDX-License-Identifier: Apache-2.0

// Catch2 2 is compiled here, once for all test programs; Catch2 3 brings a library with its main.

#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif
