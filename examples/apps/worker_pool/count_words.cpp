// SPDX-License-Identifier: Apache-2.0
#include "count_words.hpp"

#include "pool.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <sstream>
#include <utility>

namespace worker_pool {

namespace json = boost::json;

namespace {

/// A job, taken apart.
class word_job {
public:
    explicit word_job(std::string_view payload) {
        boost::system::error_code ec;
        const json::value value = json::parse({payload.data(), payload.size()}, ec);
        if (ec || !value.is_object())
            throw bad_job("a job is a JSON object");
        const json::object& fields = value.get_object();
        const json::value* const words = fields.if_contains("text");
        if (words == nullptr || !words->is_string())
            throw bad_job("a job has a \"text\", a string");
        text = words->get_string().c_str();
        if (const json::value* const time = fields.if_contains("milliseconds")) {
            if (!time->is_int64() || time->get_int64() < 0 || time->get_int64() > 60'000)
                throw bad_job("\"milliseconds\" is a number from 0 to 60000");
            pause = std::chrono::milliseconds(time->get_int64());
        }
    }

    std::string text;
    std::chrono::milliseconds pause{0};
};

} // namespace

asio::awaitable<std::string> count_words(const conats::message& job) {
    const word_job what(job.text());
    co_await sleep_by_the_system(what.pause);
    std::istringstream words(what.text);
    std::size_t count = 0;
    for (std::string word; words >> word;)
        ++count;
    co_return std::to_string(count);
}

} // namespace worker_pool
