/* SPDX-License-Identifier: MIT */
/* Deletes that are cut short, or lose on the way what they were called on: whose work the rest is. */
#include "arch_host/machine.h"
#include "cap/cap.h"
#include "core/core.h"
#include "object/thread.h"
#include "situation.h"

enum { A = 40, B, C, D, E, MANY = 60 };

/* A thread that was cut short, and then did something else, is not taken to go on. */
TEST(what_a_thread_remembers_of_a_delete_is_for_that_call_alone)
{
    situation_begin();
    OK(object_make(OBJECT_CAP_TABLE, 4, A), "a table");
    OK(CALL(A, CAP_TABLE_COPY, 1, ROOT_SLOT_TABLE, ROOT_SLOT_TABLE, ~0u), "holds the root's");
    OK(CALL(ROOT_SLOT_TABLE, CAP_TABLE_COPY, B, A, 1, ~0u), "and the root a copy of that");
    request_load(METHOD_REQUEST(SYSCALL_CALL, B, CAP_TABLE_DELETE, A));
    host_preempt_at(2);
    host_syscall(the_core());
    host_preempt_at(0);
    CHECK(host_is_restarting(the_core()->current), "it is cut short");
    OK(object_make(OBJECT_ENDPOINT, 3, C), "something else");
    OK(slot_copy(C, D), "with a copy");
    OK(slot_delete(C), "is deleted");
    CHECK_EQ(cap_at(C)->type, OBJECT_NONE, "and gone");
    CHECK_EQ(tables_half_empty(), 0, "and so is the table");
    situation_is_sound();
    situation_end();
}

/*
 * Table A holds the memory that table B was made from, and B holds a copy of A, from which the root's was made: the
 * delete of the memory takes the capability it is called on, but nothing else takes the memory.
 */
static void delete_through_what_goes(void)
{
    enum { IN_A_MEMORY = 1, IN_A_B = 2, IN_A_SELF = 3, IN_B_A = 4 };

    situation_begin();
    OK(object_make(OBJECT_CAP_TABLE, 4, A), "table A");
    OK(object_make(OBJECT_UNTYPED, 8 * PAGE, B), "memory");
    OK(CALL(A, CAP_TABLE_MOVE, IN_A_MEMORY, ROOT_SLOT_TABLE, B), "lies in it");
    OK(CALL(A, CAP_TABLE_COPY, IN_A_SELF, ROOT_SLOT_TABLE, A, ~0u), "and a copy of the table");
    thread_make(MANY, 10, SITUATION_PRIORITY + 1);
    OK(CALL(MANY, THREAD_CONFIGURE, A, ROOT_SLOT_VSPACE), "a thread lives in it");
    thread_begin(MANY);
    OK(CALL(IN_A_MEMORY, UNTYPED_RETYPE, OBJECT_CAP_TABLE, 4, 1, IN_A_SELF, IN_A_B), "makes B");
    OK(CALL(IN_A_B, CAP_TABLE_COPY, IN_B_A, IN_A_SELF, IN_A_SELF, ~0u), "which holds a copy of A");
    call_fault(FAULT_ILLEGAL);
    OK(CALL(ROOT_SLOT_TABLE, CAP_TABLE_COPY, B, A, IN_A_B, ~0u), "the root sees B");
    OK(CALL(ROOT_SLOT_TABLE, CAP_TABLE_COPY, C, B, IN_B_A, ~0u), "and has a copy of its copy");
}

TEST(a_delete_that_loses_the_capability_it_was_called_on_can_be_finished)
{
    bool was_lost = false;
    bool is_through = false;

    for (uint32_t nth = 1; !is_through && !test_has_failed(); nth++) {
        delete_through_what_goes();
        const struct cap *memory = cap_slot(cap_at(A)->object, 1);

        host_preempt_at(nth);
        err_t err = CALL(C, CAP_TABLE_DELETE, 1);

        is_through = host_preempt_looks() < nth;
        host_preempt_at(0);
        situation_is_sound();
        if (err) {
            CHECK_EQ(err, ERR_BAD_CAP, "nothing is at the address any more");
            CHECK(memory->flags & CAP_FROZEN, "what was to go is frozen");
            OK(CALL(A, CAP_TABLE_DELETE, 1), "and can be deleted by another way");
            was_lost = true;
        }
        CHECK_EQ(memory->type, OBJECT_NONE, "it is gone");
        CHECK_EQ(tables_half_empty(), 0, "and all of it");
        situation_is_sound();
        situation_end();
    }
    CHECK(was_lost, "it has happened");
}

TEST(a_thread_may_go_with_the_table_it_is_deleting)
{
    situation_begin();
    OK(object_make(OBJECT_UNTYPED, 4 * PAGE, D), "memory");
    OK(object_make_from(D, OBJECT_CAP_TABLE, 4, A), "a table made of it");
    OK(object_make(OBJECT_THREAD, 5, B), "a thread");
    OK(object_make(OBJECT_ENDPOINT, 3, E), "something else");
    OK(CALL(A, CAP_TABLE_MOVE, 1, ROOT_SLOT_TABLE, B), "lies in the table");
    OK(object_make(OBJECT_SCHED_CONTEXT, 0, C), "a context");
    OK(CALL(C, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, 120, 100000, 100000, 0), "good enough");
    OK(CALL(ROOT_SLOT_TABLE, CAP_TABLE_COPY, B, A, 1, ~0u), "the root has a copy");
    OK(CALL(B, THREAD_CONFIGURE, ROOT_SLOT_TABLE, ROOT_SLOT_VSPACE), "it is configured");
    OK(CALL(C, SCHED_CONTEXT_BIND, B), "has time");
    OK(CALL(A, CAP_TABLE_COPY, 2, ROOT_SLOT_TABLE, C, ~0u), "something after it in the table");
    thread_begin(B);
    (void)CALL(ROOT_SLOT_TABLE, CAP_TABLE_DELETE, A);
    CHECK(the_core()->current == thread_at(ROOT_SLOT_THREAD), "it has deleted itself");
    CHECK_EQ(tables_half_empty(), 1, "in the middle of the work");
    OK(slot_delete(E), "somebody deletes something");
    CHECK_EQ(tables_half_empty(), 1, "it is not his work");
    OK(slot_delete(D), "whoever destroys what the table was made of");
    CHECK_EQ(tables_half_empty(), 0, "does the rest");
    situation_end();
}

/* A thread begins to empty a table of many slots, and is cut short after the first of them. */
static void empty_and_stop(void)
{
    situation_begin();
    OK(object_make(OBJECT_CAP_TABLE, 9, A), "a table");
    for (uint32_t slot = 1; slot < 512; slot++) {
        OK(CALL(A, CAP_TABLE_COPY, slot, ROOT_SLOT_TABLE, ROOT_SLOT_TABLE, ~0u), "full");
    }
    OK(object_make(OBJECT_ENDPOINT, 3, C), "something else");
    thread_make(MANY, 10, SITUATION_PRIORITY + 1);
    thread_begin(MANY);
    request_load(METHOD_REQUEST(SYSCALL_CALL, ROOT_SLOT_TABLE, CAP_TABLE_DELETE, A));
    host_preempt_at(3);
    host_syscall(the_core());
    host_preempt_at(0);
    CHECK(host_is_restarting(thread_at(MANY)), "it is cut short");
    call_fault(FAULT_ILLEGAL);
    CHECK(the_core()->current == thread_at(ROOT_SLOT_THREAD), "and stops");
    CHECK_EQ(tables_half_empty(), 1, "the table is half empty");
}

TEST(nobody_pays_for_a_table_that_another_thread_began_to_empty)
{
    empty_and_stop();
    host_preempt_at(UINT32_MAX); /* counts the looks */
    OK(slot_delete(C), "somebody deletes something small");
    CHECK(host_preempt_looks() < 10, "which is as short as ever");
    host_preempt_at(0);
    CHECK_EQ(tables_half_empty(), 1, "the table is as it was");
    OK(slot_delete(MANY), "who destroys the thread");
    CHECK_EQ(tables_half_empty(), 0, "ends its work");
    situation_end();
}

/*
 * Two threads delete the same memory. The first has just begun with a table that was not made of it, but lay in one that was, when the second ends
 * the rest: the first finds nothing at the address any more, but ends what it began.
 */
TEST(who_is_overtaken_in_a_delete_ends_what_it_began)
{
    bool was_overtaken = false;

    for (uint32_t nth = 1; nth < 12 && !test_has_failed(); nth++) {
        situation_begin();
        OK(object_make(OBJECT_UNTYPED, 4 * PAGE, D), "memory");
        OK(object_make_from(D, OBJECT_CAP_TABLE, 4, A), "a table made of it");
        OK(object_make(OBJECT_CAP_TABLE, 4, B), "a table of other memory");
        OK(CALL(B, CAP_TABLE_COPY, 1, ROOT_SLOT_TABLE, ROOT_SLOT_TABLE, ~0u), "holds something");
        OK(CALL(A, CAP_TABLE_MOVE, 1, ROOT_SLOT_TABLE, B), "and lies in the first");
        thread_make(MANY, 10, SITUATION_PRIORITY + 1);
        thread_begin(MANY);
        request_load(METHOD_REQUEST(SYSCALL_CALL, ROOT_SLOT_TABLE, CAP_TABLE_DELETE, D));
        host_preempt_at(nth);
        host_syscall(the_core());
        host_preempt_at(0);
        call_fault(FAULT_ILLEGAL);
        if (tables_half_empty() == 2) {
            OK(slot_delete(D), "another deletes the memory");
            CHECK_EQ(tables_half_empty(), 1, "and so the table that was made of it");
            OK(CALL(MANY, THREAD_RESUME, 0), "the first goes on");
            for (int tries = 0; tries < 10 && host_is_restarting(thread_at(MANY)); tries++) {
                host_syscall(the_core());
            }
            CHECK_EQ(thread_at(MANY)->registers.op, ERR_BAD_CAP, "there is nothing any more");
            CHECK_EQ(tables_half_empty(), 0, "but what it began is done");
            was_overtaken = true;
        }
        situation_end();
    }
    CHECK(was_overtaken, "it has happened");
}
