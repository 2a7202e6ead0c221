// SPDX-License-Identifier: Apache-2.0

#include "support/process.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>

namespace conats::test {

namespace fs = std::filesystem;

namespace {

std::size_t entries(const char* directory) {
    const fs::directory_iterator all(directory);
    return static_cast<std::size_t>(std::distance(fs::begin(all), fs::end(all)));
}

class mapping {
public:
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    mapping() {} // not an aggregate, for g++ 12
};

/// More is never memory someone filled: address space a sanitizer reserved.
constexpr std::uintptr_t largest_mapping = std::uintptr_t{4} << 30;

/// A line of /proc/self/maps; false where it is not ordinary writable memory.
bool parse(const std::string& line, mapping& result) {
    char permissions[5] = {};
    char name[16] = {};
    const int fields = std::sscanf(line.c_str(), "%zx-%zx %4s %*s %*s %*s %15s", &result.begin,
                                   &result.end, permissions, name);
    const std::string_view path(name);
    return fields >= 3 && permissions[0] == 'r' && permissions[1] == 'w' &&
           !path.starts_with("[v") && !path.starts_with("/dev/") &&
           result.end - result.begin <= largest_mapping;
}

std::vector<mapping> writable_mappings() {
    std::ifstream file("/proc/self/maps");
    std::vector<mapping> result;
    mapping next;
    for (std::string line; std::getline(file, line);)
        if (parse(line, next))
            result.push_back(next);
    return result;
}

/// A window on the process's memory, in a mapping of its own that is not scanned.
class scanner {
public:
    scanner(const masked_secret& secret, std::vector<std::uintptr_t>& found)
        : secret_(secret),
          found_(found),
          memory_(::open("/proc/self/mem", O_RDONLY | O_CLOEXEC)),
          window_(static_cast<unsigned char*>(::mmap(nullptr, window_size, PROT_READ | PROT_WRITE,
                                                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
        if (memory_ < 0 || window_ == MAP_FAILED)
            throw std::runtime_error("cannot read this process's memory");
    }
    scanner(const scanner&) = delete;
    scanner& operator=(const scanner&) = delete;
    ~scanner() {
        ::explicit_bzero(window_, window_size);
        ::munmap(window_, window_size);
        ::close(memory_);
    }

    void scan(std::uintptr_t begin, std::uintptr_t end) {
        const auto own = reinterpret_cast<std::uintptr_t>(window_);
        if (begin < own + window_size && own < end) { // may have grown together with others
            scan_plain(begin, std::max(begin, own));
            scan_plain(std::min(end, own + window_size), end);
        } else {
            scan_plain(begin, end);
        }
    }

private:
    static constexpr std::size_t window_size = 1 << 20;

    void scan_plain(std::uintptr_t begin, std::uintptr_t end) {
        // Windows overlap, so that no match is lost between them.
        const std::size_t step = window_size - secret_.size();
        for (std::uintptr_t at = begin; at < end; at += std::min<std::uintptr_t>(step, end - at)) {
            const auto wanted = std::min<std::uintptr_t>(window_size, end - at);
            const auto size = ::pread(memory_, window_, wanted, static_cast<off_t>(at));
            if (size > 0)
                search(at, static_cast<std::size_t>(size));
        }
    }

    void search(std::uintptr_t base, std::size_t size) {
        const unsigned char* at = window_;
        const unsigned char* const end = window_ + size;
        while (static_cast<std::size_t>(end - at) >= secret_.size()) {
            const std::size_t starts = static_cast<std::size_t>(end - at) - secret_.size() + 1;
            at = static_cast<const unsigned char*>(::memchr(at, secret_.first_byte(), starts));
            if (at == nullptr)
                return;
            if (secret_.matches(at))
                remember(base + static_cast<std::uintptr_t>(at - window_));
            ++at;
        }
    }

    void remember(std::uintptr_t address) {
        if (found_.empty() || found_.back() != address)
            found_.push_back(address);
    }

    const masked_secret& secret_;
    std::vector<std::uintptr_t>& found_;
    int memory_;
    unsigned char* window_;
};

} // namespace

std::size_t open_descriptors() {
    return entries("/proc/self/fd") - 1; // without the one that reads them
}

std::size_t running_threads() {
    return entries("/proc/self/task");
}

std::size_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::size_t total = 0;
    std::size_t resident = 0;
    file >> total >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

masked_secret::masked_secret(std::size_t size) {
    static constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    std::random_device random;
    std::uniform_int_distribution<std::size_t> letter(0, letters.size() - 1);
    std::uniform_int_distribution<int> byte(1, 255);
    for (std::size_t i = 0; i < size; ++i) {
        key_.push_back(static_cast<unsigned char>(byte(random)));
        masked_.push_back(static_cast<unsigned char>(letters[letter(random)]) ^ key_.back());
    }
}

masked_secret::masked_secret(std::string_view text) {
    std::random_device random;
    std::uniform_int_distribution<int> byte(1, 255);
    for (const char c : text) {
        key_.push_back(static_cast<unsigned char>(byte(random)));
        masked_.push_back(static_cast<unsigned char>(c) ^ key_.back());
    }
}

std::string masked_secret::reveal() const {
    std::string text(masked_.size(), '\0');
    for (std::size_t i = 0; i < text.size(); ++i)
        text[i] = static_cast<char>(masked_[i] ^ key_[i]);
    return text;
}

bool masked_secret::matches(const unsigned char* text) const {
    for (std::size_t i = 0; i < masked_.size(); ++i)
        if ((text[i] ^ key_[i]) != masked_[i])
            return false;
    return true;
}

unsigned char masked_secret::first_byte() const {
    return static_cast<unsigned char>(masked_.front() ^ key_.front());
}

void wipe(std::string& text) {
    text.resize(text.capacity());
    ::explicit_bzero(text.data(), text.size());
    text.clear();
}

std::vector<std::uintptr_t> find_in_memory(const masked_secret& secret) {
    std::vector<std::uintptr_t> found;
    scanner scanner(secret, found);
    for (const mapping& each : writable_mappings())
        scanner.scan(each.begin, each.end);
    return found;
}

} // namespace conats::test
