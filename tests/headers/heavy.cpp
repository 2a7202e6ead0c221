// SPDX-License-Identifier: Apache-2.0

// Never compiled: the budget check must find fault with this.

#include <boost/asio/ip/tcp.hpp>
#include <boost/system/result.hpp>

#include <map>
#include <regex>
