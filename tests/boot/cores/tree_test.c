/* SPDX-License-Identifier: MIT */
/* Several cores derive and create at once, from the same capabilities, each with the lock of the tree and its own; who looks one up finds all of it or nothing. */
#include "boot_test/special.h"
#include "boot_test/test.h"
#include "crew.h"
#include "pith/kernel_calls.h"

#define ROUNDS 50u
#define EACH 4u /* things made in a round, and as many copies and mints of what all have */
#define BADGE 0x40ull

/* arg: untyped of all, notification of all, first slot. All that is made stays. */
static void grow(struct worker *worker)
{
    cap_addr_t slot = (cap_addr_t)worker->arg[2];

    for (uint32_t round = 0; round < ROUNDS; round++, slot += 3 * EACH) {
        uint64_t wrong = 0;

        wrong += untyped_retype((cap_addr_t)worker->arg[0], OBJECT_FRAME,
                                FRAME_SIZE(1, PAGE_CLASS_4K), EACH, TABLE, slot) != ERR_OK;
        for (uint32_t i = 0; i < EACH; i++) {
            wrong += cap_table_copy(TABLE, slot + EACH + i, TABLE, (cap_addr_t)worker->arg[1],
                                    RIGHTS_ALL) != ERR_OK;
            wrong += cap_table_mint(TABLE, slot + 2 * EACH + i, TABLE, (cap_addr_t)worker->arg[1],
                                    RIGHTS_ALL, BADGE) != ERR_OK;
        }
        worker->out[1] += wrong;
        worker->out[0]++;
    }
}

/* Pages by their place in the memory that they were made of: each is had once. */
static uint8_t is_taken[CREW_MAX * ROUNDS * EACH];

static void check_one(cap_addr_t slot, uint64_t base)
{
    uint64_t at = 0;
    uint32_t pages = 0, class = 9, cache = 9;

    REQUIRE_OK(frame_info(slot, &at, &pages, &class, &cache));
    uint64_t number = (at - base) / PAGE_BYTES;

    CHECK_EQ(pages, 1, "a page");
    CHECK(number < sizeof(is_taken) && is_taken[number] == 0, "which nobody else has");
    if (number < sizeof(is_taken)) {
        is_taken[number] = 1;
    }
}

static void check_grown(const struct worker *worker, uint64_t base)
{
    for (uint32_t i = 0; i < 3 * EACH * ROUNDS; i++) {
        cap_addr_t slot = (cap_addr_t)worker->arg[2] + i;

        if (i / EACH % 3 == 0) {
            check_one(slot, base);
        } else {
            CHECK_EQ(identify(TABLE, slot).badge, i / EACH % 3 == 2 ? BADGE : 0, "its badge");
        }
    }
}

TEST(all_cores_derive_and_create_from_the_same_at_once)
{
    uint32_t count = crew_size();
    cap_addr_t memory = make(OBJECT_UNTYPED, MIB(8));
    cap_addr_t bell = make(OBJECT_NOTIFICATION, 3);
    uint64_t base = 0, size = 0, used = 0;
    uint32_t device = 0;
    struct worker *crew[CREW_MAX];

    REQUIRE_OK(untyped_info(memory, &base, &size, &used, &device));
    for (uint32_t i = 0; i < sizeof(is_taken); i++) {
        is_taken[i] = 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        crew[i] = worker_make(grow, 3);
        crew[i]->arg[0] = memory;
        crew[i]->arg[1] = bell;
        crew[i]->arg[2] = slots_next(3 * EACH * ROUNDS);
        crew_give(crew[i], i);
    }
    crew_finish(crew, count, ROUNDS);
    for (uint32_t i = 0; i < count; i++) {
        check_grown(crew[i], base);
    }
    REQUIRE_OK(untyped_info(memory, &base, &size, &used, &device));
    CHECK_EQ(used, (uint64_t)count * ROUNDS * EACH * PAGE_BYTES, "and no more is used");
    CHECK_OK(cap_table_revoke(TABLE, memory));
    CHECK_OK(cap_table_revoke(TABLE, bell));
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < 3 * EACH * ROUNDS; k++) {
            CHECK_EQ(identify(TABLE, (cap_addr_t)crew[i]->arg[2] + k).type, OBJECT_NONE,
                     "the tree had all of them");
        }
    }
}

/* arg: notification, slot. What is in the slot comes and goes. */
static void show_and_hide(struct worker *worker)
{
    for (;;) {
        worker->out[1] += cap_table_mint(TABLE, (cap_addr_t)worker->arg[1], TABLE,
                                         (cap_addr_t)worker->arg[0], RIGHT_SIGNAL, BADGE) != ERR_OK;
        worker->out[1] += cap_table_delete(TABLE, (cap_addr_t)worker->arg[1]) != ERR_OK;
        worker->out[0]++;
    }
}

/* arg: slot. */
static void look_up(struct worker *worker)
{
    for (;;) {
        err_t err = notification_signal((cap_addr_t)worker->arg[0]);

        worker->out[1] += err != ERR_OK && err != ERR_BAD_CAP;
        worker->out[2] += err == ERR_OK;
        worker->out[0]++;
    }
}

TEST(a_capability_is_there_as_a_whole_or_not_at_all)
{
    cap_addr_t bell = make(OBJECT_NOTIFICATION, 3);
    cap_addr_t slot = slots_next(1);
    uint64_t bits = 0;
    struct worker *maker, *looker;

    crew_cores();
    looker = worker_make(look_up, 3);
    looker->arg[0] = slot;
    crew_give(looker, 1);
    maker = worker_make(show_and_hide, 3);
    maker->arg[0] = bell;
    maker->arg[1] = slot;
    crew_give(maker, 0);
    worker_resume(looker);
    worker_resume(maker);
    CREW_UNTIL(maker->out[0] >= ROUNDS && looker->out[2] >= 3, "it is found now and then");
    REQUIRE_OK(thread_suspend(maker->thread));
    REQUIRE_OK(thread_suspend(looker->thread));
    CHECK_EQ(maker->out[1], 0, "each time it was made and deleted");
    CHECK_EQ(looker->out[1], 0, "nothing else was found");
    REQUIRE_OK(notification_poll(bell, ~0ull, &bits));
    CHECK_EQ(bits, BADGE, "with the badge that it has");
}
