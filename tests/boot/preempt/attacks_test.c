/* SPDX-License-Identifier: MIT */
/* What a reviewer broke in with, once: each stays tried. */
#include "boot_test/make.h"
#include "boot_test/probe.h"
#include "boot_test/special.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define RUNS 2000u
#define TIMERS 200u
#define WORK_STEPS 20000u
#define FS_BASE 18u

static void delete_space(struct worker *worker)
{
    worker->out[0] = 1;
    worker->out[1] = (uint64_t)cap_table_delete(TABLE, (uint32_t)worker->arg[0]);
    worker->out[0] = 2;
}

/* Its runs go one by one, with breaks: nobody may enter it in between, and nothing must be mapped in it. */
TEST(a_half_destroyed_space_cannot_be_entered)
{
    cap_addr_t space = make(OBJECT_VSPACE, 0);
    cap_addr_t filler = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    cap_addr_t copies = slots_next(RUNS);
    uint32_t attached = 0;
    uint32_t tables;
    uint32_t done;

    REQUIRE_OK(vspace_add_tables(space, make(OBJECT_PAGE_TABLE, 64)));
    struct probe probe = probe_make_in(space, PLACE + MIB(64));

    REQUIRE_OK(thread_configure(probe.thread, TABLE, VSPACE));
    for (uint32_t i = 0; i < RUNS; i++) {
        REQUIRE_OK(cap_table_copy(TABLE, copies + i, TABLE, filler, RIGHTS_ALL));
        REQUIRE_OK(vspace_map(space, copies + i, 0, 1, PLACE + i * 4096ull, PROT_READ, &done));
    }
    struct worker *worker = worker_make(delete_space, 3);

    worker->arg[0] = space;
    worker_time(worker, 50, MS(100), MS(100));
    worker_resume(worker);
    do {
        sleep_ns(US(2));
        REQUIRE_OK(vspace_info(space, &attached, &tables));
    } while (attached > RUNS && worker->out[0] != 2);
    CHECK_EQ(worker->out[0], 1, "it is in the middle");
    CHECK_EQ(thread_configure(probe.thread, TABLE, space), ERR_BUSY, "nobody gets in");
    settle();
    CHECK_EQ(worker->out[0], 2, "the deletion goes on to its end");
    CHECK_EQ(worker->out[1], ERR_OK, "and succeeds");
}

static uint64_t fs_place = 0x1234;

static void fs_clear(struct worker *worker)
{
    uint64_t bits;

    __asm__ volatile("mov %0, %%fs" ::"r"(0));
    (void)!notification_wait((cap_addr_t)worker->arg[0], 1, DEADLINE_NEVER, 0, &bits);
}

static void fs_read(struct worker *worker)
{
    uint64_t value;

    __asm__ volatile("mov %%fs:0, %0" : "=r"(value));
    worker->out[0] = value;
}

/* Loading a selector makes the base 0 without the kernel's knowledge. */
TEST(a_thread_cannot_change_the_base_of_another)
{
    struct worker *clearing = worker_make(fs_clear, 3);
    struct worker *reading = worker_make(fs_read, 3);
    uint64_t base = (uintptr_t)&fs_place;

    clearing->arg[0] = make(OBJECT_NOTIFICATION, 0);
    worker_time(clearing, 60, MS(1000), MS(1000));
    worker_time(reading, 50, MS(1000), MS(1000));
    REQUIRE_OK(thread_write_registers(clearing->thread, FS_BASE, 1, base, 0, 0, 0, 0, 0));
    REQUIRE_OK(thread_write_registers(reading->thread, FS_BASE, 1, base, 0, 0, 0, 0, 0));
    worker_resume(clearing);
    worker_resume(reading);
    settle();
    CHECK_EQ(reading->out[0], fs_place, "it reads through its own base");
}

static void flood(struct worker *worker)
{
    for (uint32_t i = 0; i < TIMERS; i++) {
        (void)!timer_set((cap_addr_t)worker->arg[0] + i, (cap_addr_t)worker->arg[1], worker->arg[2],
                         US(10), 15);
    }
    worker->out[0] = 1;
}

static ns_t work(void)
{
    ns_t start = clock_now();

    for (volatile uint32_t i = 0; i < WORK_STEPS; i++) {
    }
    return clock_now() - start;
}

/* It asks for the most important band; it gets its own, whose events do not count while its betters run. */
TEST(timers_of_a_low_thread_take_no_time_from_a_high_one)
{
    cap_addr_t badged = mint_of(make(OBJECT_NOTIFICATION, 0), RIGHTS_ALL, 1);
    struct worker *worker = worker_make(flood, 3);
    ns_t alone = work();

    worker->arg[0] = make_row(OBJECT_TIMER, 0, TIMERS);
    worker->arg[1] = badged;
    worker->arg[2] = clock_now() + MS(1);
    worker_time(worker, 20, MS(1000), MS(1000));
    worker_resume(worker);
    settle();
    CHECK_EQ(worker->out[0], 1, "all are set");
    while (clock_now() < worker->arg[2]) {
    }
    CHECK_BETWEEN(work(), 0, alone + alone / 8, "the same work takes as long");
    for (uint32_t i = 0; i < TIMERS; i++) {
        uint32_t was_set;

        CHECK_EQ(timer_cancel((cap_addr_t)worker->arg[0] + i, &was_set), ERR_OK, "it ends");
    }
}
