/* SPDX-License-Identifier: MIT */
/*
 * The words of a message that travel in registers. Those past its length arrive as 0: what happens to be in
 * the sender's registers is nobody else's business. Private to ipc.
 */
#pragma once

#include "object/thread.h"

/** What comes back has no words: those that the thread sent are not kept while it waits. */
static inline void words_clear(struct thread *to)
{
    for (uint32_t i = 0; i < MSG_REGISTER_WORDS; i++) {
        to->registers.words[i] = 0;
    }
}

static inline void words_copy(struct thread *to, const struct thread *from, uint32_t words)
{
    uint64_t *out = to->registers.words;
    const uint64_t *in = from->registers.words;

    switch (words < MSG_REGISTER_WORDS ? words : MSG_REGISTER_WORDS) {
    case 8:
        out[7] = in[7]; /* fall through */
    case 7:
        out[6] = in[6]; /* fall through */
    case 6:
        out[5] = in[5]; /* fall through */
    case 5:
        out[4] = in[4]; /* fall through */
    case 4:
        out[3] = in[3]; /* fall through */
    case 3:
        out[2] = in[2]; /* fall through */
    case 2:
        out[1] = in[1]; /* fall through */
    case 1:
        out[0] = in[0]; /* fall through */
    default:
        break;
    }
    switch (words) {
    case 0:
        out[0] = 0; /* fall through */
    case 1:
        out[1] = 0; /* fall through */
    case 2:
        out[2] = 0; /* fall through */
    case 3:
        out[3] = 0; /* fall through */
    case 4:
        out[4] = 0; /* fall through */
    case 5:
        out[5] = 0; /* fall through */
    case 6:
        out[6] = 0; /* fall through */
    case 7:
        out[7] = 0; /* fall through */
    default:
        break;
    }
}
