/* SPDX-License-Identifier: MIT */
/*
 * Burns the time in which nobody else has work, at the lowest priority, so that the guest's clock goes on by
 * instructions and what others wait for comes meanwhile. Its only client says when: the first word of the
 * session's data area.
 */
#include "marks/marks.h"
#include "pith/debug.h"
#include "service/service.h"
#include "service/session.h"

#include "abi/names.h"

static void burn(const _Atomic uint32_t *is_wanted)
{
    /* Relaxed: nothing else depends on it. */
    while (atomic_load_explicit(is_wanted, memory_order_relaxed) != 0) {
        MARK_SPIN();
    }
}

int main(void)
{
    static struct service service;
    static struct session session;
    uint32_t number;
    err_t err = session_find("spin", true, 0, &number);

    if (err == ERR_OK) {
        err = session_open(&session, number);
    }
    if (err) {
        debug_printf("spinner: %s\n", error_name(err));
        return 1;
    }
    for (;;) {
        burn(session_data(&session));
        if (service_wait(&service, DEADLINE_NEVER) == SERVICE_CALL) {
            service.info = MSG_INFO(ERR_BAD_CALL, 0, 0);
        }
    }
}
