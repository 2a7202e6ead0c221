// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/message.hpp>

#include <boost/asio/awaitable.hpp>

#include <string>

namespace worker_pool {

namespace asio = boost::asio;

/// The job: `{"text": "to be or not to be", "milliseconds": 20}` is answered, 20 ms later, with
/// the number of words, 6. It stands for whatever takes its time: a picture, a query, a device.
[[nodiscard]] asio::awaitable<std::string> count_words(const conats::message& job);

} // namespace worker_pool
