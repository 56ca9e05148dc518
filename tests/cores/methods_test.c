/* SPDX-License-Identifier: MIT */
/* Methods that need their core's own lock only, and when they need all: what they do is the same. */
#include <stdatomic.h>

#include "core/turn.h"
#include "object/device_objects.h"
#include "object/vspace.h"
#include "two_cores.h"

/* Core 1 has a thread that runs, and one that waits. */
static void begin_with_two(void)
{
    begin_with_server();
    make_thread(OTHER, 9, 1, 60);
    start(OTHER);
    CHECK(current_of(1) == thread_in(OTHER), "it runs");
}

TEST(cores_threads_and_contexts_of_the_own_core_are_looked_at_alone)
{
    begin_with_two();
    OK(OWN(1, SYSCALL_CALL, REMOTE, THREAD_INFO, 0), "a thread of the core");
    CHECK_EQ(current_of(1)->registers.words[0], THREAD_STATE_RECEIVING, "its state");
    OK(ALL(0, SYSCALL_CALL, REMOTE, THREAD_INFO, 0), "for another core with all locks");
    CHECK_EQ(current_of(0)->registers.words[0], THREAD_STATE_RECEIVING, "the same");
    host_time_advance(5000);
    OK(OWN(1, SYSCALL_CALL, OTHER_CONTEXT, SCHED_CONTEXT_INFO, 0), "its own context");
    CHECK(current_of(1)->registers.words[0] >= 5000, "what it used");
    host_time_advance(5000);
    OK(ALL(0, SYSCALL_CALL, OTHER_CONTEXT, SCHED_CONTEXT_INFO, 0), "for another core");
    CHECK(current_of(0)->registers.words[0] >= 10000, "with all locks");
    make(OBJECT_SCHED_CONTEXT, 0, SPARE);
    OK(ALL(1, SYSCALL_CALL, SPARE, SCHED_CONTEXT_INFO, 0), "one that is no core's");
    host_stop();
}

TEST(cores_callers_of_the_own_core_are_told_off_alone)
{
    begin_with_two();
    OK(ALL(0, SYSCALL_METHOD, ENDPOINT, ENDPOINT_SET_SERVER, 0), "nobody serves");
    OK(OWN(1, SYSCALL_METHOD, ENDPOINT, ENDPOINT_CANCEL, 0), "nobody is queued");
    CHECK_EQ(current_of(1)->registers.words[0], 0, "so none is told");
    OK(ALL(0, SYSCALL_METHOD, ENDPOINT, ENDPOINT_CANCEL, 0), "it is not of core 0");
    make_thread(LOCAL, 9, 1, 61);
    start(LOCAL);
    (void)SEND(1, SYSCALL_CALL, ENDPOINT, 1, 0);
    CHECK_EQ(thread_in(LOCAL)->state, THREAD_STATE_CALLING, "one of core 1 calls");
    OK(OWN(1, SYSCALL_METHOD, ENDPOINT, ENDPOINT_CANCEL, 0), "and is told");
    CHECK_EQ(thread_in(LOCAL)->registers.op, ERR_CANCELLED, "so");
    CHECK_EQ(thread_in(OTHER)->registers.words[0], 1, "it is the only one");
    (void)SEND(1, SYSCALL_CALL, ENDPOINT, 1, 0);
    make_thread(THING, 9, 0, PRIORITY + 1);
    start(THING);
    (void)SEND(0, SYSCALL_CALL, ENDPOINT, 1, 0);
    CHECK(thread_in(THING)->plain_on == object_in(ENDPOINT), "one of core 0 as well");
    OK(ALL(1, SYSCALL_METHOD, ENDPOINT, ENDPOINT_CANCEL, 0), "both are told with all locks");
    CHECK_EQ(thread_in(THING)->registers.op, ERR_CANCELLED, "so");
    CHECK_EQ(thread_in(OTHER)->registers.words[0], 2, "all");
    host_stop();
}

TEST(cores_ports_are_used_alone)
{
    enum { PORT = 0x80 };

    begin_with_two();
    make(OBJECT_IO_PORT, 0, SPARE);
    OK(ALL(0, SYSCALL_CALL, SPARE, IO_PORT_CLAIM, ROOT_SLOT_MACHINE, PORT, 1), "a port is claimed");
    for (uint32_t core = 0; core < CORES; core++) {
        OK(OWN(core, SYSCALL_CALL, SPARE, IO_PORT_WRITE, PORT, 1, 17), "written by any core");
        OK(OWN(core, SYSCALL_CALL, SPARE, IO_PORT_READ, PORT, 1), "and read");
        CHECK_EQ(OWN(core, SYSCALL_CALL, SPARE, IO_PORT_READ, PORT + 1, 1), ERR_RANGE, "not more");
    }
    host_stop();
}

enum { IRQ = SPARE, BELL = THING, LINE = 3 };

/* An interrupt of core 1, told to who runs there by a notification that nobody waits for. */
static void begin_with_line(uint32_t level)
{
    begin_with_two();
    make(OBJECT_NOTIFICATION, 5, NOTIFICATION);
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_MINT, BELL, ROOT_SLOT_TABLE, NOTIFICATION, ~0u, 1),
       "a badge");
    make(OBJECT_IRQ, 0, IRQ);
    OK(CALL(1, IRQ, IRQ_CLAIM_LINE, ROOT_SLOT_MACHINE, LINE, level, 0), "claimed by core 1");
    OK(CALL(1, IRQ, IRQ_BIND, BELL), "and bound");
    host_line_raise(LINE);
    interrupts_deliver();
    CHECK(((const struct irq *)object_in(IRQ))->is_pending, "it comes");
}

TEST(cores_an_edge_is_acknowledged_alone)
{
    begin_with_line(0);
    OK(OWN(1, SYSCALL_CALL, IRQ, IRQ_ACK, 0), "by its core, with its lock");
    host_line_raise(LINE);
    interrupts_deliver();
    OK(ALL(0, SYSCALL_CALL, IRQ, IRQ_ACK, 0), "by another, with all");
    for (uint32_t i = 0; i < 2; i++) {
        host_line_raise(LINE);
        interrupts_deliver();
    }
    CHECK(((const struct irq *)object_in(IRQ))->is_held, "a second one is held back");
    OK(ALL(1, SYSCALL_CALL, IRQ, IRQ_ACK, 0), "and let in with all locks");
    OK(OWN(1, SYSCALL_CALL, IRQ, IRQ_ACK, 0), "then");

    host_stop();
}

TEST(cores_a_level_is_acknowledged_with_all_locks)
{
    begin_with_line(1);
    OK(ALL(1, SYSCALL_CALL, IRQ, IRQ_ACK, 0), "it is unmasked where all cores do it");
    host_stop();
}

/* Rights are taken from pages of the source, which another core might be changing. */
TEST(cores_share_with_the_locks_of_both_spaces)
{
    enum { SOURCE = SPARE, TARGET, TABLES, MORE_TABLES, FRAME, COPY, AT = 0x400000, PAGE = 0x1000 };
    const struct vspace *source;

    begin_with_two();
    make(OBJECT_VSPACE, 0, SOURCE);
    make(OBJECT_VSPACE, 0, TARGET);
    make(OBJECT_PAGE_TABLE, 3, TABLES);
    make(OBJECT_PAGE_TABLE, 3, MORE_TABLES);
    make(OBJECT_FRAME, 1 << 8, FRAME);
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_COPY, COPY, ROOT_SLOT_TABLE, FRAME, ~0u),
       "two of a page");
    OK(CALL(0, SOURCE, VSPACE_ADD_TABLES, TABLES), "tables for one space");
    OK(CALL(0, TARGET, VSPACE_ADD_TABLES, MORE_TABLES), "and the other");
    OK(CALL(0, SOURCE, VSPACE_MAP, FRAME, 0, 1, AT, PROT_READ | PROT_WRITE), "a page to write to");
    source = object_in(SOURCE);
    uint32_t turns = atomic_load(&source->turn);

    OK(OWN(1, SYSCALL_CALL, TARGET, VSPACE_SHARE, SOURCE, AT, COPY, AT + PAGE, 1), "shared");
    CHECK_EQ(current_of(1)->registers.words[1], 1, "one page");
    CHECK(atomic_load(&source->turn) != turns, "the source's lock was had");
    CHECK_EQ(atomic_load(&source->turn) % 2, 0, "and is free again");
    host_stop();
}

TEST(cores_a_frame_is_detached_with_the_lock_of_its_space)
{
    enum { SPACE = SPARE, TABLES, FRAME, AT = 0x400000 };
    const struct vspace *space;

    begin_with_two();
    make(OBJECT_VSPACE, 0, SPACE);
    make(OBJECT_PAGE_TABLE, 3, TABLES);
    make(OBJECT_FRAME, 2 << 8, FRAME);
    OK(OWN(0, SYSCALL_CALL, FRAME, FRAME_INFO, 0), "what it is, nobody changes");
    OK(ALL(0, SYSCALL_CALL, FRAME, FRAME_DETACH, 0), "attached nowhere: another core may do that");
    OK(CALL(0, SPACE, VSPACE_ADD_TABLES, TABLES), "tables");
    OK(CALL(0, SPACE, VSPACE_MAP, FRAME, 0, 2, AT, PROT_READ), "two pages");
    space = object_in(SPACE);
    uint32_t turns = atomic_load(&space->turn);

    OK(OWN(1, SYSCALL_CALL, FRAME, FRAME_DETACH, 0), "detached by another core");
    CHECK_EQ(space->frame_runs, 0, "it is");
    CHECK_EQ(atomic_load(&space->turn), turns + 2, "the space's lock was had, and is free again");
    host_stop();
}

/* What is derived, or created, needs the lock of the tree beside the own; what is deleted needs all. */
TEST(cores_derive_and_create_with_the_lock_of_the_tree)
{
    enum { MEMORY = SPARE, MADE, COPIED, MINTED, SOME, PAGES };
    uint32_t turns;

    begin_with_two();
    make(OBJECT_UNTYPED, 65536, MEMORY);
    make(OBJECT_FRAME, 4 << 8, PAGES);
    turns = atomic_load(&core_tree_turn);
    OK(OWN(1, SYSCALL_CALL, MEMORY, UNTYPED_RETYPE, OBJECT_NOTIFICATION, 5, 1, ROOT_SLOT_TABLE,
           MADE),
       "created");
    OK(OWN(1, SYSCALL_CALL, ROOT_SLOT_TABLE, CAP_TABLE_COPY, COPIED, ROOT_SLOT_TABLE, MADE, ~0u),
       "copied");
    OK(OWN(0, SYSCALL_CALL, ROOT_SLOT_TABLE, CAP_TABLE_MINT, MINTED, ROOT_SLOT_TABLE, MADE, ~0u, 7),
       "minted by another core");
    OK(OWN(0, SYSCALL_CALL, ROOT_SLOT_TABLE, CAP_TABLE_MINT_PAGES, SOME, ROOT_SLOT_TABLE, PAGES,
           ~0u, 1, 2),
       "some of the pages");
    CHECK_EQ(
        OWN(0, SYSCALL_CALL, ROOT_SLOT_TABLE, CAP_TABLE_COPY, COPIED, ROOT_SLOT_TABLE, MADE, ~0u),
        ERR_SLOT_TAKEN, "an error needs no more");
    CHECK_EQ(atomic_load(&core_tree_turn), turns + 10, "its lock was had five times, and is free");
    OK(ALL(0, SYSCALL_CALL, ROOT_SLOT_TABLE, CAP_TABLE_DELETE, COPIED), "deleted with all");
    OK(ALL(0, SYSCALL_CALL, ROOT_SLOT_TABLE, CAP_TABLE_MOVE, COPIED, ROOT_SLOT_TABLE, MINTED),
       "moved with all");
    host_stop();
}
