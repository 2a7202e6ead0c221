// SPDX-License-Identifier: Apache-2.0
#pragma once

// Everything but the adaptor for other completion tokens, <conats/token.hpp>, what looks inside,
// <conats/observability.hpp>, streams of one's own, <conats/stream.hpp>, and the libraries
// <conats/websocket.hpp> and <conats/testing/...>.
#include <conats/auth.hpp>
#include <conats/client.hpp>
#include <conats/connect.hpp>
#include <conats/connect_options.hpp>
#include <conats/context.hpp>
#include <conats/error.hpp>
#include <conats/event.hpp>
#include <conats/headers.hpp>
#include <conats/latency.hpp>
#include <conats/message.hpp>
#include <conats/payload.hpp>
#include <conats/publish_options.hpp>
#include <conats/reply_stream.hpp>
#include <conats/request_many_options.hpp>
#include <conats/request_options.hpp>
#include <conats/secret.hpp>
#include <conats/server_info.hpp>
#include <conats/statistics.hpp>
#include <conats/status.hpp>
#include <conats/subject.hpp>
#include <conats/subscribe_options.hpp>
#include <conats/subscription.hpp>
#include <conats/tls_context.hpp>
#include <conats/tls_info.hpp>
#include <conats/tls_options.hpp>
#include <conats/version.hpp>
