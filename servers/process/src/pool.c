/* SPDX-License-Identifier: MIT */
/*
 * Memory for children: `pool_kib` of the system's file. The warden takes it from what is free when the first child is
 * to be started, so a system in which nobody starts programs keeps none for them.
 */
#include "process.h"

#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "system/protocol.h"

#define WARDEN_NS (20 * NS_PER_MS)

static cap_addr_t pool_slot;

static err_t pool_ask(cap_addr_t slot, uint64_t *bytes)
{
    uint64_t words[8] = { slot };
    msg_info_t info = MSG_INFO(SYSTEM_CHILD_POOL, 1, 0);
    err_t err = ipc_call(manager.warden, &info, words, clock_now() + WARDEN_NS);

    *bytes = words[0];
    return err ? err : (err_t)MSG_LABEL(info);
}

err_t pool_init(void)
{
    if (pool_ask(0, &manager.pool_bytes)) {
        manager.pool_bytes = 0;
    }
    return slots_take(&self()->slots, 1, &pool_slot);
}

err_t pool_take(void)
{
    uint64_t base, bytes, used;
    uint32_t device;

    if (manager.pool_bytes == 0) {
        return ERR_OK;
    }
    err_t err = pool_ask(pool_slot, &bytes);

    /* What lies there counts: a warden that died before it could say so has given it all the same. */
    if (untyped_info(pool_slot, &base, &bytes, &used, &device) == ERR_OK) {
        manager.pool_bytes = 0;
        self()->memory.keeps_cuts = true; /* most programs are of one size */
        err = memory_add(&self()->memory, pool_slot, bytes);
    }
    return err;
}
