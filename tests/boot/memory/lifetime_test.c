/* SPDX-License-Identifier: MIT */
/* What goes with what: memory used again, tables in tables, programs that delete themselves. */
#include "boot_test/make.h"
#include "boot_test/probe.h"
#include "boot_test/special.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define READ_WRITE (PROT_READ | PROT_WRITE)
#define LARGE (PLACE + MIB(512)) /* no page table ever stands here before */
#define OWN_TABLE 1u             /* slots in the table of a thread that ends itself */
#define OWN_SPACE 2u
#define OWN_THREAD 3u
#define OWN_TIME 4u

TEST(memory_that_is_used_again_is_zero)
{
    cap_addr_t untyped = make(OBJECT_UNTYPED, KIB(256));
    cap_addr_t table;

    for (uint32_t round = 0; round < 3; round++) {
        cap_addr_t frame = make_from(untyped, OBJECT_FRAME, FRAME_SIZE(64, PAGE_CLASS_4K));
        volatile uint64_t *words = (volatile uint64_t *)PLACE;
        uint64_t seen = 0;

        map_at(frame, PLACE, 64, READ_WRITE);
        for (uint32_t i = 0; i < KIB(256) / 8; i++) {
            seen |= words[i];
            words[i] = ~0ull;
        }
        CHECK_EQ(seen, 0, "nothing of what was there before");
        delete (frame);
        table = make_from(untyped, OBJECT_CAP_TABLE, 8);
        for (uint32_t i = 1; i < 256; i++) {
            CHECK_EQ(identify(table, i).type, OBJECT_NONE, "a new table is empty");
        }
        delete (table);
        cap_addr_t inner = make_from(untyped, OBJECT_UNTYPED, KIB(128));
        cap_addr_t thread = make_from(inner, OBJECT_THREAD, THREAD_SIZE(3));
        uint64_t r[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };

        CHECK_OK(thread_read_registers(thread, 3, 8, &r[0], &r[1], &r[2], &r[3], &r[4], &r[5],
                                       &r[6], &r[7]));
        for (uint32_t i = 0; i < 8; i++) {
            CHECK_EQ(r[i], 0, "a new thread has no old registers");
        }
        delete (inner);
        CHECK_EQ(used_bytes(untyped), 0, "all is free again");
    }
}

TEST(a_large_page_that_is_used_again_is_zero)
{
    cap_addr_t untyped = make(OBJECT_UNTYPED, MIB(4));

    for (uint32_t round = 0; round < 2; round++) {
        cap_addr_t frame = make_from(untyped, OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_2M));
        volatile uint64_t *words = (volatile uint64_t *)LARGE;
        uint64_t seen = 0;
        uint32_t done = 0;

        REQUIRE_OK(vspace_map(VSPACE, frame, 0, 1, LARGE, READ_WRITE, &done));
        for (uint32_t i = 0; i < MIB(2) / 8; i += 8) {
            seen |= words[i];
            words[i] = ~0ull;
        }
        CHECK_EQ(seen, 0, "zero");
        delete (frame);
    }
}

/* Deepest first: each table lies in the one before. */
TEST(tables_in_tables_go_together)
{
    cap_addr_t first = make(OBJECT_CAP_TABLE, 4);
    cap_addr_t last = first;
    uint64_t used = used_bytes(test_untyped());

    for (uint32_t i = 0; i < 40; i++) {
        cap_addr_t next = make(OBJECT_CAP_TABLE, 4);
        cap_addr_t endpoint = make(OBJECT_ENDPOINT, 0);

        REQUIRE_OK(cap_table_copy(next, 7, TABLE, next, RIGHTS_ALL));
        REQUIRE_OK(cap_table_delete(next, 7));
        REQUIRE_OK(cap_table_move(next, 3, TABLE, endpoint));
        cap_addr_t handle = slot_next();

        /* A handle on the inner one goes when the inner one does. */
        REQUIRE_OK(cap_table_move(last, 5, TABLE, next));
        REQUIRE_OK(cap_table_copy(TABLE, handle, last, 5, RIGHTS_ALL));
        last = handle;
    }
    CHECK(used_bytes(test_untyped()) > used, "much is used");
    delete (first);
    CHECK_EQ(identify(TABLE, last).type, OBJECT_NONE, "the innermost is gone");
    CHECK_EQ(used_bytes(test_untyped()), 0, "and all memory is free");
}

TEST(a_table_may_hold_itself)
{
    cap_addr_t untyped = make(OBJECT_UNTYPED, KIB(64));
    cap_addr_t table = make_from(untyped, OBJECT_CAP_TABLE, 4);
    cap_addr_t outside = slot_next();

    REQUIRE_OK(cap_table_copy(table, 3, TABLE, table, RIGHTS_ALL));
    delete (table);
    CHECK_EQ(used_bytes(untyped), 0, "a copy of itself keeps nothing alive");
    table = make_from(untyped, OBJECT_CAP_TABLE, 4);
    REQUIRE_OK(cap_table_move(table, 5, TABLE, table));
    CHECK_EQ(identify(TABLE, table).type, OBJECT_NONE, "nobody outside can name it");
    CHECK_OK(cap_table_revoke(TABLE, untyped));
    CHECK_EQ(used_bytes(untyped), 0, "its memory can be had back all the same");
    table = make_from(untyped, OBJECT_CAP_TABLE, 4);
    cap_addr_t second = make_from(untyped, OBJECT_CAP_TABLE, 4);
    cap_addr_t handle = copy_of(table, RIGHTS_ALL);

    /* A ring of two, each with the other's original. */
    REQUIRE_OK(cap_table_move(table, 2, TABLE, second));
    REQUIRE_OK(cap_table_copy(TABLE, outside, table, 2, RIGHTS_ALL));
    delete (handle);
    REQUIRE_OK(cap_table_move(outside, 2, TABLE, table));
    CHECK_EQ(identify(outside, 2).type, OBJECT_CAP_TABLE, "the first lies in the second");
    CHECK_OK(cap_table_revoke(TABLE, untyped));
    CHECK_EQ(used_bytes(untyped), 0, "the ring is gone");
    CHECK_EQ(identify(TABLE, outside).type, OBJECT_NONE, "with all copies");
}

TEST(a_table_may_delete_itself_through_its_own_slot)
{
    cap_addr_t untyped = make(OBJECT_UNTYPED, KIB(64));
    cap_addr_t table = make_from(untyped, OBJECT_CAP_TABLE, 4);
    cap_addr_t copy = copy_of(table, RIGHTS_ALL);

    delete (copy);
    REQUIRE_OK(cap_table_copy(table, 3, TABLE, table, RIGHTS_ALL));
    CHECK_OK(cap_table_delete(table, 3));
    CHECK_EQ(identify(TABLE, table).type, OBJECT_CAP_TABLE, "only the copy went");
    CHECK_OK(cap_table_delete(TABLE, table));
    CHECK_EQ(used_bytes(untyped), 0, "and now all");
}

/* A thread in the root space with a table of its own that holds all that it is made of. */
static void end_itself(struct worker *worker)
{
    (void)!message_do(&worker->message);
    worker->out[0] = 1;
    __builtin_trap();
}

/* Puts an original where it belongs and gives a copy for the test's own use. What is in use cannot move. */
static cap_addr_t moved_to(cap_addr_t table, uint32_t slot, cap_addr_t original)
{
    cap_addr_t handle = slot_next();

    REQUIRE_OK(cap_table_move(table, slot, TABLE, original));
    REQUIRE_OK(cap_table_copy(TABLE, handle, table, slot, RIGHTS_ALL));
    return handle;
}

static struct worker *self_sufficient(cap_addr_t table)
{
    struct worker *worker = worker_make(end_itself, 2);
    cap_addr_t thread = make(OBJECT_THREAD, THREAD_SIZE(2));
    uint64_t r[8] = { 0 };

    /* As the worker was set up, but with originals in its own table. */
    REQUIRE_OK(thread_read_registers(worker->thread, 0, 2, &r[0], &r[1], &r[2], &r[3], &r[4], &r[5],
                                     &r[6], &r[7]));
    REQUIRE_OK(thread_write_registers(thread, 0, 2, r[0], r[1], 0, 0, 0, 0));
    REQUIRE_OK(thread_write_registers(thread, 8, 1, (uintptr_t)worker, 0, 0, 0, 0, 0));
    worker->thread = moved_to(table, OWN_THREAD, thread);
    worker->context = moved_to(table, OWN_TIME, make(OBJECT_SCHED_CONTEXT, 0));
    REQUIRE_OK(thread_configure(worker->thread, table, VSPACE));
    REQUIRE_OK(sched_context_configure(worker->context, MACHINE, 20, MS(100), MS(100), 0));
    REQUIRE_OK(sched_context_bind(worker->context, worker->thread));
    REQUIRE_OK(cap_table_copy(table, OWN_TABLE, TABLE, table, RIGHTS_ALL));
    return worker;
}

TEST(a_thread_may_delete_itself)
{
    cap_addr_t table = make(OBJECT_CAP_TABLE, 4);
    struct worker *worker = self_sufficient(table);
    uint64_t slot = OWN_THREAD;

    worker->message = method_of(OWN_TABLE, CAP_TABLE_DELETE, 1, &slot);
    worker_resume(worker);
    settle();
    CHECK_EQ(worker->out[0], 0, "it does not come back");
    CHECK_EQ(identify(table, OWN_THREAD).type, OBJECT_NONE, "it is gone");
    CHECK_EQ(identify(TABLE, worker->thread).type, OBJECT_NONE, "copies too");
}

TEST(a_thread_may_delete_its_time)
{
    cap_addr_t table = make(OBJECT_CAP_TABLE, 4);
    struct worker *worker = self_sufficient(table);
    uint64_t slot = OWN_TIME;

    worker->message = method_of(OWN_TABLE, CAP_TABLE_DELETE, 1, &slot);
    worker_resume(worker);
    settle();
    CHECK_EQ(worker->out[0], 0, "it runs no more");
    CHECK_EQ(state_of(worker->thread), THREAD_STATE_READY, "but would, with time");
    worker_time(worker, 20, MS(100), MS(100));
    settle();
    CHECK_EQ(worker->out[0], 1, "and does");
}

/* The original of its table lies in another one, of which it has a capability. */
TEST(a_thread_may_delete_its_table)
{
    cap_addr_t untyped = make(OBJECT_UNTYPED, KIB(64));
    cap_addr_t holder = make(OBJECT_CAP_TABLE, 4);
    cap_addr_t table = moved_to(holder, 5, make_from(untyped, OBJECT_CAP_TABLE, 4));
    struct worker *worker = self_sufficient(table);
    uint64_t slot = 5;

    REQUIRE_OK(cap_table_copy(table, 6, TABLE, holder, RIGHTS_ALL));
    worker->message = method_of(6, CAP_TABLE_DELETE, 1, &slot);
    worker_resume(worker);
    settle();
    CHECK_EQ(worker->out[0], 0, "it does not come back");
    CHECK_EQ(identify(TABLE, worker->thread).type, OBJECT_NONE, "the thread lay in it");
    CHECK_EQ(identify(TABLE, table).type, OBJECT_NONE, "copies of the table are gone");
    /* The call ended with its caller. What was left is nobody's work but his who owns the memory. */
    delete (make(OBJECT_REPLY, 0));
    CHECK(used_bytes(untyped) != 0, "the table is half empty");
    REQUIRE_OK(cap_table_revoke(TABLE, untyped));
    CHECK_EQ(used_bytes(untyped), 0, "and goes with its memory");
}

TEST(a_thread_may_delete_its_space)
{
    cap_addr_t table = make(OBJECT_CAP_TABLE, 4);
    cap_addr_t space = moved_to(table, OWN_SPACE, make(OBJECT_VSPACE, 0));

    REQUIRE_OK(vspace_add_tables(space, make(OBJECT_PAGE_TABLE, 8)));
    struct probe probe = probe_make_in(space, 0x400000);
    uint64_t offset = (uintptr_t)probe_spin - (uintptr_t)probe_code;

    REQUIRE_OK(thread_write_registers(probe.thread, 0, 1, probe.code + offset, 0, 0, 0, 0, 0));
    REQUIRE_OK(thread_resume(probe.thread));
    sleep_ns(US(50));
    CHECK_EQ(state_of(probe.thread), THREAD_STATE_READY, "it runs");
    CHECK_OK(cap_table_delete(table, OWN_SPACE));
    CHECK_EQ(state_of(probe.thread), THREAD_STATE_INACTIVE, "it stops when its space goes");
    CHECK_EQ(thread_resume(probe.thread), ERR_GONE, "and cannot go on");
}

TEST(a_thread_may_delete_its_own_space)
{
    cap_addr_t untyped = make(OBJECT_UNTYPED, KIB(64));
    cap_addr_t table = make_from(untyped, OBJECT_CAP_TABLE, 4);
    cap_addr_t space = moved_to(table, 7, make(OBJECT_VSPACE, 0));
    uint64_t slot = 7;

    REQUIRE_OK(vspace_add_tables(space, make(OBJECT_PAGE_TABLE, 8)));
    struct probe probe = probe_make_in(space, 0x10000000);
    uint64_t offset = (uintptr_t)probe_call - (uintptr_t)probe_code;

    REQUIRE_OK(cap_table_copy(table, OWN_TABLE, TABLE, table, RIGHTS_ALL));
    REQUIRE_OK(thread_configure(probe.thread, table, space));
    /* call(table, delete, slot 7): rax, rdi, rsi, rdx, rbx */
    REQUIRE_OK(thread_write_registers(probe.thread, 0, 1, probe.code + offset, 0, 0, 0, 0, 0));
    REQUIRE_OK(
        thread_write_registers(probe.thread, 3, 2, OP(SYSCALL_CALL, OWN_TABLE), slot, 0, 0, 0, 0));
    REQUIRE_OK(thread_write_registers(probe.thread, 7, 2, DEADLINE_NEVER,
                                      MSG_INFO(CAP_TABLE_DELETE, 1, 0), 0, 0, 0, 0));
    REQUIRE_OK(thread_resume(probe.thread));
    settle();
    CHECK_EQ(identify(table, 7).type, OBJECT_NONE, "the space is gone");
    CHECK_EQ(state_of(probe.thread), THREAD_STATE_INACTIVE, "it cannot come back");
    CHECK_EQ(thread_resume(probe.thread), ERR_GONE, "never");
}

/* All that a program is, out of one untyped; it runs while it is taken back. */
TEST(revoking_a_whole_program_gives_the_memory_back)
{
    cap_addr_t untyped = make(OBJECT_UNTYPED, MIB(6));
    cap_addr_t endpoint = make_from(untyped, OBJECT_ENDPOINT, 5);
    cap_addr_t notification = make_from(untyped, OBJECT_NOTIFICATION, 0);
    cap_addr_t timer = make_from(untyped, OBJECT_TIMER, 0);
    cap_addr_t table = make_from(untyped, OBJECT_CAP_TABLE, 6);
    cap_addr_t space = make_from(untyped, OBJECT_VSPACE, 0);
    cap_addr_t tables = make_from(untyped, OBJECT_PAGE_TABLE, 16);
    cap_addr_t frame = make_from(untyped, OBJECT_FRAME, FRAME_SIZE(32, PAGE_CLASS_4K));
    cap_addr_t large = make_from(untyped, OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_2M));
    cap_addr_t inner = make_from(untyped, OBJECT_UNTYPED, KIB(64));
    struct worker *outside = worker_actor(9, 30);
    uint32_t done = 0;

    REQUIRE_OK(vspace_add_tables(space, tables));
    REQUIRE_OK(vspace_map(space, frame, 0, 32, PLACE, READ_WRITE, &done));
    REQUIRE_OK(vspace_map(space, large, 0, 1, PLACE + MIB(4), READ_WRITE, &done));
    map_at(copy_of(frame, RIGHTS_ALL), PLACE, 32, READ_WRITE);
    REQUIRE_OK(timer_set(timer, notification, clock_now() + MS(50), US(20), 15));
    for (uint32_t i = 0; i < 6; i++) {
        cap_addr_t thread = moved_to(
            table, 10 + i, make_from(i % 2 ? inner : untyped, OBJECT_THREAD, THREAD_SIZE(6)));
        cap_addr_t context = make_from(untyped, OBJECT_SCHED_CONTEXT, 0);

        REQUIRE_OK(thread_configure(thread, table, VSPACE));
        REQUIRE_OK(sched_context_configure(context, MACHINE, 20 + i % 3, US(200), MS(2), 0));
        REQUIRE_OK(sched_context_bind(context, thread));
        REQUIRE_OK(thread_set_buffer(thread, frame, i * 1024));
        REQUIRE_OK(thread_write_registers(thread, 0, 1, (uintptr_t)probe_spin, 0, 0, 0, 0, 0));
        REQUIRE_OK(thread_resume(thread));
    }
    sleep_ns(MS(1));
    worker_act(outside, call_to(endpoint, 1, clock_now() + MS(100)));
    CHECK_OK(cap_table_revoke(TABLE, untyped));
    CHECK_EQ(used_bytes(untyped), 0, "every byte is back");
    settle();
    CHECK_EQ(worker_result(outside), ERR_GONE, "a stranger's call to it ends");
    CHECK_OK(
        untyped_retype(untyped, OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_2M), 1, TABLE, slot_next()));
}
