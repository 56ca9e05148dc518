/* SPDX-License-Identifier: MIT */
#include "random/random.h"

#include "pith/clock.h"
#include "pith/random_calls.h"
#include "pith/self.h"
#include "pith/string.h"

enum { TAKE_BYTES = 48, PAUSE_MS = 1 };

/* Others wait, or the driver was replaced. */
static bool is_passing(err_t err)
{
    return err == ERR_BUSY || err == ERR_PEER_DIED;
}

err_t random_get(void *bytes, uint32_t count, ns_t deadline_ns)
{
    cap_addr_t server = self_cap("random");
    unsigned char *at = bytes;

    if (server == 0) {
        return ERR_NO_ENTRY;
    }
    while (count != 0) {
        uint64_t words[TAKE_BYTES / 8];
        uint32_t got = 0;
        err_t err = random_take(server, deadline_ns, count < TAKE_BYTES ? count : TAKE_BYTES, &got,
                                &words[0], &words[1], &words[2], &words[3], &words[4], &words[5]);

        if (is_passing(err) && clock_now() < deadline_ns) {
            sleep_until(clock_now() + PAUSE_MS * NS_PER_MS);
            continue;
        }
        if (err) {
            return is_passing(err) ? ERR_TIMED_OUT : err;
        }
        got = got < count ? got : count;
        memcpy(at, words, got);
        at += got;
        count -= got;
    }
    return ERR_OK;
}
