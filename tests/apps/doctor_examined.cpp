// SPDX-License-Identifier: Apache-2.0
#include "apps/doctor_examined.hpp"

#include "apps/command_lines.hpp"
#include "support/catch.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include <utility>

namespace conats::test {

namespace json = boost::json;

namespace {

outcome_of_program run(std::vector<std::string> arguments,
                       const std::map<std::string, std::string>& environment) {
    arguments.insert(arguments.begin(), "doctor");
    program p = conats_tool(std::move(arguments));
    for (const auto& [name, value] : environment)
        p.set(name, value);
    return p.run();
}

std::string text_in(const json::object& o, std::string_view name) {
    const json::value* const v = o.if_contains(name);
    return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

std::vector<std::string> with_json(std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    return arguments;
}

} // namespace

examined::examined(const std::vector<std::string>& arguments,
                   const std::map<std::string, std::string>& environment)
    : text_(run(arguments, environment)),
      json_text_(run(with_json(arguments), environment)) {
    boost::system::error_code fault;
    const json::value v = json::parse(json_text_.out, fault);
    if (!fault && v.is_object())
        json_ = v.get_object();
}

json::object examined::step(std::string_view name, std::size_t server) const {
    const json::value* const servers = json_.if_contains("servers");
    if (servers == nullptr || servers->get_array().size() <= server)
        return {};
    for (const json::value& s : servers->get_array()[server].at("steps").get_array())
        if (s.at("step").get_string() == name)
            return s.get_object();
    return {};
}

std::string examined::verdict(std::string_view name, std::size_t server) const {
    const json::object s = step(name, server);
    const std::string diagnosis = text_in(s, "diagnosis");
    return text_in(s, "verdict") + (diagnosis.empty() ? "" : ' ' + diagnosis);
}

bool examined::says(std::string_view name, std::string_view part) const {
    return text_in(step(name), "text").find(part) != std::string::npos;
}

// The text without its line breaks.
std::string examined::one_line() const {
    std::string line;
    for (const char c : text_.out)
        if ((c != ' ' && c != '\n') || !line.ends_with(' '))
            line += c == '\n' ? ' ' : c;
    return line;
}

void examined::check_diagnosis(std::string_view name, std::string_view verdict,
                               std::string_view diagnosis, std::string_view remedy) const {
    CAPTURE(text_.out, text_.err, json_text_.out, name);
    const json::object found = step(name);
    REQUIRE(text_in(found, "diagnosis") == diagnosis);
    CHECK(text_in(found, "verdict") == verdict);
    CHECK_FALSE(text_in(found, "text").empty());
    CHECK(found.at("took_ns").to_number<std::int64_t>() > 0);
    const std::string told = text_in(found, "remedy");
    CHECK(told.find(remedy) != std::string::npos);
    using Catch::Matchers::Contains;
    CHECK_THAT(one_line(), Contains(std::string(diagnosis) + ": "));
    CHECK_THAT(one_line(), Contains("what to do: " + told));
    if (const std::string words = text_in(found, "server_words"); !words.empty()) {
        // Each run has an inbox of its own.
        const std::string same = words.substr(0, words.find("_INBOX."));
        CHECK_THAT(one_line(), Contains("the server says: \"" + same));
    }
}

void examined::check_failure(std::string_view name, std::string_view diagnosis,
                             std::string_view remedy) const {
    check_diagnosis(name, "failed", diagnosis, remedy);
    CAPTURE(text_.out, json_text_.out);
    CHECK(text_.code == 1);
    CHECK(json_text_.code == 1);
    CHECK_FALSE(json_.at("healthy").get_bool());
    CHECK(text_.out.find("\nnot healthy") != std::string::npos);
    bool is_behind = false;
    for (const json::value& s : json_.at("servers").at(0).at("steps").get_array()) {
        CAPTURE(std::string(s.at("step").get_string()));
        if (s.at("step").get_string() == name)
            is_behind = true;
        else if (is_behind)
            CHECK(s.at("verdict").get_string() == "skipped");
        else
            CHECK(s.at("verdict").get_string() == "ok");
    }
}

void examined::check_remark(std::string_view name, std::string_view verdict,
                            std::string_view diagnosis, std::string_view remedy) const {
    check_diagnosis(name, verdict, diagnosis, remedy);
    CAPTURE(text_.out, json_text_.out);
    CHECK(text_.code == 0);
    CHECK(json_text_.code == 0);
    CHECK(json_.at("healthy").get_bool());
    CHECK(text_.out.find("\nhealthy") != std::string::npos);
}

void examined::check_secrecy(std::string_view secret) const {
    REQUIRE_FALSE(secret.empty());
    for (const std::string* said : {&text_.out, &text_.err, &json_text_.out, &json_text_.err})
        CHECK(said->find(secret) == std::string::npos);
}

} // namespace conats::test
