/* SPDX-License-Identifier: MIT */
/* All cores make, use and delete things at once, and call each other; nothing is lost, nothing is left. */
#include "boot_test/test.h"
#include "crew.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define SLOTS 16u
#define ROUNDS 400u

static uint64_t next(volatile uint64_t *state)
{
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return *state >> 33;
}

/* arg: untyped of its own, first of SLOTS slots, address, state of the generator, a notification of all. */
static void churn(struct worker *worker)
{
    static const uint32_t types[] = { OBJECT_FRAME,         OBJECT_NOTIFICATION, OBJECT_ENDPOINT,
                                      OBJECT_SCHED_CONTEXT, OBJECT_CAP_TABLE,    OBJECT_THREAD };
    static const uint64_t sizes[] = { FRAME_SIZE(4, PAGE_CLASS_4K), 3, 5, 0, 4, THREAD_SIZE(3) };

    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t made = 1 + (uint32_t)(next(&worker->arg[3]) % 6);

        for (uint32_t k = 0; k < made; k++) {
            uint64_t kind = next(&worker->arg[3]) % 6;
            cap_addr_t slot = (cap_addr_t)worker->arg[1] + k;
            uint32_t done = 0;

            worker->out[1] += untyped_retype((cap_addr_t)worker->arg[0], types[kind], sizes[kind],
                                             1, TABLE, slot) != ERR_OK;
            if (kind == 0) {
                user_addr_t at = worker->arg[2] + k * 4 * PAGE_BYTES;

                worker->out[1] +=
                    vspace_map(VSPACE, slot, 0, 4, at, PROT_READ | PROT_WRITE, &done) != ERR_OK;
                *(volatile uint64_t *)at = i;
                worker->out[1] += *(volatile uint64_t *)at != i;
            }
            worker->out[1] += cap_table_copy(TABLE, (cap_addr_t)worker->arg[1] + SLOTS / 2 + k,
                                             TABLE, slot, RIGHTS_ALL) != ERR_OK;
        }
        (void)!notification_signal((cap_addr_t)worker->arg[4]);
        worker->out[1] += cap_table_revoke(TABLE, (cap_addr_t)worker->arg[0]) != ERR_OK;
        worker->out[0]++;
    }
}

TEST(all_cores_make_and_delete_at_once)
{
    uint32_t count = crew_size();
    cap_addr_t all = make(OBJECT_NOTIFICATION, 3);
    struct worker *crew[CREW_MAX];

    for (uint32_t i = 0; i < count; i++) {
        crew[i] = worker_make(churn, 3);
        crew[i]->arg[0] = make(OBJECT_UNTYPED, MIB(1));
        crew[i]->arg[1] = slots_next(SLOTS);
        crew[i]->arg[2] = PLACE + MIB(32) + i * MIB(4);
        crew[i]->arg[3] = 17 + i;
        crew[i]->arg[4] = mint_of(all, RIGHTS_ALL, 1);
        crew_give(crew[i], i);
    }
    crew_finish(crew, count, ROUNDS);
}
