// SPDX-License-Identifier: Apache-2.0

// Of its own, so that a program with another main does not get this one from the archive.

#if !__has_include(<catch2/catch_all.hpp>)
namespace conats::test {
int run_tests(int argc, char** argv);
} // namespace conats::test

int main(int argc, char** argv) {
    return conats::test::run_tests(argc, argv);
}
#endif
