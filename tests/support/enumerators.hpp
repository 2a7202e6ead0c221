// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <ostream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace conats::test {

/// What the compiler calls a value: "ns::E::name]" if it is an enumerator, "(ns::E)7]" if not.
template <class E, E V>
constexpr std::string_view spelling() noexcept {
    return __PRETTY_FUNCTION__;
}

/// The name of the enumerator with this value, or empty where there is none.
template <class E, E V>
constexpr std::string_view enumerator_name() noexcept {
    constexpr std::string_view prefix = "V = ";
    std::string_view name = spelling<E, V>();
    name.remove_prefix(name.rfind(prefix) + prefix.size());
    name = name.substr(0, name.find_first_of("];"));
    return name.front() == '(' ? std::string_view() : name.substr(name.rfind(':') + 1);
}

template <class E, std::size_t... Value>
constexpr auto names_of_values(std::index_sequence<Value...> /*values*/) {
    return std::array{enumerator_name<E, static_cast<E>(Value)>()...};
}

/// What is wrong with the texts of an enum whose values are below `End`: each enumerator has a text
/// of its own, which `operator<<` prints; every other value is "unknown". Finds the enumerators by
/// itself, and says so where there are not at least two, or one that may lie behind others it
/// missed.
template <class E, std::size_t End = 32>
std::vector<std::string> faults_of_texts() {
    static_assert(noexcept(to_string(E())));
    static_assert(std::is_same_v<decltype(to_string(E())), std::string_view>);
    constexpr auto names = names_of_values<E>(std::make_index_sequence<End>());
    std::vector<std::string> faults;
    std::set<std::string_view> texts{"unknown"};
    for (std::size_t i = 0; i != End; ++i) {
        const std::string_view text = to_string(static_cast<E>(i));
        std::ostringstream printed;
        printed << static_cast<E>(i);
        if (printed.view() != text)
            faults.push_back("operator<< of " + std::to_string(i) + ": " + printed.str());
        if (names[i].empty() ? text != "unknown" : (text.empty() || !texts.insert(text).second))
            faults.push_back(std::to_string(i) + ' ' + std::string(names[i]) + ": \"" +
                             std::string(text) + '"');
    }
    if (texts.size() < 3)
        faults.emplace_back("no enumerators found");
    if (!names.back().empty())
        faults.emplace_back("the last value looked at is an enumerator");
    return faults;
}

} // namespace conats::test
