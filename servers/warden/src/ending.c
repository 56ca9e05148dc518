/* SPDX-License-Identifier: MIT */
/*
 * The end of the machine, or its new begin. What is wanted stands in a kept page, so that a warden that dies meanwhile has a
 * successor who goes on with it. Devices are quiesced first, those of clients before those of servers: what starts next finds
 * none of them at work on memory that it does not know.
 */
#include "shell.h"

#include "pith/kernel_calls.h"
#include "say.h"
#include "warden.h"

enum { RANKS = 16 };

#define WANTED 0x80000000u /* with enum ending, and the exit code below */
#define CODE_MASK 0xffu
#define HOW_SHIFT 8u

void ending_want(enum ending how, uint64_t code)
{
    atomic_store_explicit(&warden()->page->ending,
                          WANTED | (uint32_t)how << HOW_SHIFT | ((uint32_t)code & CODE_MASK),
                          memory_order_relaxed); /* one word, and nothing is handed over with it */
    hand_wake();
}

static void device_rest(uint32_t program)
{
    if (is_mine(program) && record_of(program)->state == SYSTEM_STATE_RUNNING &&
        record_of(program)->device != 0) {
        (void)!thread_suspend(slot_of(program, PART_MAKING) + PROGRAM_PARENT_THREAD);
        device_quiesce(program);
    }
}

void ending_handle(void)
{
    uint32_t wanted = atomic_load_explicit(&warden()->page->ending, memory_order_relaxed);
    uint32_t how = (wanted & ~WANTED) >> HOW_SHIFT;

    if (wanted == 0) {
        return;
    }
    for (uint32_t rank = RANKS; rank-- > 0;) {
        for (uint32_t i = 0; i < warden()->programs; i++) {
            if (description_of(i)->rank == rank) {
                device_rest(i);
            }
        }
    }
    (void)!machine_restart(WARDEN_SLOT_MACHINE, how, wanted & CODE_MASK);
    say(LOG_ERROR, "the machine does not %s", how == ENDING_REBOOT ? "reboot" : "power off");
    atomic_store_explicit(&warden()->page->ending, 0, memory_order_relaxed);
}
