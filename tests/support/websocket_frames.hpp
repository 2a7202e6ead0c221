// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace conats::test {

/// A server's frame: not masked. `first` is its first byte, as 0x82 for a whole binary message.
[[nodiscard]] std::string server_frame(unsigned first, std::string_view payload);

/// A client's frame, taken apart and unmasked.
class client_frame {
public:
    unsigned first = 0; ///< its first byte
    std::string payload;
    std::string mask;
    bool is_masked = false;

    client_frame() {} // not an aggregate, for g++ 12
};

/// The whole frames that `bytes` begins with; takes them off.
[[nodiscard]] std::vector<client_frame> take_client_frames(std::string& bytes);

} // namespace conats::test
