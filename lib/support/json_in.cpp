// SPDX-License-Identifier: Apache-2.0
#include "support/json_in.hpp"

// The one place that includes simdjson. dom, not ondemand: ondemand accepts what follows the
// document and bad values in members nobody reads.
#include <simdjson.h>

#include <cstring>
#include <type_traits>

namespace conats {
inline namespace v0 {
namespace impl {

namespace dom = simdjson::dom;

static_assert(json_padding >= simdjson::SIMDJSON_PADDING);
static_assert(std::is_trivially_copyable_v<dom::object>);
static_assert(sizeof(dom::object) <= 2 * sizeof(void*));

/// Keeps a `dom::object` in a `json_object`, whose header does not know simdjson.
struct json_access {
    static dom::object load(const json_object& from) noexcept {
        dom::object object;
        std::memcpy(static_cast<void*>(&object), from.element_, sizeof(object));
        return object;
    }
    static void store(dom::object object, json_object& to) noexcept {
        std::memcpy(to.element_, static_cast<const void*>(&object), sizeof(object));
        to.valid_ = true;
    }
    static bool find(const json_object& in, std::string_view name, dom::element& out) noexcept {
        return in.valid_ && load(in).at_key(name).get(out) == simdjson::SUCCESS;
    }
};

namespace {

template <class Value>
json_get get_value(const json_object& in, std::string_view name, Value& out) noexcept {
    dom::element element;
    if (!json_access::find(in, name, element)) {
        return json_get::absent;
    }
    Value value;
    if (element.get(value) != simdjson::SUCCESS) {
        return json_get::wrong_type;
    }
    out = value;
    return json_get::found;
}

} // namespace

json_get json_object::get(std::string_view name, std::uint64_t& out) const noexcept {
    return get_value(*this, name, out);
}

json_get json_object::get(std::string_view name, bool& out) const noexcept {
    return get_value(*this, name, out);
}

json_get json_object::get(std::string_view name, std::string_view& out) const noexcept {
    return get_value(*this, name, out);
}

json_get json_object::get(std::string_view name, std::string& out) const {
    std::string_view text;
    const json_get got = get_value(*this, name, text);
    if (got == json_get::found) {
        out = text;
    }
    return got;
}

json_get json_object::get(std::string_view name, std::vector<std::string>& out) const {
    dom::array array;
    const json_get got = get_value(*this, name, array);
    if (got != json_get::found) {
        return got;
    }
    std::vector<std::string> texts;
    for (const dom::element element : array) {
        std::string_view text;
        if (element.get(text) != simdjson::SUCCESS) {
            return json_get::wrong_type;
        }
        texts.emplace_back(text);
    }
    out = std::move(texts);
    return json_get::found;
}

json_get json_object::get(std::string_view name, json_object& out) const noexcept {
    dom::object object;
    const json_get got = get_value(*this, name, object);
    if (got == json_get::found) {
        json_access::store(object, out);
    }
    return got;
}

struct json_reader::state {
    dom::parser parser;
};

json_reader::json_reader() : state_(std::make_unique<state>()) {}
json_reader::json_reader(json_reader&&) noexcept = default;
json_reader& json_reader::operator=(json_reader&&) noexcept = default;
json_reader::~json_reader() = default;

void json_reader::wipe() noexcept {
    root_ = json_object();
    const dom::document& document = state_->parser.doc;
    if (document.string_buf == nullptr) {
        return;
    }
    // Where the texts are, with 5 bytes around each, in as much as simdjson has allocated.
    const std::size_t size = 5 * document.capacity() / 3 + simdjson::SIMDJSON_PADDING;
    volatile std::uint8_t* const bytes = document.string_buf.get();
    for (std::size_t i = 0; i != size; ++i) {
        bytes[i] = 0;
    }
}

const char* json_reader::parse(const char* text, std::size_t size) {
    root_ = json_object();
    constexpr bool copy_if_not_padded = false;
    dom::element element;
    if (const auto error = state_->parser.parse(text, size, copy_if_not_padded).get(element)) {
        return simdjson::error_message(error);
    }
    dom::object object;
    if (element.get(object) != simdjson::SUCCESS) {
        return "the document is not an object";
    }
    json_access::store(object, root_);
    return nullptr;
}

} // namespace impl
} // namespace v0
} // namespace conats
