/* SPDX-License-Identifier: MIT */
/* What both sides do with streams and with the rings that say "look". */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "terminal/end.h"
#include "terminal/wire.h"

/** stream_copy_in(), stream_copy_out() - bytes at a position of a ring of @size, a power of two. */
void stream_copy_in(unsigned char *ring, uint32_t size, uint64_t at, const unsigned char *bytes,
                    uint32_t count);
void stream_copy_out(const unsigned char *ring, uint32_t size, uint64_t at, unsigned char *bytes,
                     uint32_t count);

/** end_open() - over that session. Errors: ERR_RANGE  it has no room. Those of session_open(). */
MUST_CHECK err_t end_open(struct terminal_end *end, uint32_t session);

/** end_distance() - how far a position of the peer is from `from`, at most @size; 0, and counted, if it is not possible. */
uint32_t end_distance(struct terminal_end *end, uint64_t from, uint64_t to, uint32_t size);

/** end_hear() - take what says "look". True: a new epoch began. */
bool end_hear(struct terminal_end *end);

/** end_rest() - say "look" if something is due. True: sleep until the session's bit; false: look first. */
bool end_rest(struct terminal_end *end);
