// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A message on the wire: "VERB WORDS [HEADERS] SIZE\r\n", headers, payload.
struct raw_frame {
    const char* verb;  ///< "PUB" or "MSG"; with headers "H" stands before it
    const char* words; ///< between the verb and the sizes
    bool headers;      ///< two of them
    size_t size;       ///< of the payload
};

/// Sends `count` of it, encoded beforehand, many of them a call.
void raw_send_frames(int fd, const struct raw_frame* frame, uint64_t count);

/// As many of it as go into one call, in a block of `size` bytes, to be freed.
char* raw_new_frames(const struct raw_frame* frame, size_t* size);

/// Encodes one, and returns its end.
char* raw_encode(char* to, const struct raw_frame* frame, const char* payload);

/// How long one is.
size_t raw_frame_size(const struct raw_frame* frame);

/// One command of a connection, in whichever direction.
struct raw_command {
    const char* word[6]; ///< the first is the verb
    size_t length[6];
    size_t words;
    const char* payload; ///< of MSG, HMSG, PUB and HPUB, with the headers
    size_t size;
};

/// Takes the command that begins at `at`, and returns where the next one begins; NULL if it has not
/// come to its end.
const char* raw_take_command(const char* at, const char* end, struct raw_command* command);

/// Whether it is this verb.
bool raw_is(const struct raw_command* command, const char* verb);
