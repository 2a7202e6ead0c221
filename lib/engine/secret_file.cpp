// SPDX-License-Identifier: Apache-2.0
#include "engine/secret_file.hpp"

#include "values/secret_access.hpp"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

using file_pointer = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

std::string in_words(int system_errno) {
    return std::generic_category().message(system_errno);
}

} // namespace

std::string read_secret_file(const std::string& path, secret& out) {
    // Only these have an end for sure: opening a pipe could wait for ever.
    std::error_code ec;
    const auto status = std::filesystem::status(path, ec);
    if (!std::filesystem::exists(status)) {
        return ec ? ec.message() : in_words(ENOENT);
    }
    if (!std::filesystem::is_regular_file(status)) {
        return "it is no regular file";
    }
    const auto size = std::filesystem::file_size(path, ec);
    if (ec) {
        return ec.message();
    }
    if (size > max_secret_file) {
        return "it is larger than 1 MiB";
    }
    errno = 0;
    const file_pointer file(std::fopen(path.c_str(), "rb"), &std::fclose);
    if (!file) {
        return in_words(errno);
    }
    // No buffer of its own, in which the text would stay behind.
    std::setvbuf(file.get(), nullptr, _IONBF, 0);
    secret text = secret_access::allocate(static_cast<std::size_t>(size));
    if (std::fread(secret_access::data(text), 1, text.size(), file.get()) != text.size()) {
        return std::ferror(file.get()) != 0 ? in_words(errno)
                                            : "it became shorter while being read";
    }
    out = std::move(text);
    return {};
}

} // namespace impl
} // namespace v0
} // namespace conats
