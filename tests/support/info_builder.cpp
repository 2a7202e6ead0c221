// SPDX-License-Identifier: Apache-2.0

#include "support/info_builder.hpp"

#include <boost/json/serialize.hpp>

#include <utility>

namespace conats::test {

info_builder::info_builder() {
    set("server_id", "NSCRIPTEDPEER");
    set("server_name", "scripted-peer");
    set("version", "2.9.10");
    set("proto", 1);
    set("go", "go1.19.8");
    set("host", "127.0.0.1");
    set("port", 4222);
    set("headers", true);
    set("max_payload", 1048576);
    set("client_id", 1);
    set("client_ip", "127.0.0.1");
}

info_builder& info_builder::set_value(std::string_view field, boost::json::value value) {
    fields_.insert_or_assign({field.data(), field.size()}, std::move(value));
    return *this;
}

info_builder& info_builder::set_text(std::string_view field, std::string_view value) {
    return set_value(field, boost::json::string_view(value.data(), value.size()));
}

info_builder& info_builder::erase(std::string_view field) {
    fields_.erase({field.data(), field.size()});
    return *this;
}

std::string info_builder::line() const {
    return "INFO " + boost::json::serialize(fields_) + " \r\n";
}

} // namespace conats::test
