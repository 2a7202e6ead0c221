// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "protocol/encoder.hpp"

#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace bench {

/// Subjects of 8-32 bytes, payloads of 8-24, a reply subject with every second.
class varied_publications {
public:
    varied_publications() : subjects_(1024) {
        std::mt19937 random(1);
        for (std::string& subject : subjects_)
            subject.assign(8 + random() % 25, 's');
    }

    void append(conats::impl::byte_buffer& to, std::size_t i) const {
        conats::impl::append_publish(to, subjects_[i % subjects_.size()],
                                     i % 2 == 0 ? "" : "_INBOX.abcdefghij.12",
                                     {payload_.data(), 8 + i * 7 % 17});
    }

private:
    std::vector<std::string> subjects_;
    std::string payload_ = std::string(24, 'p');
};

} // namespace bench
