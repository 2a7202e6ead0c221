#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scripts/site/doxygen_filter.py: which declarations it leaves without a comment, so that Doxygen warns of
them, and that it changes no line's number. Argument: the project's directory."""

import glob
import os
import sys

sys.path.insert(0, os.path.join(sys.argv[1], "scripts/site"))
import doxygen_filter  # noqa: E402

SAMPLE = """#pragma once
namespace conats {
inline namespace v0 {

/// Documented. With a second sentence.
///
/// Errors: `a.`, <b>.
class thing {
public:
    thing();
    thing(const thing&);
    ~thing();

    /// A setter.
    thing& size(int bytes) {
        size_ = bytes;
        return *this;
    }
    int size() const { return size_; }

    int count() const { return 1; }
    /// Sends.
    void send(int a) const;
    void send(int a, error& e) const;
    void receive() const;

private:
    int size_ = 0;
};

std::string_view to_string(kind k) noexcept;
std::ostream& operator<<(std::ostream& os, kind k);
std::ostream& operator<<(std::ostream& os, const thing& t);
using number = int;

} // namespace v0
} // namespace conats
"""
# Without a comment they stay, so that Doxygen warns.
BARE = ["    int count() const { return 1; }", "    void receive() const;", "using number = int;",
        "std::ostream& operator<<(std::ostream& os, const thing& t);"]
FILLED = ["/** @brief Makes one with its defaults. */ thing();", "/** @cond */ thing(const thing&); /** @endcond */",
          "/** @brief What was set, or the default. */ int size() const", "/** @brief As above; an error goes to `e`. */ void send",
          "/** @brief The enumerator's name. */ std::string_view to_string",
          "/// @brief Documented. @details With a second sentence.",
          "/// @label{Errors} <code>a.</code>, &lt;b&gt;."]


def main():
    result = doxygen_filter.header(SAMPLE).result("thing.hpp")
    for line in BARE:
        assert line in result.split("\n"), "it documents what has no comment: " + line
    for text in FILLED:
        assert text in result, "it does not write: " + text + "\n" + result
    assert "v0" not in result
    headers = glob.glob(os.path.join(sys.argv[1], "include/conats/**/*.hpp"), recursive=True)
    assert headers
    for path in headers:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        result = doxygen_filter.header(text).result("x.hpp")
        assert result.count("\n") == text.count("\n"), path
        assert result.count("@cond") == result.count("@endcond"), path
        assert result.count("@{") == result.count("@}"), path


if __name__ == "__main__":
    main()
