/* SPDX-License-Identifier: MIT */
/* The methods of threads and scheduling contexts. */
#include "boot_test/errors.h"
#include "boot_test/make.h"
#include "boot_test/special.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define REGISTERS 20u

struct registers {
    uint64_t r[8];
};

static err_t read(cap_addr_t thread, uint32_t from, uint32_t count, struct registers *into)
{
    uint64_t *r = into->r;

    return thread_read_registers(thread, from, count, &r[0], &r[1], &r[2], &r[3], &r[4], &r[5],
                                 &r[6], &r[7]);
}

static void spin(struct worker *worker)
{
    (void)worker;
    for (;;) {
    }
}

TEST(registers_are_read_as_written)
{
    cap_addr_t thread = make(OBJECT_THREAD, THREAD_SIZE(1));
    struct registers got = { { 0 } };

    for (uint32_t i = 0; i < REGISTERS; i++) {
        uint64_t value = i == 2 ? 0x246 : 0x1111100000ull + i;

        CHECK_OK(thread_write_registers(thread, i, 1, value, 0, 0, 0, 0, 0));
    }
    for (uint32_t i = 0; i < REGISTERS; i++) {
        uint64_t value = i == 2 ? 0x246 : 0x1111100000ull + i;

        CHECK_OK(read(thread, i, 1, &got));
        CHECK_EQ(got.r[0], value, "each register keeps what was written");
    }
    CHECK_OK(read(thread, 12, 8, &got));
    CHECK_EQ(got.r[7], 0x1111100000ull + 19, "the last of eight");
    CHECK_OK(thread_write_registers(thread, 14, 6, 1, 2, 3, 4, 5, 6));
    CHECK_OK(read(thread, 12, 8, &got));
    CHECK_EQ(got.r[7], 6, "the last of six");
    CHECK_EQ(got.r[1], 0x1111100000ull + 13, "what was not written stays");
}

TEST(flags_of_the_system_are_forced)
{
    cap_addr_t thread = make(OBJECT_THREAD, THREAD_SIZE(1));
    struct registers got = { { 0 } };

    CHECK_OK(thread_write_registers(thread, 2, 1, ~0ull, 0, 0, 0, 0, 0));
    CHECK_OK(read(thread, 2, 1, &got));
    CHECK_EQ(got.r[0], 0x40fd7 | 0x200, "CF PF AF ZF SF TF DF OF AC, IF and the fixed bit");
    CHECK_OK(thread_write_registers(thread, 2, 1, 0, 0, 0, 0, 0, 0));
    CHECK_OK(read(thread, 2, 1, &got));
    CHECK_EQ(got.r[0], 0x202, "interrupts cannot be shut out");
}

TEST(register_calls_refuse)
{
    cap_addr_t thread = make(OBJECT_THREAD, THREAD_SIZE(1));
    struct registers got = { { 0 } };
    static const uint64_t bad[] = { 0x800000000000ull, 0xffff800000000000ull, ~0ull, 1ull << 63 };

    EXPECT(THREAD, WRITE_REGISTERS, RANGE, thread_write_registers(thread, 20, 1, 0, 0, 0, 0, 0, 0));
    EXPECT(THREAD, WRITE_REGISTERS, RANGE, thread_write_registers(thread, 15, 6, 0, 0, 0, 0, 0, 0));
    EXPECT(THREAD, READ_REGISTERS, RANGE, read(thread, 20, 1, &got));
    EXPECT(THREAD, READ_REGISTERS, RANGE, read(thread, 13, 8, &got));
    for (uint32_t i = 0; i < 4; i++) {
        EXPECT(THREAD, WRITE_REGISTERS, RANGE,
               thread_write_registers(thread, 0, 1, bad[i], 0, 0, 0, 0, 0));
        EXPECT(THREAD, WRITE_REGISTERS, RANGE,
               thread_write_registers(thread, 18, 1, bad[i], 0, 0, 0, 0, 0));
        EXPECT(THREAD, WRITE_REGISTERS, RANGE,
               thread_write_registers(thread, 18, 2, 5, bad[i], 0, 0, 0, 0));
    }
    CHECK_OK(read(thread, 18, 1, &got));
    CHECK_EQ(got.r[0], 0, "all or nothing");
}

TEST(a_thread_that_runs_is_not_changed)
{
    struct worker *worker = worker_start(spin, 3, 10);
    struct registers got = { { 0 } };

    sleep_ns(US(100));
    CHECK_EQ(state_of(worker->thread), THREAD_STATE_READY, "it runs whenever it can");
    EXPECT(THREAD, CONFIGURE, BUSY, thread_configure(worker->thread, TABLE, VSPACE));
    EXPECT(THREAD, WRITE_REGISTERS, BUSY,
           thread_write_registers(worker->thread, 0, 1, 0, 0, 0, 0, 0, 0));
    EXPECT(THREAD, READ_REGISTERS, BUSY, read(worker->thread, 0, 1, &got));
    EXPECT(THREAD, SINGLE_STEP, BUSY, thread_single_step(worker->thread, 1));
    EXPECT(THREAD, RESUME, BUSY, thread_resume(worker->thread));
    CHECK_OK(thread_suspend(worker->thread));
    CHECK_EQ(state_of(worker->thread), THREAD_STATE_INACTIVE, "it is stopped");
    CHECK_OK(read(worker->thread, 0, 1, &got));
    CHECK_OK(thread_suspend(worker->thread));
    CHECK_OK(thread_single_step(worker->thread, 1));
    CHECK_OK(thread_single_step(worker->thread, 0));
    CHECK_OK(thread_configure(worker->thread, TABLE, VSPACE));
}

TEST(suspend_cuts_waits_with_cancelled)
{
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 4);
    struct worker *worker = worker_actor(8, 10);
    struct worker *receiver = worker_actor(3, 10);

    worker_act(worker, wait_for(notification, 1, DEADLINE_NEVER, 0));
    CHECK_EQ(state_of(worker->thread), THREAD_STATE_WAITING, "it waits");
    CHECK_OK(thread_suspend(worker->thread));
    CHECK_OK(thread_resume(worker->thread));
    settle();
    EXPECT(SYSCALL, WAIT, CANCELLED, worker_result(worker));
    worker_act(worker, call_to(endpoint, 1, DEADLINE_NEVER));
    CHECK_EQ(state_of(worker->thread), THREAD_STATE_CALLING, "it is queued");
    CHECK_OK(thread_suspend(worker->thread));
    CHECK_OK(thread_resume(worker->thread));
    settle();
    EXPECT(SYSCALL, CALL, CANCELLED, worker_result(worker));
    worker_act(receiver, receive_from(endpoint));
    CHECK_EQ(state_of(receiver->thread), THREAD_STATE_RECEIVING, "it receives");
    CHECK_OK(thread_suspend(receiver->thread));
    CHECK_OK(thread_resume(receiver->thread));
    settle();
    EXPECT(SYSCALL, RECEIVE, CANCELLED, worker_result(receiver));
}

TEST(resume_needs_a_table_and_a_space)
{
    cap_addr_t thread = make(OBJECT_THREAD, THREAD_SIZE(1));
    cap_addr_t table = make(OBJECT_CAP_TABLE, 4);
    cap_addr_t space = make(OBJECT_VSPACE, 0);

    EXPECT(THREAD, RESUME, GONE, thread_resume(thread));
    REQUIRE_OK(thread_configure(thread, table, space));
    delete (space);
    EXPECT(THREAD, RESUME, GONE, thread_resume(thread));
    REQUIRE_OK(thread_configure(thread, table, VSPACE));
    delete (table);
    EXPECT(THREAD, RESUME, GONE, thread_resume(thread));
}

TEST(set_handler_goes_to_a_lower_rank)
{
    cap_addr_t thread = make(OBJECT_THREAD, THREAD_SIZE(5));
    cap_addr_t same = make(OBJECT_ENDPOINT, 5);
    cap_addr_t lower = make(OBJECT_ENDPOINT, 4);

    EXPECT(THREAD, SET_HANDLER, WOULD_DEADLOCK, thread_set_handler(thread, same));
    CHECK_OK(thread_set_handler(thread, lower));
    CHECK_OK(thread_set_handler(thread, lower));
    CHECK_OK(thread_set_handler(thread, 0));
}

TEST(set_buffer_refuses)
{
    cap_addr_t thread = make(OBJECT_THREAD, THREAD_SIZE(5));
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(2, PAGE_CLASS_4K));
    cap_addr_t readable = copy_of(frame, RIGHT_READ);
    cap_addr_t writable = copy_of(frame, RIGHT_WRITE);

    EXPECT(THREAD, SET_BUFFER, RANGE, thread_set_buffer(thread, frame, 8192));
    EXPECT(THREAD, SET_BUFFER, RANGE, thread_set_buffer(thread, frame, 512));
    EXPECT(THREAD, SET_BUFFER, RANGE, thread_set_buffer(thread, frame, 0xfffffc00));
    EXPECT(THREAD, SET_BUFFER, NO_RIGHT, thread_set_buffer(thread, readable, 0));
    EXPECT(THREAD, SET_BUFFER, NO_RIGHT, thread_set_buffer(thread, writable, 0));
    EXPECT(THREAD, SET_BUFFER, TOO_DEEP, thread_set_buffer(thread, deepest_copy(frame), 0));
    CHECK_OK(thread_set_buffer(thread, frame, 7168));
    CHECK_OK(thread_set_buffer(thread, frame, 0));
    CHECK_OK(thread_set_buffer(thread, 0, 0));
    struct worker *revoker = freeze(frame);

    EXPECT(THREAD, SET_BUFFER, BUSY, thread_set_buffer(thread, frame, 0));
    thaw(revoker);
    CHECK_OK(thread_set_buffer(thread, frame, 0));
}

#define RANGE_AT 0x400000
#define USER_END 0x7ffffffff000

TEST(set_foreign_refuses_ranges)
{
    cap_addr_t thread = make(OBJECT_THREAD, THREAD_SIZE(5));
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    static const struct {
        uint64_t start, size, entry;
        err_t err;
    } cases[] = {
        { RANGE_AT, 4096, RANGE_AT, ERR_OK },
        { RANGE_AT, 4096, RANGE_AT + 4095, ERR_OK },
        { RANGE_AT, 4096, RANGE_AT + 4096, ERR_RANGE },
        { RANGE_AT, 4096, RANGE_AT - 1, ERR_RANGE },
        { RANGE_AT, 0, RANGE_AT, ERR_RANGE },
        { 0, 1, 0, ERR_OK },
        { 0, USER_END, USER_END - 1, ERR_OK },
        { 0, USER_END + 1, 0, ERR_RANGE },
        { USER_END - 1, 1, USER_END - 1, ERR_OK },
        { USER_END, 1, USER_END, ERR_RANGE },
        { 1, USER_END, 1, ERR_RANGE },
        { ~0ull, 4096, 0, ERR_RANGE }, /* around the end of all addresses */
        { ~0ull - 4095, 8192, 16, ERR_RANGE },
        { 1ull << 63, 4096, 1ull << 63, ERR_RANGE },
        { 0, ~0ull, 16, ERR_RANGE },
        { 0x800000000000, 4096, 0x800000000000, ERR_RANGE },
    };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_EQ(thread_set_foreign(thread, frame, 0, cases[i].start, cases[i].size, cases[i].entry,
                                    ~0ull, 0),
                 cases[i].err, "what a range may be");
    }
    EXPECT(THREAD, SET_FOREIGN, RANGE, thread_set_foreign(thread, frame, 0, 1, 1, 2, 0, 0));
    EXPECT(THREAD, SET_FOREIGN, RANGE, thread_set_foreign(thread, frame, 0, 1, 1, 1, 0, 8192));
    CHECK_OK(thread_set_foreign(thread, 0, 0, ~0ull, ~0ull, 5, 0, 0));
}

static err_t foreign_by(cap_addr_t thread, cap_addr_t frame, uint32_t offset)
{
    return thread_set_foreign(thread, frame, offset, RANGE_AT, 4096, RANGE_AT, 0, 0);
}

TEST(set_foreign_refuses)
{
    cap_addr_t thread = make(OBJECT_THREAD, THREAD_SIZE(5));
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(2, PAGE_CLASS_4K));
    struct worker *worker = worker_actor(3, 100);

    EXPECT(THREAD, SET_FOREIGN, RANGE, foreign_by(thread, frame, 8192));
    EXPECT(THREAD, SET_FOREIGN, RANGE, foreign_by(thread, frame, 512));
    EXPECT(THREAD, SET_FOREIGN, NO_RIGHT, foreign_by(thread, copy_of(frame, RIGHT_READ), 0));
    EXPECT(THREAD, SET_FOREIGN, NO_RIGHT, foreign_by(thread, copy_of(frame, RIGHT_WRITE), 0));
    EXPECT(THREAD, SET_FOREIGN, TOO_DEEP, foreign_by(thread, deepest_copy(frame), 0));
    EXPECT(THREAD, SET_FOREIGN, BUSY, foreign_by(worker->thread, frame, 0));
    EXPECT(THREAD, SET_FOREIGN, BUSY, foreign_by(ROOT_SLOT_THREAD, frame, 0));
    CHECK_OK(foreign_by(thread, frame, 7168));
    CHECK_OK(foreign_by(thread, frame, 0));
    struct worker *revoker = freeze(frame);

    EXPECT(THREAD, SET_FOREIGN, BUSY, foreign_by(thread, frame, 0));
    thaw(revoker);
    CHECK_OK(foreign_by(thread, frame, 0));
    CHECK_OK(foreign_by(thread, 0, 0));
}

TEST(buffers_and_frames_want_ram)
{
    const struct boot_info *boot = (const struct boot_info *)BOOT_INFO_ADDR;
    cap_addr_t thread = make(OBJECT_THREAD, THREAD_SIZE(5));

    for (uint32_t i = 0; i < boot->untyped_count; i++) {
        if (boot->untyped[i].device && boot->untyped[i].size_bytes >= KIB(64)) {
            cap_addr_t frame =
                make_from(boot->untyped[i].slot, OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));

            EXPECT(THREAD, SET_BUFFER, WRONG_TYPE, thread_set_buffer(thread, frame, 0));
            EXPECT(THREAD, SET_FOREIGN, WRONG_TYPE, foreign_by(thread, frame, 0));
            return;
        }
    }
    CHECK(false, "there is device memory");
}

TEST(bind_notification_refuses)
{
    cap_addr_t thread = make(OBJECT_THREAD, THREAD_SIZE(5));
    cap_addr_t other = make(OBJECT_THREAD, THREAD_SIZE(5));
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    struct worker *waiter = worker_actor(3, 10);

    worker_act(waiter, wait_for(notification, 4, DEADLINE_NEVER, 0));
    EXPECT(THREAD, BIND_NOTIFICATION, BUSY, thread_bind_notification(thread, notification, 1));
    CHECK_OK(thread_suspend(waiter->thread));
    CHECK_OK(thread_bind_notification(thread, notification, 1));
    CHECK_OK(thread_bind_notification(thread, notification, 3));
    EXPECT(THREAD, BIND_NOTIFICATION, BUSY, thread_bind_notification(other, notification, 1));
    CHECK_OK(thread_resume(waiter->thread));
    settle();
    EXPECT(SYSCALL, WAIT, BUSY,
           worker_result_of(waiter, wait_for(notification, 1, DEADLINE_NEVER, 0)));
    CHECK_OK(thread_bind_notification(thread, 0, 0));
    CHECK_OK(thread_bind_notification(other, notification, 1));
}

TEST(thread_info_tells_state_and_rank)
{
    cap_addr_t thread = make(OBJECT_THREAD, THREAD_SIZE(11));
    uint32_t state = 9, fault = 9, rank = 99;
    uint64_t address = 1, ip = 1, switches = 1;

    CHECK_OK(thread_write_registers(thread, 0, 1, 0x123456, 0, 0, 0, 0, 0));
    CHECK_OK(thread_info(thread, &state, &fault, &address, &ip, &rank, &switches));
    CHECK_EQ(state, THREAD_STATE_INACTIVE, "it was never started");
    CHECK_EQ(fault, 0, "no fault yet");
    CHECK_EQ(address, 0, "no fault yet");
    CHECK_EQ(ip, 0x123456, "where it will begin");
    CHECK_EQ(rank, 11, "as it was made");
    CHECK_EQ(switches, 0, "it never ran");
}

TEST(thread_info_keeps_from_lenders_where_it_is)
{
    struct worker *worker = worker_actor(3, 100);
    cap_addr_t lendable = copy_of(worker->thread, RIGHT_LEND);
    uint32_t state = 9, fault = 9, rank = 99;
    uint64_t address = 1, ip = 1, switches = 1;

    settle();
    CHECK_OK(thread_info(lendable, &state, &fault, &address, &ip, &rank, &switches));
    CHECK_EQ(state, THREAD_STATE_WAITING, "its state may be known");
    CHECK_EQ(rank, 3, "and its rank");
    CHECK_EQ(ip, 0, "not where it is");
    CHECK_EQ(switches, 0, "nor when it ran");
}

TEST(context_configure_refuses)
{
    cap_addr_t context = make(OBJECT_SCHED_CONTEXT, 0);
    cap_addr_t thread = make(OBJECT_THREAD, THREAD_SIZE(1));
    const uint64_t hour = 3600ull * 1000000000u;

    EXPECT(SCHED_CONTEXT, BIND, RANGE, sched_context_bind(context, thread));
    EXPECT(SCHED_CONTEXT, CONFIGURE, RANGE,
           sched_context_configure(context, MACHINE, 1, 9999, MS(1), 0));
    EXPECT(SCHED_CONTEXT, CONFIGURE, RANGE,
           sched_context_configure(context, MACHINE, 1, MS(2), MS(1), 0));
    EXPECT(SCHED_CONTEXT, CONFIGURE, RANGE,
           sched_context_configure(context, MACHINE, 1, MS(2), hour + 1, 0));
    EXPECT(SCHED_CONTEXT, CONFIGURE, RANGE,
           sched_context_configure(context, MACHINE, 1, MS(1), MS(1), 1000));
    CHECK_OK(sched_context_configure(context, MACHINE, 255, hour, hour, 0));
    CHECK_OK(sched_context_configure(context, MACHINE, 0, US(10), hour, 0));
    CHECK_OK(sched_context_configure(context, MACHINE, 3, US(10), US(10), 0));
}

TEST(context_set_spare_refuses)
{
    cap_addr_t context = make(OBJECT_SCHED_CONTEXT, 0);
    uint64_t used, remaining, budget, period;
    uint32_t priority = 0;

    CHECK_OK(sched_context_set_spare(context, MACHINE, 0));
    EXPECT(SCHED_CONTEXT, SET_SPARE, RANGE, sched_context_set_spare(context, MACHINE, 1));
    REQUIRE_OK(sched_context_configure(context, MACHINE, 7, US(50), MS(1), 0));
    EXPECT(SCHED_CONTEXT, SET_SPARE, RANGE, sched_context_set_spare(context, MACHINE, 8));
    CHECK_OK(sched_context_set_spare(context, MACHINE, 7));
    CHECK_OK(sched_context_set_spare(context, MACHINE, 1));
    CHECK_OK(sched_context_info(context, &used, &remaining, &priority, &budget, &period));
    CHECK_EQ(priority, 7, "info tells its own");
}

TEST(context_bind_and_unbind)
{
    cap_addr_t context = make(OBJECT_SCHED_CONTEXT, 0);
    cap_addr_t second = make(OBJECT_SCHED_CONTEXT, 0);
    cap_addr_t thread = make(OBJECT_THREAD, THREAD_SIZE(1));
    cap_addr_t other = make(OBJECT_THREAD, THREAD_SIZE(1));
    uint64_t used = 9, remaining = 9, budget = 9, period = 9;
    uint32_t priority = 999;

    REQUIRE_OK(sched_context_configure(context, MACHINE, 7, US(50), MS(1), 0));
    REQUIRE_OK(sched_context_configure(second, MACHINE, 7, US(50), MS(1), 0));
    CHECK_OK(sched_context_info(context, &used, &remaining, &priority, &budget, &period));
    CHECK_EQ(used, 0, "nothing used");
    CHECK_EQ(remaining, US(50), "all of it left");
    CHECK_EQ(priority, 7, "priority");
    CHECK_EQ(budget, US(50), "budget");
    CHECK_EQ(period, MS(1), "period");
    EXPECT(SCHED_CONTEXT, UNBIND, GONE, sched_context_unbind(context));
    CHECK_OK(sched_context_bind(context, thread));
    EXPECT(SCHED_CONTEXT, BIND, BUSY, sched_context_bind(context, other));
    EXPECT(SCHED_CONTEXT, BIND, BUSY, sched_context_bind(context, thread));
    EXPECT(SCHED_CONTEXT, BIND, BUSY, sched_context_bind(second, thread));
    EXPECT(SCHED_CONTEXT, CONFIGURE, BUSY,
           sched_context_configure(context, MACHINE, 7, US(50), MS(1), 1));
    CHECK_OK(sched_context_unbind(context));
    CHECK_OK(sched_context_bind(second, thread));
    CHECK_OK(sched_context_bind(context, other));
    delete (other);
    EXPECT(SCHED_CONTEXT, UNBIND, GONE, sched_context_unbind(context));
    delete (second);
    CHECK_OK(sched_context_bind(context, thread));
}

TEST(context_add_and_remove)
{
    cap_addr_t group = make(OBJECT_SCHED_CONTEXT, 0);
    cap_addr_t member = make(OBJECT_SCHED_CONTEXT, 0);
    cap_addr_t other = make(OBJECT_SCHED_CONTEXT, 0);
    cap_addr_t thread = make(OBJECT_THREAD, THREAD_SIZE(1));
    cap_addr_t copy = copy_of(group, RIGHTS_ALL);

    EXPECT(SCHED_CONTEXT, ADD, RANGE, sched_context_add(group, member));
    REQUIRE_OK(sched_context_configure(group, MACHINE, 0, US(50), MS(1), 0));
    EXPECT(SCHED_CONTEXT, ADD, RANGE, sched_context_add(group, member));
    REQUIRE_OK(sched_context_configure(member, MACHINE, 7, US(50), MS(1), 0));
    REQUIRE_OK(sched_context_configure(other, MACHINE, 7, US(50), MS(1), 0));
    EXPECT(SCHED_CONTEXT, ADD, RANGE, sched_context_add(group, group));
    EXPECT(SCHED_CONTEXT, ADD, TOO_DEEP, sched_context_add(deepest_copy(group), member));
    EXPECT(SCHED_CONTEXT, REMOVE, GONE, sched_context_remove(group, member));
    CHECK_OK(sched_context_add(copy, member));
    EXPECT(SCHED_CONTEXT, ADD, BUSY, sched_context_add(group, member));
    EXPECT(SCHED_CONTEXT, ADD, BUSY, sched_context_add(member, other));
    EXPECT(SCHED_CONTEXT, ADD, BUSY, sched_context_add(other, group));
    EXPECT(SCHED_CONTEXT, BIND, BUSY, sched_context_bind(group, thread));
    EXPECT(SCHED_CONTEXT, CONFIGURE, BUSY,
           sched_context_configure(group, MACHINE, 0, US(50), MS(1), 1));
    EXPECT(SCHED_CONTEXT, CONFIGURE, BUSY,
           sched_context_configure(member, MACHINE, 7, US(50), MS(1), 1));
    EXPECT(SCHED_CONTEXT, REMOVE, GONE, sched_context_remove(other, member));
    CHECK_OK(sched_context_configure(group, MACHINE, 3, US(60), MS(1), 0));
    CHECK_OK(sched_context_configure(member, MACHINE, 8, US(60), MS(1), 0));
    CHECK_OK(sched_context_bind(member, thread));
    CHECK_OK(sched_context_remove(group, member));
    EXPECT(SCHED_CONTEXT, ADD, BUSY, sched_context_add(member, other));
    CHECK_OK(sched_context_add(copy, member));
    delete (copy);
    EXPECT(SCHED_CONTEXT, REMOVE, GONE, sched_context_remove(group, member));
    CHECK_OK(sched_context_bind(group, make(OBJECT_THREAD, THREAD_SIZE(1))));
}

TEST(context_add_refuses_a_group_under_revocation)
{
    cap_addr_t group = make(OBJECT_SCHED_CONTEXT, 0);
    cap_addr_t member = make(OBJECT_SCHED_CONTEXT, 0);

    REQUIRE_OK(sched_context_configure(group, MACHINE, 0, US(50), MS(1), 0));
    REQUIRE_OK(sched_context_configure(member, MACHINE, 7, US(50), MS(1), 0));
    struct worker *revoker = freeze(group);

    EXPECT(SCHED_CONTEXT, ADD, BUSY, sched_context_add(group, member));
    thaw(revoker);
    CHECK_OK(sched_context_add(group, member));
}
