// SPDX-License-Identifier: Apache-2.0
#include "doctor_report.hpp"

#include "exit_code.hpp"
#include "text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace tool {

namespace json = boost::json;

namespace {

constexpr std::size_t line_width = 100;
constexpr std::size_t verdict_width = 9;
constexpr std::size_t step_width = 12;
constexpr std::size_t time_width = 9;

/// Characters, not bytes.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string blanks(std::size_t wanted, std::string_view text) {
    const std::size_t width = width_of(text);
    return std::string(wanted > width ? wanted - width : 0, ' ');
}

std::string in_words(step s) {
    std::string text(to_string(s));
    std::replace(text.begin(), text.end(), '_', ' ');
    return text;
}

/// What begins at `indent`, broken between words into lines that begin there too.
std::string wrapped(std::string_view text, std::size_t indent) {
    std::string lines;
    std::size_t column = indent;
    while (!text.empty()) {
        const std::size_t size = std::min(text.find(' '), text.size());
        const std::size_t width = width_of(text.substr(0, size));
        if (column != indent && column + 1 + width > line_width) {
            lines += '\n' + std::string(indent, ' ');
            column = indent;
        } else if (column != indent) {
            lines += ' ';
            ++column;
        }
        lines += text.substr(0, size);
        column += width;
        text.remove_prefix(std::min(size + 1, text.size()));
    }
    return lines;
}

std::string labelled(std::string_view label, std::string_view text) {
    const std::string begin = std::string(2 + verdict_width, ' ').append(label).append(": ");
    return begin + wrapped(text, begin.size()) + '\n';
}

style style_of(verdict v) {
    switch (v) {
    case verdict::ok: return style::good;
    case verdict::failed: return style::bad;
    case verdict::warning: return style::header;
    default: return style::faint;
    }
}

json::object as_json(const finding& f) {
    json::object o;
    o["step"] = to_string(f.at);
    o["verdict"] = to_string(f.result);
    if (f.took)
        o["took_ns"] = f.took->count();
    if (!f.text.empty())
        o["text"] = f.text;
    if (!f.server_words.empty())
        o["server_words"] = f.server_words;
    if (f.what != diagnosis::none) {
        o["diagnosis"] = to_string(f.what);
        o["remedy"] = remedy_of(f.what);
    }
    for (const auto& [name, value] : f.more)
        o[name] = value;
    return o;
}

} // namespace

void doctor_printer::begin(std::string server) {
    if (!settings_->json) {
        out_->print(servers_.empty() ? "" : "\n");
        out_->print(out_->painted(style::subject, printable(server, false)) + '\n');
        out_->flush();
    }
    servers_.emplace_back();
    servers_.back().server = std::move(server);
}

void doctor_printer::add(finding f) {
    if (!settings_->json) {
        out_->print(as_text(f));
        out_->flush();
    }
    servers_.back().findings.push_back(std::move(f));
}

void doctor_printer::skip(const std::vector<step>& steps) {
    std::string names;
    for (const step s : steps) {
        names += (names.empty() ? "" : ", ") + in_words(s);
        servers_.back().findings.emplace_back(s, verdict::skipped, std::string());
    }
    if (!settings_->json && !names.empty()) {
        out_->print("  " + out_->painted(style::faint, "not tried: " + names) + '\n');
        out_->flush();
    }
}

int doctor_printer::end() {
    out_->print(settings_->json ? as_json() : '\n' + summary());
    out_->flush();
    const bool healthy = std::all_of(servers_.begin(), servers_.end(),
                                     [&](const server_report& r) { return is_healthy(r); });
    return healthy ? done : failed;
}

std::size_t doctor_printer::count(const server_report& r, verdict v) {
    return static_cast<std::size_t>(std::count_if(r.findings.begin(), r.findings.end(),
                                                  [v](const finding& f) { return f.result == v; }));
}

bool doctor_printer::is_healthy(const server_report& r) const {
    return count(r, verdict::failed) == 0 &&
           (!settings_->strict || count(r, verdict::warning) == 0);
}

std::string doctor_printer::as_json() const {
    json::array servers;
    bool healthy = true;
    for (const server_report& r : servers_) {
        json::array steps;
        for (const finding& f : r.findings)
            steps.push_back(tool::as_json(f));
        json::object one;
        one["server"] = r.server;
        one["healthy"] = is_healthy(r);
        one["steps"] = std::move(steps);
        healthy = healthy && is_healthy(r);
        servers.push_back(std::move(one));
    }
    json::object all;
    all["healthy"] = healthy;
    all["servers"] = std::move(servers);
    return json::serialize(all) + '\n';
}

std::string doctor_printer::summary() const {
    std::size_t ill = 0;
    std::size_t warnings = 0;
    for (const server_report& r : servers_) {
        ill += is_healthy(r) ? 0 : 1;
        warnings += count(r, verdict::warning);
    }
    std::string text;
    if (ill == 0)
        text = out_->painted(style::good, "healthy");
    else
        text = out_->painted(style::bad, "not healthy");
    if (servers_.size() > 1)
        text += ": " + std::to_string(ill == 0 ? servers_.size() : ill) +
                (ill == 0 ? "" : " of " + std::to_string(servers_.size())) + " servers";
    if (warnings != 0)
        text += ", " + std::to_string(warnings) + (warnings == 1 ? " warning" : " warnings");
    return text + '\n';
}

std::string doctor_printer::as_text(const finding& f) const {
    const std::string result(f.result == verdict::failed ? "FAILED" : to_string(f.result));
    const std::string name = in_words(f.at);
    const std::string time = f.took ? duration_text(*f.took) : std::string();
    std::string line = "  " + out_->painted(style_of(f.result), result);
    line += blanks(verdict_width, result) + name + blanks(step_width, name);
    line += blanks(time_width, time) + time + "  ";
    std::string said = printable(f.text, false);
    if (f.what != diagnosis::none)
        said.insert(0, std::string(to_string(f.what)) + ": ");
    line += wrapped(said, 2 + verdict_width + step_width + time_width + 2) + '\n';
    if (!f.server_words.empty())
        line += labelled("the server says", in_quotes(f.server_words));
    if (f.what != diagnosis::none)
        line += labelled("what to do", remedy_of(f.what));
    return line;
}

} // namespace tool
