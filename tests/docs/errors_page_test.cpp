// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/child_process.hpp"

#include <conats/error.hpp>

#include <map>
#include <regex>
#include <string>
#include <vector>

using conats::test::read_file;

namespace {

/// The rows of the tables whose head begins with `| first |`, as cells without blanks and
/// backticks.
std::vector<std::vector<std::string>> rows_of(const std::string& page, const std::string& first) {
    std::vector<std::vector<std::string>> rows;
    std::istringstream lines(page);
    bool within = false;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("| " + first + " |"))
            within = true;
        else if (!line.starts_with("|"))
            within = false;
        else if (within && !line.starts_with("|--")) {
            std::vector<std::string> cells;
            std::istringstream parts(line.substr(1));
            for (std::string cell; std::getline(parts, cell, '|');) {
                const auto begin = cell.find_first_not_of(" `");
                const auto end = cell.find_last_not_of(" `");
                cells.push_back(begin == cell.npos ? "" : cell.substr(begin, end - begin + 1));
            }
            rows.push_back(cells);
        }
    }
    return rows;
}

/// The enumerators as they stand in the header.
std::vector<std::string> enumerators(const std::string& header, const std::string& name) {
    const auto begin = header.find("enum class " + name + " {");
    std::string body = header.substr(begin, header.find("};", begin) - begin);
    body = std::regex_replace(body, std::regex("//[^\n]*"), "");
    std::vector<std::string> names;
    const std::regex one("\n *([a-z_]+)");
    for (std::sregex_iterator i(body.begin(), body.end(), one), end; i != end; ++i)
        names.push_back((*i)[1]);
    return names;
}

template <class Enum>
std::map<std::string, Enum> values_of() {
    std::map<std::string, Enum> values;
    for (int i = 1; i != 1000; ++i)
        if (const auto name = to_string(static_cast<Enum>(i)); name != "unknown")
            values.emplace(name, static_cast<Enum>(i));
    return values;
}

std::string condition_of(conats::errc code) {
    for (const auto& [name, value] : values_of<conats::condition>())
        if (conats::error(code) == value)
            return name;
    return "none";
}

/// What the page lacks or says wrongly.
std::vector<std::string> faults_of(const std::string& page, const std::string& header) {
    std::vector<std::string> faults;
    const auto codes = values_of<conats::errc>();
    std::map<std::string, std::vector<std::string>> described;
    for (const auto& row : rows_of(page, "code")) {
        if (!codes.contains(row.at(0)))
            faults.push_back(row.at(0) + " is no code");
        described.emplace(row.at(0), row);
    }
    for (const std::string& name : enumerators(header, "errc")) {
        const auto row = described.find(name);
        if (!codes.contains(name)) {
            faults.push_back(name + " has no text");
        } else if (row == described.end()) {
            faults.push_back(name + " is missing");
        } else {
            if (row->second.at(1) != condition_of(codes.at(name)))
                faults.push_back(name + " is of another condition");
            if (row->second.at(2).empty() || row->second.at(3).empty())
                faults.push_back(name + " has no cause, or nothing to do");
        }
    }
    std::map<std::string, bool> conditions;
    for (const auto& row : rows_of(page, "condition"))
        conditions.emplace(row.at(0), !row.at(1).empty() && !row.at(2).empty());
    for (const std::string& name : enumerators(header, "condition"))
        if (!conditions[name])
            faults.push_back("condition " + name + " is missing");
    return faults;
}

const std::string page = read_file(CONATS_ROOT "/docs/errors.md");
const std::string header = read_file(CONATS_ROOT "/include/conats/error.hpp");

std::string without_line(std::string text, const std::string& begin) {
    const auto at = text.find('\n' + begin);
    return text.erase(at, text.find('\n', at + 1) - at);
}

std::string with(std::string text, const std::string& part, const std::string& other) {
    return text.replace(text.find(part), part.size(), other);
}

} // namespace

using strings = std::vector<std::string>;

TEST_CASE("Documents: every error code and condition is in the table of docs/errors.md") {
    CHECK(enumerators(header, "errc").size() >= 60);
    CHECK(enumerators(header, "condition").size() >= 11);
    CHECK(faults_of(page, header) == strings{});
}

TEST_CASE("Documents: what is missing from the table of errors, or wrong in it, is found") {
    CHECK(faults_of(without_line(page, "| `outbox_full` |"), header) ==
          strings{"outbox_full is missing"});
    CHECK(faults_of(without_line(page, "| `unreachable` |"), header) ==
          strings{"condition unreachable is missing"});
    CHECK(faults_of(with(page, "| `closed` | `closed` |", "| `closed` | `timeout` |"), header) ==
          strings{"closed is of another condition"});
    CHECK(faults_of(with(page, "| `drained` |", "| `dried` |"), header) ==
          strings{"dried is no code", "drained is missing"});
    CHECK(faults_of(page,
                    with(header, "no_responders = 300,", "no_responders = 300, ///<\n new_one,")) ==
          strings{"new_one has no text"});
}
