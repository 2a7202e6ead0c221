// SPDX-License-Identifier: Apache-2.0
#include "engine/end_cause.hpp"

#include "values/no_memory.hpp"

#include <new>

namespace conats {
inline namespace v0 {
namespace impl {

void end_cause::set(const error& e) noexcept {
    const bool is_ours = e.code().category() == error_category();
    const bool is_all = is_ours && !e.was_written() && e == error(e.code());
    whole_.reset(is_all ? nullptr : new (std::nothrow) error(e));
    code_ = is_ours ? e.code().value() : other;
}

error end_cause::get() const {
    if (whole_)
        return *whole_;
    if (code_ == other)
        return no_memory();
    return code_ == 0 ? error() : error(static_cast<errc>(code_));
}

} // namespace impl
} // namespace v0
} // namespace conats
