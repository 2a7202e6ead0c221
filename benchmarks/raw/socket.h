// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stddef.h>

// A blocking socket to a NATS server. What fails ends the program with a message.

void raw_fail(const char* what);

/// To the server in NATS_URL (its userinfo is taken as it stands); done when it has answered a
/// PING.
int raw_connect(void);
void raw_send(int fd, const char* data, size_t size);
/// At least one byte.
size_t raw_receive(int fd, char* to, size_t room);
/// Reads until `what` has come. What comes with it is lost.
void raw_await(int fd, const char* what);
