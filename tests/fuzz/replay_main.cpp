// SPDX-License-Identifier: Apache-2.0

// Runs a fuzz target over the files of its corpus, where the compiler has no libFuzzer.
//
// An input that is no text is a file named *.escaped, in printable characters and \\, \r, \n and
// \xNN; where its lines end says nothing. scripts/fuzz reads it with printf.

#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::string& input) {
    // libFuzzer's signature
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string unescape(const std::string& text) {
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n') {
            continue;
        }
        if (text[i] != '\\') {
            bytes += text[i];
            continue;
        }
        switch (text.at(++i)) {
        case '\\': bytes += '\\'; break;
        case 'n': bytes += '\n'; break;
        case 'r': bytes += '\r'; break;
        case 'x':
            bytes += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
            i += 2;
            break;
        default: throw std::runtime_error("no such escape: \\" + std::string(1, text[i]));
        }
    }
    return bytes;
}

std::string input_of(const std::filesystem::path& path) {
    return path.extension() == ".escaped" ? unescape(read(path)) : read(path);
}

} // namespace

int main(int argc, char** argv) try {
    std::size_t count = 0;
    for (int i = 1; i < argc; ++i) {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
            if (entry.is_regular_file()) {
                run(input_of(entry.path()));
                ++count;
            }
        }
    }
    run("");
    std::cout << count << " inputs replayed\n";
    return count == 0 ? 1 : 0;
} catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
}
