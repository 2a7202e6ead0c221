// SPDX-License-Identifier: Apache-2.0

// What every user of coroutines on Asio pays in any case: the yardstick of the budget.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>
