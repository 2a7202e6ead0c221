// SPDX-License-Identifier: Apache-2.0

// A library that shows what it should not, for the test of exported_symbols.

#define SHOWN __attribute__((visibility("default")))

namespace conats {

inline namespace v0 {
SHOWN void intended() {}

namespace impl {
SHOWN void timer() {}
SHOWN void timer_of_its_own() {}
} // namespace impl
} // namespace v0

SHOWN void without_version() {}

} // namespace conats

namespace conats::impl {

SHOWN void secret() {}

template <class T>
SHOWN T secret_template(T t) {
    return t;
}
template SHOWN int secret_template(int);

} // namespace conats::impl

extern "C" SHOWN void unmangled() {}
