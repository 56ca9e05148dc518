/* SPDX-License-Identifier: MIT */
/* Looks for what the process before it in its place left in the memory of its sessions: nothing may be there. */
#include "pith/debug.h"
#include "pith/self.h"
#include "pith/start.h"
#include "service/session.h"

static uint64_t bytes_left(const struct session *session)
{
    const unsigned char *data = session_data(session);
    uint64_t count = 0;

    for (uint64_t i = 0; i < session->data_bytes; i++) {
        count += data[i] != 0;
    }
    return count;
}

int main(void)
{
    static struct session session;
    uint64_t count = 0;
    uint32_t sessions = 0;

    for (uint32_t i = 0; i < self()->program->session_count; i++) {
        if (session_open(&session, i) == ERR_OK) {
            count += bytes_left(&session);
            sessions++;
        }
    }
    debug_printf("peek: %lu bytes of others in %u sessions\n", count, sessions);
    return count != 0;
}
