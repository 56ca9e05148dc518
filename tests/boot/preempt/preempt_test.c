/* SPDX-License-Identifier: MIT */
/*
 * A ticker of high priority is woken every TICK_NS while an actor of low priority makes a call that takes
 * much longer. At each of many phases the result must be as without the ticker, and it must not wait.
 */
#include "boot_test/make.h"
#include "boot_test/probe.h"
#include "boot_test/special.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"
#include "registers.h"

#define TICK_NS US(12)
#define PHASES 24u
#define PHASE_NS 487u  /* no divisor of anything */
#define LATE_NS US(25) /* the longest a preemption point may be away, with all that waking costs */
#define READ_WRITE (PROT_READ | PROT_WRITE)

static void tick(struct worker *worker)
{
    for (;;) {
        uint64_t bits;

        if (notification_wait((cap_addr_t)worker->arg[0], 1, DEADLINE_NEVER, 0, &bits) == ERR_OK) {
            ns_t late = (clock_now() - worker->arg[1]) % TICK_NS;
            ns_t gap = clock_now() - worker->out[2];

            worker->out[0]++;
            worker->out[1] = late > worker->out[1] ? late : worker->out[1];
            worker->out[3] = worker->out[2] != 0 && gap > worker->out[3] ? gap : worker->out[3];
            worker->out[2] = clock_now();
        }
    }
}

struct storm {
    struct worker *ticker;
    struct worker *actor;
    cap_addr_t timer, badged;
};

static struct storm storm_make(void)
{
    struct storm storm;
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);

    storm.badged = mint_of(notification, RIGHTS_ALL, 1);
    storm.timer = make(OBJECT_TIMER, 0);
    storm.ticker = worker_make(tick, 3);
    storm.ticker->arg[0] = notification;
    worker_time(storm.ticker, 250, MS(10000), MS(10000));
    worker_resume(storm.ticker);
    storm.actor = worker_actor(3, 50);
    settle();
    return storm;
}

/* The call, under ticks of that phase. Gives its result. */
static err_t under_storm(struct storm *storm, struct message message, uint32_t phase)
{
    uint32_t was_set;
    ns_t start = clock_now() + US(15) + phase * PHASE_NS;

    storm->ticker->out[0] = 0;
    storm->ticker->out[2] = 0;
    storm->ticker->out[3] = 0;
    storm->ticker->arg[1] = start;
    storm->actor->message = message;
    storm->actor->is_done = false;
    REQUIRE_OK(timer_set(storm->timer, storm->badged, start, TICK_NS, 15));
    REQUIRE_OK(notification_signal(storm->actor->go));
    for (uint32_t i = 0; i < 200 && !storm->actor->is_done; i++) {
        sleep_ns(US(100));
    }
    REQUIRE_OK(timer_cancel(storm->timer, &was_set));
    settle();
    CHECK(storm->actor->is_done, "the call comes to its end");
    CHECK(storm->ticker->out[0] >= 3, "it was interrupted");
    CHECK_BETWEEN(storm->ticker->out[3], 0, TICK_NS + LATE_NS, "the ticker never waits long");
    return (err_t)storm->actor->message.op;
}

static struct message delete_message(cap_addr_t slot)
{
    uint64_t word = slot;

    return method_of(TABLE, CAP_TABLE_DELETE, 1, &word);
}

static uint64_t worst_gap;

static void remember(const struct storm *storm)
{
    if (storm->ticker->out[3] > worst_gap) {
        worst_gap = storm->ticker->out[3];
    }
}

TEST(deleting_a_wide_tree)
{
    struct storm storm = storm_make();
    cap_addr_t root = slot_next();
    cap_addr_t copies = slots_next(300);

    for (uint32_t phase = 0; phase < PHASES && !test_has_failed(); phase++) {
        uint64_t used = used_bytes(test_untyped());
        struct counts before, after;

        counts_take(&before);
        REQUIRE_OK(untyped_retype(test_untyped(), OBJECT_ENDPOINT, 5, 1, TABLE, root));
        for (uint32_t i = 0; i < 300; i++) {
            cap_addr_t from = i < 3 ? root : copies + i / 3 - 1;

            REQUIRE_OK(cap_table_copy(TABLE, copies + i, TABLE, from, RIGHTS_ALL));
        }
        CHECK_OK(under_storm(&storm, delete_message(root), phase));
        counts_take(&after);
        CHECK_EQ(after.caps, before.caps, "all are gone");
        CHECK_EQ(after.hash, before.hash, "nothing else is");
        CHECK(used_bytes(test_untyped()) >= used, "memory");
        remember(&storm);
    }
}

TEST(deleting_tables_in_tables)
{
    struct storm storm = storm_make();
    cap_addr_t untyped = make(OBJECT_UNTYPED, MIB(1));
    cap_addr_t root = slot_next();
    cap_addr_t scratch = slots_next(64);

    for (uint32_t phase = 0; phase < PHASES && !test_has_failed(); phase++) {
        struct counts before, after;

        counts_take(&before);
        REQUIRE_OK(untyped_retype(untyped, OBJECT_CAP_TABLE, 7, 1, TABLE, root));
        REQUIRE_OK(untyped_retype(untyped, OBJECT_CAP_TABLE, 6, 16, TABLE, scratch));
        for (uint32_t i = 0; i < 16; i++) {
            REQUIRE_OK(untyped_retype(untyped, OBJECT_NOTIFICATION, 0, 16, scratch + i, 1));
            REQUIRE_OK(untyped_retype(untyped, OBJECT_NOTIFICATION, 0, 4, scratch + i, 17));
            REQUIRE_OK(cap_table_copy(scratch + i, 40, TABLE, root, RIGHTS_ALL));
            REQUIRE_OK(cap_table_move(root, i + 1, TABLE, scratch + i));
        }
        CHECK_OK(under_storm(&storm, delete_message(root), phase));
        counts_take(&after);
        CHECK_EQ(after.hash, before.hash, "all is gone, and nothing else");
        CHECK_EQ(used_bytes(untyped), 0, "and its memory is free");
        remember(&storm);
    }
}

TEST(zeroing_at_retype)
{
    struct storm storm = storm_make();
    cap_addr_t untyped = make(OBJECT_UNTYPED, MIB(1));
    cap_addr_t frame = slot_next();
    uint64_t words[] = { OBJECT_FRAME, FRAME_SIZE(256, PAGE_CLASS_4K), 1, TABLE, frame };

    for (uint32_t phase = 0; phase < PHASES && !test_has_failed(); phase++) {
        volatile uint64_t *memory = (volatile uint64_t *)PLACE;
        uint64_t seen = 0;

        CHECK_OK(under_storm(&storm, method_of(untyped, UNTYPED_RETYPE, 5, words), phase));
        map_at(frame, PLACE, 256, READ_WRITE);
        for (uint32_t i = 0; i < MIB(1) / 8; i += 16) {
            seen |= memory[i];
            memory[i] = ~0ull;
        }
        CHECK_EQ(seen, 0, "all of it is zero");
        delete (frame);
        remember(&storm);
    }
}

TEST(detaching_many_pages)
{
    struct storm storm = storm_make();
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(1024, PAGE_CLASS_4K));
    struct probe probe = probe_make();

    for (uint32_t phase = 0; phase < PHASES && !test_has_failed(); phase++) {
        map_at(frame, PLACE, 1024, READ_WRITE);
        map_at(frame, PLACE + MIB(8), 1024, READ_WRITE);
        CHECK_OK(under_storm(&storm, method_of(frame, FRAME_DETACH, 0, NULL), phase));
        for (uint64_t page = 0; page < 1024; page += 93) {
            probe_expect_fault(&probe, probe_read, PLACE + page * PAGE_BYTES, FAULT_NOT_PRESENT);
            probe_expect_fault(&probe, probe_read, PLACE + MIB(8) + page * PAGE_BYTES,
                               FAULT_NOT_PRESENT);
        }
        remember(&storm);
    }
}

TEST(taking_an_address_space_apart)
{
    struct storm storm = storm_make();
    cap_addr_t untyped = make(OBJECT_UNTYPED, MIB(6));
    cap_addr_t space = slots_next(3);

    for (uint32_t phase = 0; phase < PHASES && !test_has_failed(); phase++) {
        uint64_t word = untyped;

        REQUIRE_OK(untyped_retype(untyped, OBJECT_VSPACE, 0, 1, TABLE, space));
        REQUIRE_OK(untyped_retype(untyped, OBJECT_PAGE_TABLE, 40, 1, TABLE, space + 1));
        REQUIRE_OK(untyped_retype(untyped, OBJECT_FRAME, FRAME_SIZE(1000, PAGE_CLASS_4K), 1, TABLE,
                                  space + 2));
        REQUIRE_OK(vspace_add_tables(space, space + 1));
        for (uint32_t i = 0; i < 1000;) {
            uint32_t done = 0;

            REQUIRE_OK(vspace_map(space, space + 2, i, 1000 - i, PLACE + MIB(32) + i * KIB(64),
                                  READ_WRITE, &done));
            i += done;
        }
        CHECK_OK(under_storm(&storm, method_of(TABLE, CAP_TABLE_REVOKE, 1, &word), phase));
        CHECK_EQ(used_bytes(untyped), 0, "all memory is free");
        remember(&storm);
    }
}

/* Two threads revoke the same tree at once, taking turns at every tick. */
TEST(two_who_revoke_the_same_tree)
{
    struct storm storm = storm_make();
    struct worker *other = worker_actor(3, 50);
    cap_addr_t root = slot_next();
    cap_addr_t copies = slots_next(300);
    uint64_t word = root;

    CHECK_OK(sched_context_configure(other->context, MACHINE, 50, US(11), US(11), 0));
    CHECK_OK(sched_context_configure(storm.actor->context, MACHINE, 50, US(11), US(11), 0));
    for (uint32_t phase = 0; phase < PHASES && !test_has_failed(); phase++) {
        REQUIRE_OK(untyped_retype(test_untyped(), OBJECT_ENDPOINT, 5, 1, TABLE, root));
        for (uint32_t i = 0; i < 300; i++) {
            cap_addr_t from = i == 0 || i % 50 != 0 ? root : copies + i - 1;

            REQUIRE_OK(cap_table_copy(TABLE, copies + i, TABLE, from, RIGHTS_ALL));
        }
        other->message = method_of(TABLE, CAP_TABLE_REVOKE, 1, &word);
        other->is_done = false;
        REQUIRE_OK(notification_signal(other->go));
        CHECK_OK(under_storm(&storm, method_of(TABLE, CAP_TABLE_REVOKE, 1, &word), phase));
        settle();
        CHECK_OK(worker_result(other));
        CHECK_EQ(identify(TABLE, root).flags, IDENTIFY_ORIGINAL, "no child, not frozen");
        delete (root);
    }
}

TEST(registers_survive_interruptions)
{
    struct storm storm = storm_make();
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(3, PAGE_CLASS_4K));
    cap_addr_t threads[3];
    uint32_t was_set;

    map_at(frame, PLACE, 3, READ_WRITE);
    for (uint64_t i = 0; i < 3; i++) {
        cap_addr_t context = make(OBJECT_SCHED_CONTEXT, 0);
        uint64_t value = 0x1111111111110000ull * (i + 1);

        *(volatile uint64_t *)(PLACE + i * PAGE_BYTES) = value;
        threads[i] = make(OBJECT_THREAD, THREAD_SIZE_FPU(1));
        REQUIRE_OK(thread_configure(threads[i], TABLE, VSPACE));
        for (uint32_t r = 3; r < 18; r++) {
            REQUIRE_OK(thread_write_registers(threads[i], r, 1, value, 0, 0, 0, 0, 0));
        }
        REQUIRE_OK(
            thread_write_registers(threads[i], 0, 2, (uintptr_t)keep_registers, value, 0, 0, 0, 0));
        REQUIRE_OK(thread_write_registers(threads[i], 18, 2, PLACE + i * PAGE_BYTES,
                                          PLACE + i * PAGE_BYTES, 0, 0, 0, 0));
        REQUIRE_OK(sched_context_configure(context, MACHINE, 40, US(17), US(17), 0));
        REQUIRE_OK(sched_context_bind(context, threads[i]));
        REQUIRE_OK(thread_resume(threads[i]));
    }
    REQUIRE_OK(timer_set(storm.timer, storm.badged, clock_now() + US(20), TICK_NS, 15));
    sleep_ns(MS(10));
    REQUIRE_OK(timer_cancel(storm.timer, &was_set));
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQ(state_of(threads[i]), THREAD_STATE_READY, "it never found another's value");
        CHECK_OK(thread_suspend(threads[i]));
    }
    CHECK(storm.ticker->out[0] > 500, "there were many interruptions");
}

void boot_test_report(void)
{
    test_note("longest wait of a ticker of %lu ns between two ticks: %lu ns", (uint64_t)TICK_NS,
              worst_gap);
}
