// SPDX-License-Identifier: Apache-2.0

// The program every consumer test builds: what a first user of the installed library writes.

#include <conats/version.hpp>

#include <iostream>

int main() {
    std::cout << "conats " << conats::version_string << '\n';
}
