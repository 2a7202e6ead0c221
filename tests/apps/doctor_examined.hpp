// SPDX-License-Identifier: Apache-2.0
// Runs `conats doctor` and looks at what it says.
#pragma once

#include "apps/program.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace conats::test {

/// What the program printed, as text and as JSON, and how it ended.
class examined {
public:
    /// Runs it twice.
    explicit examined(const std::vector<std::string>& arguments,
                      const std::map<std::string, std::string>& environment = {});

    [[nodiscard]] int code() const { return text_.code; }
    [[nodiscard]] const std::string& text() const { return text_.out; }
    [[nodiscard]] const std::string& complaint() const { return text_.err; }
    [[nodiscard]] const boost::json::object& json() const { return json_; }
    /// A step of one of the servers; empty if there is none.
    [[nodiscard]] boost::json::object step(std::string_view name, std::size_t server = 0) const;
    /// "failed unknown_ca", "ok", or nothing.
    [[nodiscard]] std::string verdict(std::string_view step, std::size_t server = 0) const;
    /// Whether the text of a step holds a part.
    [[nodiscard]] bool says(std::string_view step, std::string_view part) const;

    /// The same of the step at which all ended: those before it are fine, those behind it were not
    /// tried, and the exit code tells of it.
    void check_failure(std::string_view step, std::string_view diagnosis,
                       std::string_view remedy) const;
    /// Checks that a step has this diagnosis, with a remedy that holds `remedy`, in both outputs.
    void check_diagnosis(std::string_view step, std::string_view verdict,
                         std::string_view diagnosis, std::string_view remedy) const;
    /// Checks that it is healthy, but for a warning or note at this step.
    void check_remark(std::string_view step, std::string_view verdict, std::string_view diagnosis,
                      std::string_view remedy) const;
    /// Checks that this is nowhere in what was printed.
    void check_secrecy(std::string_view secret) const;

private:
    [[nodiscard]] std::string one_line() const;

    outcome_of_program text_;
    outcome_of_program json_text_;
    boost::json::object json_;
};

} // namespace conats::test
