// SPDX-License-Identifier: Apache-2.0

// A library that shows what it should not, for the test of exported_symbols.

#define SHOWN __attribute__((visibility("default")))

namespace conats {

inline namespace v0 {
SHOWN void intended() {}
} // namespace v0

SHOWN void without_version() {}

namespace impl {
SHOWN void secret() {}

template <class T>
SHOWN T secret_template(T t) {
    return t;
}
template SHOWN int secret_template(int);
} // namespace impl

} // namespace conats

extern "C" SHOWN void unmangled() {}
