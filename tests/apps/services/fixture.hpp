// SPDX-License-Identifier: Apache-2.0
// What the tests of examples/apps share.
#pragma once

#include "apps/program.hpp"

#include <string>
#include <utility>
#include <vector>

namespace conats::test {

/// A program of examples/apps.
inline program app(const std::string& name, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), CONATS_APPS "/" + name + "/" + name);
    return program(std::move(arguments));
}

} // namespace conats::test
