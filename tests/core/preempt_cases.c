/* SPDX-License-Identifier: MIT */
/* The situations themselves: see preempt_cases.h. */
#include "preempt_cases.h"

#include <stddef.h>

#include "core/core.h"

enum { U = SLOT_U, A, B, C, D, E, OTHER, MANY = 60 };

/* A thread that does something and waits: from here to helper_end() it is the one that runs. */
static void helper_begin(uint32_t slot, uint32_t rank)
{
    thread_make(slot, rank, HELPER_PRIORITY);
    thread_begin(slot);
}

static void helper_end(err_t ignored)
{
    (void)ignored;
    CHECK(the_core()->current == thread_at(ROOT_SLOT_THREAD), "the helper waits");
}

static void memory_make(uint32_t slot, uint32_t pages)
{
    OK(object_make(OBJECT_UNTYPED, (uint64_t)pages * PAGE, slot), "memory");
}

/* --- Retype ------------------------------------------------------------------------------------ */

static void untouched_memory(void)
{
    memory_make(U, 64);
}

/* A gap for alignment is zeroed too. */
static void memory_in_use(void)
{
    memory_make(U, 64);
    OK(object_make_from(U, OBJECT_ENDPOINT, 0, A), "something small is in it");
}

/* --- Trees of copies ------------------------------------------------------------------------------ */

static void wide_tree(void)
{
    OK(object_make(OBJECT_ENDPOINT, 3, A), "an endpoint");
    for (uint32_t i = 0; i < 40; i++) {
        OK(slot_copy(A, MANY + i), "a copy");
        OK(slot_copy(MANY + i, MANY + 40 + i), "and a copy of that");
    }
}

static void deep_tree(void)
{
    OK(object_make(OBJECT_NOTIFICATION, 3, A), "a notification");
    OK(slot_copy(A, MANY), "a copy");
    for (uint32_t i = 0; i < 40; i++) {
        OK(slot_copy(MANY + i, MANY + i + 1), "a copy of the copy");
    }
}

/* --- Tables -------------------------------------------------------------------------------------- */

static void move_into(uint32_t table, uint32_t to, uint32_t from)
{
    OK(CALL(table, CAP_TABLE_MOVE, to, ROOT_SLOT_TABLE, from), "a capability moves into a table");
}

static void table_fill(uint32_t table, uint32_t first, uint32_t count)
{
    for (; count != 0; count--) {
        OK(CALL(ROOT_SLOT_UNTYPED, UNTYPED_RETYPE, OBJECT_ENDPOINT, 2, 1, table, first++),
           "an endpoint in a table");
    }
}

static void copy_out(uint32_t table, uint32_t from, uint32_t to)
{
    OK(CALL(ROOT_SLOT_TABLE, CAP_TABLE_COPY, to, table, from, ~0u), "the root keeps a copy");
}

static void nested_tables(void)
{
    for (uint32_t i = 0; i < 3; i++) {
        OK(object_make(OBJECT_CAP_TABLE, 4, A + i), "a table");
        table_fill(A + i, 4, 5);
    }
    move_into(B, 1, C);
    copy_out(B, 1, MANY);
    move_into(A, 1, B);
    copy_out(A, 1, MANY + 1);
}

static void table_that_holds_itself(void)
{
    OK(object_make(OBJECT_CAP_TABLE, 4, A), "a table");
    OK(slot_copy(A, MANY), "a copy of it");
    OK(CALL(A, CAP_TABLE_COPY, 2, ROOT_SLOT_TABLE, A, ~0u), "holds a copy of itself");
    OK(CALL(A, CAP_TABLE_COPY, 15, ROOT_SLOT_TABLE, MANY, ~0u), "and a copy of the copy");
    table_fill(A, 4, 5);
}

/* Each holds the other's original; all that the root has is a copy. */
static void tables_that_hold_each_other(void)
{
    OK(object_make(OBJECT_CAP_TABLE, 4, A), "a table");
    OK(object_make(OBJECT_CAP_TABLE, 4, B), "another");
    table_fill(A, 4, 5);
    table_fill(B, 4, 5);
    move_into(B, 1, A);
    copy_out(B, 1, MANY);
    move_into(MANY, 1, B);
}

/* Table A holds the memory that B was made from, B holds A. */
static void tables_made_of_each_other(void)
{
    memory_make(U, 8);
    OK(object_make(OBJECT_CAP_TABLE, 4, A), "table A");
    move_into(A, 1, U);
    OK(CALL(A, CAP_TABLE_COPY, 3, ROOT_SLOT_TABLE, A, ~0u), "holds itself");
    thread_make(C, 10, HELPER_PRIORITY);
    OK(CALL(C, THREAD_CONFIGURE, A, ROOT_SLOT_VSPACE), "and a thread lives in it");
    thread_begin(C);
    OK(CALL(1, UNTYPED_RETYPE, OBJECT_CAP_TABLE, 4, 1, 3, 2), "which makes table B");
    call_fault(FAULT_ILLEGAL);
    OK(CALL(ROOT_SLOT_TABLE, CAP_TABLE_MOVE, B, A, 2), "B comes out");
    OK(slot_delete(C), "the thread goes");
    OK(slot_delete(C + 1), "with its context");
    OK(CALL(A, CAP_TABLE_DELETE, 3), "and A's copy of itself");
    table_fill(A, 4, 3);
    table_fill(B, 4, 3);
    move_into(B, 1, A);
}

/* The same, and the root can name what lies in A: it goes while it is being deleted. */
static void memory_in_tables_made_of_each_other(void)
{
    tables_made_of_each_other();
    copy_out(B, 1, MANY);
}

static void large_table(void)
{
    OK(object_make(OBJECT_CAP_TABLE, 9, A), "a large table");
    table_fill(A, 200, 2);
    table_fill(A, 505, 7);
}

/* --- Threads that meet ------------------------------------------------------------------------------ */

static void queue_of_callers(void)
{
    OK(object_make(OBJECT_ENDPOINT, 5, A), "an endpoint");
    OK(slot_copy(A, B), "a copy of it");
    for (uint32_t i = 0; i < 6; i++) {
        helper_begin(MANY + 2 * i, 10);
        helper_end(call_send(i % 2 == 0 ? A : B, 2, DEADLINE_NEVER));
    }
}

static void queue_of_waiters(void)
{
    OK(object_make(OBJECT_NOTIFICATION, 5, A), "a notification");
    thread_make(C, 3, HELPER_PRIORITY);
    for (uint32_t i = 0; i < 6; i++) {
        helper_begin(MANY + 2 * i, 10);
        helper_end(call_wait(A, 1, i % 2 == 0 ? C : 0));
    }
}

/* Serves one call, keeps two for later, has three endpoints, and is lent time by those who wait. */
static void busy_server(void)
{
    OK(object_make(OBJECT_NOTIFICATION, 5, A), "a notification");
    OK(object_make(OBJECT_REPLY, 0, B), "a place for a call");
    OK(object_make(OBJECT_REPLY, 0, C), "another");
    for (uint32_t i = 0; i < 3; i++) {
        OK(object_make(OBJECT_ENDPOINT, 5, D + i), "an endpoint");
    }
    thread_make_from(U, MANY, 3, HELPER_PRIORITY);
    for (uint32_t i = 0; i < 3; i++) {
        OK(METHOD(D + i, ENDPOINT_SET_SERVER, MANY), "the thread is its server");
    }
    for (uint32_t i = 1; i < 5; i++) {
        helper_begin(MANY + 2 * i, 10);
        helper_end(call_send(D + i % 3, 2, DEADLINE_NEVER));
    }
    for (uint32_t i = 5; i < 7; i++) {
        helper_begin(MANY + 2 * i, 10);
        helper_end(call_wait(A, 1, MANY));
    }
    thread_begin(MANY);
    for (uint32_t i = 0; i < 2; i++) {
        OK(call_receive(D + 1, DEADLINE_NEVER), "it takes a call");
        OK(CALL(B + i, REPLY_DEFER, 0), "and keeps it for later");
    }
    OK(call_receive(D + 2, DEADLINE_NEVER), "it takes one more");
    OK(object_make(OBJECT_NOTIFICATION, 0, OTHER + 1), "and waits while it serves that");
    helper_end(call_wait(OTHER + 1, 1, 0));
}

static void busy_server_in_memory(void)
{
    memory_make(U, 4);
    busy_server();
}

/* --- Memory ---------------------------------------------------------------------------------------- */

static void tables_add(uint32_t slot, uint32_t count, uint32_t space)
{
    OK(object_make(OBJECT_PAGE_TABLE, count, slot), "page tables");
    OK(CALL(space, VSPACE_ADD_TABLES, slot), "for a space");
}

static void pages_map(uint32_t space, uint32_t frame, uint32_t pages, user_addr_t at)
{
    for (uint32_t first = 0; first < pages; first += 64) {
        OK(CALL(space, VSPACE_MAP, frame, first, pages - first, at + (uint64_t)first * PAGE,
                PROT_READ),
           "pages are mapped");
    }
}

static void mapped_run(void)
{
    tables_add(B, 8, ROOT_SLOT_VSPACE);
    OK(object_make(OBJECT_FRAME, 130 << 8, C), "pages");
    OK(slot_copy(C, A), "a capability to map them with");
    OK(object_make(OBJECT_FRAME, 3 << 8, D), "other pages");
    pages_map(ROOT_SLOT_VSPACE, A, 130, 0x400000);
    pages_map(ROOT_SLOT_VSPACE, D, 3, 0x500000);
    pages_map(ROOT_SLOT_VSPACE, A, 5, 0x504000);
    pages_map(ROOT_SLOT_VSPACE, A, 1, 0x140000000);
}

/* Tables of the run that goes hang below tables of one that stays, and the other way round. */
static void mapped_tables(void)
{
    OK(object_make(OBJECT_VSPACE, 0, A), "a space");
    tables_add(B, 3, A);
    OK(object_make(OBJECT_FRAME, 4 << 8, D), "pages");
    pages_map(A, D, 2, 0x400000);
    tables_add(C, 6, A);
    pages_map(A, D, 1, 0x10000000);
    pages_map(A, D, 1, 0x30000000);
    tables_add(E, 6, A);
    pages_map(A, D, 1, 0x7f0000000000);
    pages_map(A, D, 1, 0x7f0040000000);
}

static void space_with_many_runs(void)
{
    OK(object_make(OBJECT_VSPACE, 0, A), "a space");
    tables_add(B, 4, A);
    tables_add(C, 4, A);
    for (uint32_t i = 0; i < 140; i++) {
        OK(object_make(OBJECT_FRAME, 1 << 8, MANY + i), "a page");
        pages_map(A, MANY + i, 1, 0x400000 + (uint64_t)i * PAGE);
    }
}

/* --- One of each ------------------------------------------------------------------------------------ */

static void simple_objects(void)
{
    static const struct {
        uint8_t type;
        uint64_t size;
    } simple[] = {
        { OBJECT_ENDPOINT, 5 },   { OBJECT_NOTIFICATION, 5 }, { OBJECT_TIMER, 0 },
        { OBJECT_IRQ, 0 },        { OBJECT_IO_PORT, 0 },      { OBJECT_REPLY, 0 },
        { OBJECT_FRAME, 2 << 8 }, { OBJECT_PAGE_TABLE, 4 },   { OBJECT_CAP_TABLE, 4 },
        { OBJECT_VSPACE, 0 },     { OBJECT_UNTYPED, PAGE },   { OBJECT_ENDPOINT, 6 },
    };

    for (uint32_t i = 0; i < sizeof(simple) / sizeof(simple[0]); i++) {
        OK(object_make_from(U, simple[i].type, simple[i].size, MANY + i), "an object");
    }
}

static void one_of_each(void)
{
    memory_make(U, 64);
    simple_objects();
    OK(slot_mint(MANY + 1, A, 2), "a badge");
    OK(CALL(MANY + 2, TIMER_SET, A, ~0ull - 1, 0, 15), "the timer runs");
    OK(CALL(MANY + 3, IRQ_CLAIM_MSI, ROOT_SLOT_MACHINE), "the interrupt is claimed");
    OK(CALL(MANY + 3, IRQ_BIND, A), "and bound");
    OK(CALL(MANY + 4, IO_PORT_CLAIM, ROOT_SLOT_MACHINE, 0x80, 4), "ports are claimed");
    OK(CALL(MANY + 9, VSPACE_ADD_TABLES, MANY + 7), "tables for the space");
    pages_map(MANY + 9, MANY + 6, 2, 0x400000);
    OK(object_make_from(MANY + 10, OBJECT_ENDPOINT, 4, B), "something made of what was made");
    move_into(MANY + 8, 3, B);
    thread_make_from(U, MANY + 20, 3, HELPER_PRIORITY);
    OK(CALL(MANY + 20, THREAD_BIND_NOTIFICATION, MANY + 1, 1), "a notification is bound");
    thread_begin(MANY + 20);
    helper_end(call_receive(MANY, DEADLINE_NEVER));
    helper_begin(MANY + 22, 10);
    helper_end(call_send(MANY + 11, 1, DEADLINE_NEVER));
}

/* --- The worker deletes what it stands on --------------------------------------------------------- */

static void nothing_more(void)
{
    OK(object_make_from(SLOT_WORKER_MEMORY, OBJECT_ENDPOINT, 3, A), "beside the worker");
    OK(slot_copy(A, MANY), "with a copy");
}

static void worker_in_a_table(void)
{
    OK(object_make(OBJECT_CAP_TABLE, 5, A), "a table");
    table_fill(A, 4, 5);
    OK(CALL(A, CAP_TABLE_COPY, ROOT_SLOT_TABLE, ROOT_SLOT_TABLE, ROOT_SLOT_TABLE, ~0u),
       "with a capability for the root's");
    OK(CALL(SLOT_WORKER, THREAD_CONFIGURE, A, ROOT_SLOT_VSPACE), "is the worker's");
}

static void worker_in_a_space(void)
{
    space_with_many_runs();
    OK(CALL(SLOT_WORKER, THREAD_CONFIGURE, ROOT_SLOT_TABLE, A), "the space is the worker's");
}

/* --- The list -------------------------------------------------------------------------------------- */

#define REQUEST(slot, label, ...)                                                                  \
    {                                                                                              \
        SYSCALL_CALL, (slot), MSG_INFO((label), 8, 0), DEADLINE_NEVER, 0,                          \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define RETYPE(what, memory, alone, type, size, count)                                             \
    {                                                                                              \
        .name = "retype: " what, .op = "untyped.retype", .set_up = (memory),                       \
        .deeper = (alone) ? U : 0, .is_alone = (alone),                                            \
        .call = REQUEST(U, UNTYPED_RETYPE, (type), (size), (count), ROOT_SLOT_TABLE, MANY),        \
    }
/* As many as one call makes, and still less than a page: too short to be cut. */
#define SHORT(what, type)                                                                          \
    {                                                                                              \
        .name = "retype: " what, .op = "untyped.retype", .set_up = untouched_memory,               \
        .is_short = true, .is_alone = true, .deeper = U,                                           \
        .call = REQUEST(U, UNTYPED_RETYPE, OBJECT_##type, 0, 16, ROOT_SLOT_TABLE, MANY),           \
    }
#define ALONE(what, type, size, count)                                                             \
    RETYPE(what, untouched_memory, true, OBJECT_##type, size, count)
#define DELETE(what, setting, slot, ...)                                                           \
    {                                                                                              \
        .name = "delete: " what, .op = "cap_table.delete", .set_up = (setting),                    \
        .call = REQUEST(ROOT_SLOT_TABLE, CAP_TABLE_DELETE, (slot)), __VA_ARGS__                    \
    }
#define REVOKE(what, setting, slot, ...)                                                           \
    {                                                                                              \
        .name = "revoke: " what, .op = "cap_table.revoke", .set_up = (setting),                    \
        .call = REQUEST(ROOT_SLOT_TABLE, CAP_TABLE_REVOKE, (slot)), __VA_ARGS__                    \
    }

const struct preempt_case preempt_cases[] = {
    ALONE("untyped", UNTYPED, 4 * PAGE, 3),
    ALONE("frame", FRAME, 3 << 8, 3),
    ALONE("page table", PAGE_TABLE, 3, 3),
    ALONE("vspace", VSPACE, 0, 5),
    ALONE("table", CAP_TABLE, 6, 3),
    ALONE("thread", THREAD, 5, 6),
    ALONE("context", SCHED_CONTEXT, 0, 16),
    SHORT("endpoint", ENDPOINT),
    SHORT("reply", REPLY),
    SHORT("notification", NOTIFICATION),
    SHORT("timer", TIMER),
    SHORT("irq", IRQ),
    SHORT("port", IO_PORT),
    RETYPE("behind a gap", memory_in_use, false, OBJECT_FRAME, 4 << 8, 2),

    DELETE("a wide tree", wide_tree, A, .probe = MANY + 79, .deeper = MANY + 20),
    DELETE("a deep tree", deep_tree, A, .probe = MANY + 10, .deeper = MANY + 20),
    DELETE("nested tables", nested_tables, A, .probe = MANY, .deeper = MANY + 1),
    DELETE("a table that holds itself", table_that_holds_itself, A),
    {
        .name = "delete: tables that hold each other",
        .op = "cap_table.delete",
        .set_up = tables_that_hold_each_other,
        .call = REQUEST(MANY, CAP_TABLE_DELETE, 1),
    },
    DELETE("tables made of each other", tables_made_of_each_other, B),
    {
        .name = "delete: memory in a table made of it",
        .op = "cap_table.delete",
        .set_up = memory_in_tables_made_of_each_other,
        .call = REQUEST(MANY, CAP_TABLE_DELETE, 1),
    },
    DELETE("a large table", large_table, A),
    DELETE("an endpoint with callers", queue_of_callers, A, .probe = B, .deeper = B),
    DELETE("a notification with waiters", queue_of_waiters, A),
    DELETE("a busy server", busy_server_in_memory, MANY),
    DELETE("memory of a busy server", busy_server_in_memory, U, .probe = MANY, .deeper = MANY),
    DELETE("a mapped run", mapped_run, A, .probe = A),
    DELETE("a run with a mapped copy", mapped_run, C, .probe = A, .deeper = A),
    DELETE("page tables with all that is below them", mapped_tables, B, .is_short = true),
    DELETE("page tables near each other", mapped_tables, C),
    DELETE("page tables far apart", mapped_tables, E, .is_short = true),
    DELETE("a space", space_with_many_runs, A),
    DELETE("memory of one of each", one_of_each, U, .probe = A, .deeper = MANY + 10),
    DELETE("the worker", nothing_more, SLOT_WORKER),
    DELETE("memory of the worker", nothing_more, SLOT_WORKER_MEMORY, .probe = MANY, .deeper = A),
    DELETE("the worker's table", worker_in_a_table, A),
    DELETE("the worker's space", worker_in_a_space, A),

    REVOKE("a wide tree", wide_tree, A, .probe = MANY + 79, .deeper = MANY + 20),
    REVOKE("a deep tree", deep_tree, A, .probe = MANY + 10, .deeper = MANY + 20),
    {
        .name = "revoke: memory in a table made of it",
        .op = "cap_table.revoke",
        .set_up = memory_in_tables_made_of_each_other,
        .call = REQUEST(MANY, CAP_TABLE_REVOKE, 1),
    },
    REVOKE("memory of one of each", one_of_each, U, .probe = A, .deeper = MANY + 10),
    REVOKE("memory of a busy server", busy_server_in_memory, U, .probe = MANY, .deeper = MANY),
    REVOKE("memory of the worker", nothing_more, SLOT_WORKER_MEMORY, .probe = MANY, .deeper = A),
    REVOKE("a run with a mapped copy", mapped_run, C, .probe = A, .deeper = A),

    {
        .name = "detach: a mapped run",
        .op = "frame.detach",
        .set_up = mapped_run,
        .call = REQUEST(A, FRAME_DETACH, 0),
        .probe = A,
        .deeper = A,
    },
};

const uint32_t preempt_case_count = sizeof(preempt_cases) / sizeof(preempt_cases[0]);
