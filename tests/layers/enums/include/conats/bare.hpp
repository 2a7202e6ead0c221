// SPDX-License-Identifier: Apache-2.0

// Never compiled: what scripts/check-enums must find fault with.

enum class told_of : int; // defined elsewhere

enum class whole { one, two };
std::string_view to_string(whole w) noexcept;
std::ostream& operator<<(std::ostream& os, whole w);

enum bare { three, four };

class outer {
public:
    enum class inner { five, six };
};
std::string_view to_string(outer::inner i);
std::ostream& operator<<(std::ostream& os, outer::inner i);
