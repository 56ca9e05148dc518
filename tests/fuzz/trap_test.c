/* SPDX-License-Identifier: MIT */
/*
 * Situations that a random caller needs long to get into or cannot judge, set up by hand on the simulated machine, with the
 * invariants checked after each call. Every one of them was wrong once, or nearly.
 */
#include <stddef.h>
#include <stdio.h>

#include "abi/boot_info.h"
#include "arch_host/machine.h"
#include "arch_host/root.h"
#include "core/core.h"
#include "graph/invariants.h"
#include "host_test/test.h"
#include "object/io_space.h"

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0"; /* what a run leaves behind goes with the machine */
}

enum { RANK_ROOT = 15, PRIORITY = 100, PAGE = 4096, RESTARTS_MAX = 100000 };

static struct core *core;

static void machine_begin_with(bool has_iommu)
{
    host_start(
        &(struct host_options){ .ram_bytes = 8 << 20, .tick_ns = 10, .has_iommu = has_iommu });
    (void)host_root_create(&(struct host_root_options){ .rank = RANK_ROOT, .priority = PRIORITY });
    core = host_core(0);
}

static void machine_begin(void)
{
    machine_begin_with(false);
}

static bool machine_is_sound(void)
{
    struct invariants_count count;
    const char *why;
    bool sound = invariants_hold(true, &why, &count);

    CHECK(sound, why);
    return sound;
}

static uint32_t tables_half_empty(void)
{
    (void)machine_is_sound();
    return invariants_doomed();
}

/* The current thread makes a call; it is repeated until it is through. */
static err_t call(uint32_t number, uint64_t at, uint64_t info, const uint64_t *words)
{
    struct thread *thread = core->current;

    thread->registers.op = number | at << 32;
    thread->registers.info = info;
    thread->registers.time = DEADLINE_NEVER;
    thread->registers.bits = ~0ull;
    for (uint32_t i = 0; i < MSG_REGISTER_WORDS; i++) {
        thread->registers.words[i] = words[i];
    }
    for (int tries = 0; tries < RESTARTS_MAX; tries++) {
        host_syscall(core);
        (void)host_interrupts_deliver(core);
        if (!machine_is_sound() || core->current != thread || !host_is_restarting(thread)) {
            return (err_t)thread->registers.op;
        }
    }
    CHECK(false, "a call that is interrupted again and again gets through in the end");
    return ERR_OK;
}

#define METHOD(number, at, label, ...)                                                             \
    call((number), (at), MSG_INFO((label), 8, 0), (const uint64_t[8]){ __VA_ARGS__ })
#define CALL(at, label, ...) METHOD(SYSCALL_CALL, at, label, __VA_ARGS__)
#define OK(result, why) CHECK_EQ(result, ERR_OK, why)

static err_t make(enum object_type type, uint64_t size, uint32_t table, uint32_t slot)
{
    return CALL(ROOT_SLOT_UNTYPED, UNTYPED_RETYPE, type, size, 1, table, slot);
}

static err_t make_in_root(enum object_type type, uint64_t size, uint32_t slot)
{
    return make(type, size, ROOT_SLOT_TABLE, slot);
}

static void thread_make(uint32_t slot, uint32_t rank, uint32_t table, uint32_t priority)
{
    OK(make_in_root(OBJECT_THREAD, rank, slot), "a thread is made");
    OK(make_in_root(OBJECT_SCHED_CONTEXT, 0, slot + 1), "and a context");
    OK(CALL(slot, THREAD_CONFIGURE, table, ROOT_SLOT_VSPACE), "it gets a table and a space");
    OK(CALL(slot + 1, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, priority, 100000, 100000, 0),
       "the context is configured");
    OK(CALL(slot + 1, SCHED_CONTEXT_BIND, slot), "and bound");
}

static struct thread *thread_in(uint32_t slot)
{
    return cap_slot(core->machine->root_table, slot)->object;
}

/*
 * Table A holds untyped memory that table B was made from; B holds A. To empty B is to destroy A, to
 * empty A is to destroy B, which is being emptied already.
 */
TEST(trap_tables_that_hold_what_each_other_are_made_of)
{
    enum { A = 40, B = 41, U = 42, T = 44, IN_A_U = 1, IN_A_B = 2, IN_A_SELF = 3 };

    machine_begin();
    OK(make_in_root(OBJECT_CAP_TABLE, 4, A), "table A");
    OK(make_in_root(OBJECT_UNTYPED, 16 * PAGE, U), "untyped memory");
    OK(CALL(A, CAP_TABLE_MOVE, IN_A_U, ROOT_SLOT_TABLE, U), "A holds the untyped memory");
    OK(CALL(A, CAP_TABLE_COPY, IN_A_SELF, ROOT_SLOT_TABLE, A, ~0u), "and itself");
    thread_make(T, 10, A, PRIORITY + 1);
    OK(CALL(T, THREAD_RESUME, 0), "a thread lives in A, and is more important");
    CHECK(core->current == thread_in(T), "it runs");
    OK(CALL(IN_A_U, UNTYPED_RETYPE, OBJECT_CAP_TABLE, 4, 1, IN_A_SELF, IN_A_B), "it makes B in A");
    host_fault(core, &(struct arch_fault){ .kind = FAULT_ILLEGAL });
    CHECK(core->current == thread_in(ROOT_SLOT_THREAD), "it stops");
    OK(CALL(ROOT_SLOT_TABLE, CAP_TABLE_MOVE, B, A, IN_A_B), "B is taken out");
    OK(CALL(ROOT_SLOT_TABLE, CAP_TABLE_DELETE, T), "the thread goes");
    OK(CALL(A, CAP_TABLE_DELETE, IN_A_SELF), "A's copy too");
    OK(CALL(B, CAP_TABLE_MOVE, 1, ROOT_SLOT_TABLE, A), "and A goes into B");
    if (!test_has_failed()) {
        OK(CALL(ROOT_SLOT_TABLE, CAP_TABLE_DELETE, B), "all of it can be deleted");
        CHECK_EQ(tables_half_empty(), 0, "nothing is left to be emptied");
    }
    host_stop();
}

/*
 * The capability that a delete is called on goes with what is deleted, and the call is interrupted just
 * then: it goes on all the same, and what it remembers of that is not taken for the next call's.
 */
TEST(trap_a_delete_that_takes_the_table_it_is_called_on)
{
    enum { A = 40, TARGET = 50, IN_A_SELF = 1 };

    machine_begin();
    OK(make_in_root(OBJECT_CAP_TABLE, 4, A), "table A");
    OK(CALL(A, CAP_TABLE_COPY, IN_A_SELF, ROOT_SLOT_TABLE, ROOT_SLOT_TABLE, ~0u),
       "holds the root's");
    OK(CALL(ROOT_SLOT_TABLE, CAP_TABLE_COPY, TARGET, A, IN_A_SELF, ~0u),
       "and the root a copy of it");
    host_preempt_at(2);
    OK(CALL(TARGET, CAP_TABLE_DELETE, A), "A is deleted through that copy");
    CHECK_EQ(tables_half_empty(), 0, "all of it");
    host_preempt_at(0);
    OK(CALL(ROOT_SLOT_TABLE, CAP_TABLE_COPY, TARGET, ROOT_SLOT_TABLE, ROOT_SLOT_TABLE, ~0u),
       "another capability in the same slot");
    OK(make_in_root(OBJECT_ENDPOINT, 0, A), "another object in the other");
    OK(CALL(TARGET, CAP_TABLE_DELETE, A), "the same call again");
    CHECK_EQ(cap_slot(core->machine->root_table, A)->type, OBJECT_NONE, "does its work again");
    host_stop();
}

/* A retype that is cut short behind a gap for alignment must not call the gap zero. */
TEST(trap_zeroing_that_leaves_a_gap)
{
    enum { FRAME = 40, TABLE = 41 };

    machine_begin();
    OK(make_in_root(OBJECT_ENDPOINT, 0, 39), "something small, so that alignment leaves a gap");
    host_preempt_at(1);
    OK(make_in_root(OBJECT_FRAME, 4 << 8, FRAME), "a frame, with an interrupt in between");
    host_preempt_at(1);
    OK(make_in_root(OBJECT_CAP_TABLE, 5, TABLE), "a table from zeroed memory");
    host_stop();
}

/* Tables of a run that is being detached must not be used for new mappings. */
TEST(trap_mapping_while_page_tables_go)
{
    enum { SPACE = 40, TABLES = 41, FRAME = 42, OTHER = 43 };
    bool mapped = false;

    machine_begin();
    OK(make_in_root(OBJECT_VSPACE, 0, SPACE), "a space");
    OK(make_in_root(OBJECT_PAGE_TABLE, 8, TABLES), "tables");
    OK(make_in_root(OBJECT_FRAME, 8 << 8, FRAME), "pages");
    OK(CALL(SPACE, VSPACE_ADD_TABLES, TABLES), "tables for the space");
    OK(CALL(SPACE, VSPACE_MAP, FRAME, 0, 1, 0x7f0000000000, PROT_READ), "a page far up");
    /* The first try stops at the first preemption point; before the next one, another page is mapped. */
    for (uint32_t nth = 1; nth < 20 && !test_has_failed(); nth++) {
        struct thread *thread = core->current;

        host_preempt_at(nth);
        thread->registers.op = SYSCALL_CALL | (uint64_t)ROOT_SLOT_TABLE << 32;
        thread->registers.info = MSG_INFO(CAP_TABLE_DELETE, 1, 0);
        thread->registers.words[0] = TABLES;
        host_syscall(core);
        (void)host_interrupts_deliver(core);
        machine_is_sound();
        if (!host_is_restarting(thread)) {
            break;
        }
        mapped |= CALL(SPACE, VSPACE_MAP, FRAME, 1, 1, 0x400000, PROT_READ) == ERR_OK;
    }
    CHECK(!mapped, "no table is taken from a run that goes");
    machine_is_sound();
    host_stop();
}

/* Periods near the end of time must not wrap around to the past. */
TEST(trap_a_timer_with_an_endless_period)
{
    enum { TIMER = 40, BELL = 41, BADGED = 42 };

    machine_begin();
    OK(make_in_root(OBJECT_TIMER, 0, TIMER), "a timer");
    OK(make_in_root(OBJECT_NOTIFICATION, 0, BELL), "a notification");
    OK(CALL(ROOT_SLOT_TABLE, CAP_TABLE_MINT, BADGED, ROOT_SLOT_TABLE, BELL, ~0u, 1), "a badge");
    OK(CALL(TIMER, TIMER_SET, BADGED, host_time() + 5000, ~0ull - 2, 15), "a period without end");
    host_time_advance(10000);
    CHECK(host_interrupts_deliver(core) < 5, "it comes once");
    machine_is_sound();
    OK(METHOD(SYSCALL_POLL, BELL, 0, 0), "it is taken");
    host_time_advance(10000);
    CHECK(host_interrupts_deliver(core) < 5, "and does not come again");
    machine_is_sound();
    host_stop();
}

/* Every preemption point of a deletion of much, forced. */
TEST(trap_deletion_gets_through_however_often_it_is_interrupted)
{
    enum { U = 40, TABLE = 41 };

    for (uint32_t every = 1; every < 6; every++) {
        machine_begin();
        OK(make_in_root(OBJECT_UNTYPED, 256 * PAGE, U), "memory");
        OK(CALL(U, UNTYPED_RETYPE, OBJECT_CAP_TABLE, 6, 1, ROOT_SLOT_TABLE, TABLE), "a table");
        for (uint32_t i = 1; i < 60; i++) {
            OK(CALL(U, UNTYPED_RETYPE, 1 + (i % 10 == 0 ? OBJECT_THREAD : i % 13),
                    i % 13 == 0 || i % 13 == OBJECT_CAP_TABLE - 1 ? PAGE : 256, 1, TABLE, i) != 0
                   ? ERR_OK
                   : ERR_OK,
               "whatever can be made");
        }
        struct thread *thread = core->current;

        thread->registers.op = SYSCALL_CALL | (uint64_t)ROOT_SLOT_TABLE << 32;
        thread->registers.info = MSG_INFO(CAP_TABLE_DELETE, 1, 0);
        thread->registers.words[0] = U;
        for (uint32_t tries = 0; tries < 1000; tries++) {
            host_preempt_at(every);
            host_syscall(core);
            (void)host_interrupts_deliver(core);
            if (!machine_is_sound() || !host_is_restarting(thread)) {
                break;
            }
        }
        CHECK_EQ(thread->registers.op, ERR_OK, "it gets through");
        CHECK_EQ(cap_slot(core->machine->root_table, U)->type, OBJECT_NONE, "and nothing is left");
        host_stop();
    }
}

/* --- Devices --------------------------------------------------------------------------------------- */

enum { IO = 40, IO_TABLES = 41, IO_FRAME = 42, IO_BELL = 43, SOURCE = 3, AT = 0x600000 };

/* A source in a space with two pages, the second of which may only be read. */
static void io_begin(void)
{
    machine_begin_with(true);
    OK(make_in_root(OBJECT_IO_SPACE, 0, IO), "a space of devices");
    OK(make_in_root(OBJECT_PAGE_TABLE, 8, IO_TABLES), "tables");
    OK(make_in_root(OBJECT_FRAME, 2 << 8, IO_FRAME), "pages");
    OK(make_in_root(OBJECT_NOTIFICATION, 0, IO_BELL), "a notification");
    OK(CALL(IO, IO_SPACE_ADD_TABLES, IO_TABLES), "tables for the space");
    OK(CALL(IO, IO_SPACE_BIND, IO_BELL), "and somebody to tell");
    OK(CALL(IO, IO_SPACE_MAP, IO_FRAME, 0, 1, AT, PROT_READ | PROT_WRITE), "a page");
    OK(CALL(IO, IO_SPACE_MAP, IO_FRAME, 1, 1, AT + PAGE, PROT_READ), "and one to read");
    OK(CALL(IO, IO_SPACE_ATTACH, ROOT_SLOT_MACHINE, SOURCE), "a source");
}

static bool reaches(uint32_t source, uint64_t address, bool is_write)
{
    phys_t phys = 0;
    bool does = host_dma(source, address, is_write, &phys);

    (void)host_interrupts_deliver(core);
    machine_is_sound();
    return does;
}

/* How many faults the space was told of since the last time. */
static uint64_t faults_told(void)
{
    OK(CALL(IO, IO_SPACE_FAULT, 0), "faults can be asked for");
    return core->current->registers.words[0];
}

TEST(devices_reach_what_is_mapped_for_as_long_as_it_is)
{
    io_begin();
    CHECK(reaches(SOURCE, AT, true) && reaches(SOURCE, AT + PAGE, false), "as it was mapped");
    CHECK(!reaches(SOURCE, AT + PAGE, true), "and no more");
    CHECK(!reaches(SOURCE, AT + 2 * PAGE, false), "nor beyond");
    CHECK_EQ(faults_told(), 2, "of both it was told");
    CHECK(!reaches(SOURCE + 1, AT, false), "others reach nothing");
    OK(CALL(IO, IO_SPACE_UNMAP, AT, 1), "unmapped");
    CHECK(!reaches(SOURCE, AT, false), "out of reach");
    OK(CALL(ROOT_SLOT_TABLE, CAP_TABLE_DELETE, IO_FRAME), "deleted");
    CHECK(!reaches(SOURCE, AT + PAGE, false), "out of reach");
    OK(CALL(IO, IO_SPACE_DETACH, SOURCE), "taken out");
    CHECK_EQ(faults_told(), 2, "its faults until then");
    CHECK(!reaches(SOURCE, AT, false), "then it is nobody's");
    CHECK_EQ(faults_told(), 0, "and nobody's faults are not the space's");
    host_stop();
}

TEST(a_source_that_faults_unheard_is_muted)
{
    io_begin();
    for (uint32_t i = 0; i < 40; i++) {
        CHECK(!reaches(SOURCE, 0x1000, true), "nothing is there");
    }
    CHECK_EQ(host_source_is_muted(SOURCE), 1, "nobody listened");
    CHECK_EQ(faults_told(), IO_FAULTS_MAX, "so much was recorded");
    CHECK(!reaches(SOURCE, 0x1000, true), "it goes on");
    CHECK_EQ(faults_told(), 0, "unheard");
    OK(CALL(IO, IO_SPACE_UNMUTE, SOURCE), "unmuted");
    CHECK(!reaches(SOURCE, 0x1000, true), "it goes on");
    CHECK_EQ(faults_told(), 1, "and is heard");
    for (uint32_t i = 0; i < 40; i++) {
        CHECK(!reaches(SOURCE, 0x1000, true), "nothing is there");
        (void)faults_told();
    }
    CHECK_EQ(host_source_is_muted(SOURCE), 0, "whose faults are asked for is not muted");
    for (uint32_t i = 0; i < 40; i++) {
        CHECK(!reaches(SOURCE + 1, 0x1000, true), "a source in no space");
    }
    CHECK_EQ(host_source_is_muted(SOURCE + 1), 1, "is muted as well");
    OK(CALL(ROOT_SLOT_MACHINE, MACHINE_FAULTS, 0), "the machine tells");
    CHECK_EQ(core->current->registers.words[0], IO_FAULTS_MAX, "of as many");
    host_stop();
}

/* Refused messages go on when their source is muted: then nobody's faults interrupt, until somebody asks. */
TEST(refused_messages_without_end_do_not_interrupt_without_end)
{
    uint32_t interrupts = 0;

    io_begin();
    for (uint32_t i = 0; i < 40; i++) {
        host_msi_raise(7, SOURCE);
        interrupts += host_interrupts_deliver(core);
        machine_is_sound();
    }
    CHECK_EQ(interrupts, 2 * IO_FAULTS_MAX,
             "one for each that is recorded, and one that finds no other");
    CHECK_EQ(faults_told(), IO_FAULTS_MAX, "they were told");
    CHECK(!reaches(SOURCE + 1, AT, false), "another device faults");
    OK(CALL(ROOT_SLOT_MACHINE, MACHINE_FAULTS, 0), "whoever asks");
    CHECK_EQ(core->current->registers.words[0], 1, "hears of it");
    host_stop();
}

/* So many accesses to nothing before the kernel can look. */
static void refused(uint32_t source, uint32_t count)
{
    phys_t phys;

    for (uint32_t i = 0; i < count; i++) {
        CHECK(!host_dma(source, 0x1000, true, &phys), "nothing is there");
    }
}

TEST(faults_at_once_are_taken_one_in_each_interrupt)
{
    io_begin();
    refused(SOURCE, 20);
    CHECK_EQ(host_interrupts_deliver(core), 21, "others get in between");
    machine_is_sound();
    CHECK_EQ(faults_told(), IO_FAULTS_MAX, "then it was muted");
    refused(SOURCE + 1, 40);
    CHECK_EQ(host_interrupts_deliver(core), DMA_FAULTS_IN_A_ROW_MAX,
             "without end they are not heard");
    CHECK_EQ(host_interrupts_deliver(core), 0, "any more");
    OK(CALL(ROOT_SLOT_MACHINE, MACHINE_FAULTS, 0), "whoever asks");
    CHECK_EQ(core->current->registers.words[0], 40, "hears of all");
    host_stop();
}

TEST(asking_for_faults_stops_for_interrupts)
{
    io_begin();
    refused(SOURCE, 20);
    host_preempt_at(0);
    CHECK_EQ(faults_told(), IO_FAULTS_MAX, "asked for, in pieces");
    CHECK(host_preempt_looks() != 0, "it looked whether an interrupt waits");
    host_stop();
}

/* Buses that are there only because a device makes its numbers up. */
TEST(muted_strays_leave_room_for_who_is_attached)
{
    uint32_t found = 0;

    io_begin();
    for (uint32_t bus = 1; bus < 3; bus++) {
        for (uint32_t i = 0; i < 40; i++) {
            CHECK(!reaches(bus * HOST_SOURCES_PER_BUS, 0x1000, true), "a source in no space");
        }
        CHECK_EQ(host_source_is_muted(bus * HOST_SOURCES_PER_BUS), 1, "it is muted");
    }
    OK(CALL(IO, IO_SPACE_ATTACH, ROOT_SLOT_MACHINE, 3 * HOST_SOURCES_PER_BUS), "there is room");
    OK(CALL(IO, IO_SPACE_ATTACH, ROOT_SLOT_MACHINE, 2 * HOST_SOURCES_PER_BUS), "twice");
    for (uint32_t bus = 1; bus < 3; bus++) {
        found += host_source_is_muted(bus * HOST_SOURCES_PER_BUS);
    }
    CHECK_EQ(found, 0, "of who was muted nothing is known");
    CHECK_EQ(CALL(IO, IO_SPACE_ATTACH, ROOT_SLOT_MACHINE, HOST_SOURCES_PER_BUS), ERR_NO_MEMORY,
             "all have somebody attached");
    host_stop();
}

TEST(without_a_unit_nothing_is_attached)
{
    machine_begin();
    OK(make_in_root(OBJECT_IO_SPACE, 0, IO), "a space of devices");
    OK(make_in_root(OBJECT_PAGE_TABLE, 8, IO_TABLES), "tables");
    OK(make_in_root(OBJECT_FRAME, 2 << 8, IO_FRAME), "pages");
    OK(CALL(IO, IO_SPACE_ADD_TABLES, IO_TABLES), "tables for the space");
    CHECK_EQ(CALL(IO, IO_SPACE_MAP, IO_FRAME, 0, 1, AT, PROT_READ), ERR_RANGE, "no addresses");
    CHECK_EQ(CALL(IO, IO_SPACE_ATTACH, ROOT_SLOT_MACHINE, SOURCE), ERR_RANGE, "no sources");
    CHECK_EQ(CALL(IO, IO_SPACE_UNMAP, AT, 1), ERR_RANGE, "nothing to unmap");
    OK(CALL(IO, IO_SPACE_INFO, 0), "it says so:");
    CHECK_EQ(core->current->registers.words[0], 0, "addresses of no bits");
    CHECK_EQ(faults_told(), 0, "no faults");
    OK(CALL(ROOT_SLOT_TABLE, CAP_TABLE_DELETE, IO), "and goes");
    host_stop();
}
