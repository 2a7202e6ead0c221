// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Sends `count` frames, "HEAD SIZE\r\n" and a payload of `size` bytes, many of them a call.
void raw_send_frames(int fd, const char* head, size_t size, uint64_t count);

/// How long one is.
size_t raw_frame_size(const char* head, size_t size);
