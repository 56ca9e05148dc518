/* SPDX-License-Identifier: MIT */
/* What capabilities, threads, contexts, timers, interrupts, ports and the machine refuse and grant. */
#include <string.h>

#include "arch_host/machine.h"
#include "cap/cap.h"
#include "core/core.h"
#include "core/trace.h"
#include "object/device_objects.h"
#include "object/ipc_objects.h"
#include "object/thread.h"
#include "situation.h"

enum { A = 40, B, C, D, E, MANY = 60 };

/* --- Capabilities ------------------------------------------------------------------------------- */

/* Leaves a copy at the greatest depth in slot A; its parent in B. */
static void dig(enum object_type type)
{
    uint32_t last = A;

    OK(object_make(type,
                   type == OBJECT_CAP_TABLE ? 4
                   : type == OBJECT_FRAME   ? 1 << 8
                                            : 0,
                   A),
       "an object");
    while (cap_at(last)->depth < CAP_DEPTH_MAX && !test_has_failed()) {
        uint32_t next = last + 1;

        OK(slot_copy(last, next), "a copy of the copy");
        last = next;
    }
    OK(CALL(ROOT_SLOT_TABLE, CAP_TABLE_MOVE, MANY + 60, ROOT_SLOT_TABLE, last), "the last of all");
}

TEST(nothing_is_derived_below_the_greatest_depth)
{
    enum { DEEPEST = MANY + 60, THREAD = 130, OTHER = 140 };
    static const struct {
        const char *why;
        enum object_type type;
        uint32_t at, label;
        uint64_t words[4];
    } cases[] = {
        { "a copy",
          OBJECT_ENDPOINT,
          ROOT_SLOT_TABLE,
          CAP_TABLE_COPY,
          { OTHER, ROOT_SLOT_TABLE, DEEPEST, 1 } },
        { "a badge",
          OBJECT_ENDPOINT,
          ROOT_SLOT_TABLE,
          CAP_TABLE_MINT,
          { OTHER, ROOT_SLOT_TABLE, DEEPEST, 1 } },
        { "a handler", OBJECT_ENDPOINT, THREAD, THREAD_SET_HANDLER, { DEEPEST } },
        { "a buffer", OBJECT_FRAME, THREAD, THREAD_SET_BUFFER, { DEEPEST, 0 } },
        { "a table", OBJECT_CAP_TABLE, THREAD, THREAD_CONFIGURE, { DEEPEST, ROOT_SLOT_VSPACE } },
        { "a space", OBJECT_VSPACE, THREAD, THREAD_CONFIGURE, { ROOT_SLOT_TABLE, DEEPEST } },
        { "bits for receive",
          OBJECT_NOTIFICATION,
          THREAD,
          THREAD_BIND_NOTIFICATION,
          { DEEPEST, 1 } },
        { "a timer's", OBJECT_NOTIFICATION, THREAD + 2, TIMER_SET, { DEEPEST, 5000 } },
        { "an interrupt's", OBJECT_NOTIFICATION, THREAD + 3, IRQ_BIND, { DEEPEST } },
        { "an owner", OBJECT_THREAD, THREAD + 4, SCHED_CONTEXT_BIND, { DEEPEST } },
    };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        situation_begin();
        thread_make(THREAD, 5, 50);
        OK(object_make(OBJECT_TIMER, 0, THREAD + 2), "a timer");
        OK(object_make(OBJECT_IRQ, 0, THREAD + 3), "an interrupt");
        OK(CALL(THREAD + 3, IRQ_CLAIM_MSI, ROOT_SLOT_MACHINE), "claimed");
        OK(object_make(OBJECT_SCHED_CONTEXT, 0, THREAD + 4), "a context");
        OK(CALL(THREAD + 4, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, 50, 10000, 10000, 0),
           "configured");
        dig(cases[i].type);
        CHECK_EQ(CALL(cases[i].at, cases[i].label, cases[i].words[0], cases[i].words[1],
                      cases[i].words[2], cases[i].words[3]),
                 ERR_TOO_DEEP, cases[i].why);
        situation_is_sound();
        situation_end();
    }
}

/* --- Threads and contexts -------------------------------------------------------------------------- */

TEST(what_a_thread_refuses)
{
    situation_begin();
    thread_make(A, 5, 50);
    OK(object_make(OBJECT_ENDPOINT, 5, C), "an endpoint of the same rank");
    CHECK_EQ(CALL(A, THREAD_SET_HANDLER, C), ERR_WOULD_DEADLOCK, "handles no faults of it");
    OK(object_make(OBJECT_FRAME, 1 << 8, D), "a page");
    CHECK_EQ(CALL(A, THREAD_SET_BUFFER, D, 100), ERR_RANGE, "not aligned");
    CHECK_EQ(CALL(A, THREAD_SET_BUFFER, D, 4096), ERR_RANGE, "past the page");
    OK(slot_copy_with(D, E, RIGHT_READ), "for reading");
    CHECK_EQ(CALL(A, THREAD_SET_BUFFER, E, 0), ERR_NO_RIGHT, "no buffer");
    OK(CALL(A, THREAD_SET_BUFFER, D, 1024), "a buffer");
    OK(CALL(A, THREAD_SET_BUFFER, 0, 0), "none again");
    CHECK(thread_at(A)->buffer == NULL, "is none");
    CHECK_EQ(CALL(A, THREAD_WRITE_REGISTERS, 18, 6), ERR_RANGE, "past the last register");
    CHECK_EQ(CALL(A, THREAD_READ_REGISTERS, 18, 8), ERR_RANGE, "past the last register");
    CHECK_EQ(CALL(A, THREAD_WRITE_REGISTERS, 0, 1, 1ull << 63), ERR_RANGE, "no address");
    OK(CALL(A, THREAD_WRITE_REGISTERS, 4, 2, 11, 12), "two registers");
    OK(CALL(A, THREAD_READ_REGISTERS, 3, 4), "read again");
    CHECK(result_word(1) == 11 && result_word(2) == 12 - 0, "are what they were set to");
    OK(CALL(A, THREAD_SINGLE_STEP, 1), "steps");
    OK(CALL(A, THREAD_RESUME, 0), "it is ready");
    CHECK_EQ(CALL(A, THREAD_RESUME, 0), ERR_BUSY, "and so cannot be resumed");
    CHECK_EQ(CALL(A, THREAD_CONFIGURE, ROOT_SLOT_TABLE, ROOT_SLOT_VSPACE), ERR_BUSY, "nor changed");
    CHECK_EQ(CALL(A, THREAD_WRITE_REGISTERS, 4, 1), ERR_BUSY, "nor written");
    CHECK_EQ(CALL(A, THREAD_READ_REGISTERS, 4, 1), ERR_BUSY, "nor read");
    CHECK_EQ(CALL(A, THREAD_SINGLE_STEP, 0), ERR_BUSY, "nor stepped");
    OK(CALL(A, THREAD_SUSPEND, 0), "but suspended");
    OK(CALL(A, THREAD_SUSPEND, 0), "and again");
    OK(object_make(OBJECT_THREAD, 5, MANY), "a bare thread");
    CHECK_EQ(CALL(MANY, THREAD_RESUME, 0), ERR_GONE, "has no table");
    situation_is_sound();
    situation_end();
}

TEST(what_a_context_refuses)
{
    situation_begin();
    thread_make(A, 5, 50);
    OK(object_make(OBJECT_SCHED_CONTEXT, 0, C), "a context");
    OK(object_make(OBJECT_THREAD, 5, D), "a thread");
    OK(slot_mint(ROOT_SLOT_MACHINE, E, 99), "the machine, for priorities up to 99");
    CHECK_EQ(CALL(C, SCHED_CONTEXT_BIND, D), ERR_RANGE, "it is not configured");
    CHECK_EQ(CALL(C, SCHED_CONTEXT_CONFIGURE, E, 100, 10000, 10000, 0), ERR_NO_RIGHT, "too high");
    CHECK_EQ(CALL(C, SCHED_CONTEXT_CONFIGURE, E, 99, 9999, 10000, 0), ERR_RANGE, "too little");
    CHECK_EQ(CALL(C, SCHED_CONTEXT_CONFIGURE, E, 99, 10001, 10000, 0), ERR_RANGE,
             "over the period");
    CHECK_EQ(CALL(C, SCHED_CONTEXT_CONFIGURE, E, 99, 10000, 3600000000001, 0), ERR_RANGE,
             "longer than an hour");
    CHECK_EQ(CALL(C, SCHED_CONTEXT_CONFIGURE, E, 99, 10000, 10000, 1), ERR_RANGE, "no such core");
    OK(CALL(C, SCHED_CONTEXT_CONFIGURE, E, 99, 10000, 3600000000000, 0), "all is well");
    CHECK_EQ(CALL(C, SCHED_CONTEXT_BIND, A), ERR_BUSY, "the thread has a context");
    CHECK_EQ(CALL(C, SCHED_CONTEXT_UNBIND, 0), ERR_GONE, "it is bound to none");
    OK(CALL(C, SCHED_CONTEXT_BIND, D), "bound");
    CHECK_EQ(CALL(C, SCHED_CONTEXT_BIND, D), ERR_BUSY, "once");
    OK(CALL(C, SCHED_CONTEXT_INFO, 0), "what it is");
    CHECK(result_word(0) == 0 && result_word(1) == 10000 && result_word(2) == 99, "unused");
    OK(slot_delete(D), "the thread goes");
    CHECK_EQ(CALL(C, SCHED_CONTEXT_UNBIND, 0), ERR_GONE, "and leaves it");
    CHECK_EQ(CALL(ROOT_SLOT_TABLE, CAP_TABLE_MINT, MANY, ROOT_SLOT_TABLE, E, ~0u, 100),
             ERR_NO_RIGHT, "a priority only shrinks");
    situation_is_sound();
    situation_end();
}

/* --- Devices --------------------------------------------------------------------------------------- */

TEST(message_interrupts_are_given_until_none_is_left)
{
    uint32_t given = 0;
    err_t err = ERR_OK;

    situation_begin();
    for (; !err && given <= ARCH_IRQ_VECTORS; given++) {
        OK(object_make(OBJECT_IRQ, 0, MANY + given), "an interrupt");
        err = CALL(MANY + given, IRQ_CLAIM_MSI, ROOT_SLOT_MACHINE);
    }
    CHECK_EQ(err, ERR_NO_MEMORY, "in the end there is none");
    CHECK_EQ(given - 1, ARCH_IRQ_VECTORS, "but all were given");
    CHECK_EQ(CALL(MANY + given - 1, IRQ_CLAIM_LINE, ROOT_SLOT_MACHINE, 3, 0, 0), ERR_NO_MEMORY,
             "nor for a line");
    CHECK_EQ(CALL(MANY, IRQ_CLAIM_MSI, ROOT_SLOT_MACHINE), ERR_BUSY, "one object has one");
    OK(slot_delete(MANY), "one goes");
    OK(CALL(MANY + given - 1, IRQ_CLAIM_MSI, ROOT_SLOT_MACHINE), "and can be had again");
    CHECK_EQ(CALL(MANY + given - 1, IRQ_ACK, 0), ERR_GONE, "nothing is bound to it");
    situation_is_sound();
    situation_end();
}

static uint32_t vector_of(uint32_t slot)
{
    return ((const struct irq *)cap_at(slot)->object)->vector;
}

TEST(an_interrupt_has_a_vector_of_its_band_or_the_next_free_one)
{
    enum { CLASS = ARCH_IRQ_CLASS_VECTORS };

    situation_begin();
    for (uint32_t i = 0; i <= 2 * CLASS; i++) {
        OK(object_make(OBJECT_IRQ, 0, MANY + i), "an interrupt");
        OK(CALL(MANY + i, IRQ_SET_BAND, 14), "nearly the most important");
        OK(CALL(MANY + i, IRQ_CLAIM_MSI, ROOT_SLOT_MACHINE), "claimed");
        uint32_t class = vector_of(MANY + i) / CLASS;
        uint32_t wanted = arch_irq_class(14);

        CHECK_EQ(class,
                 i < CLASS       ? wanted
                 : i < 2 * CLASS ? wanted + 1
                                 : wanted - 1,
                 "its own, then above, then below");
    }
    CHECK_EQ(CALL(MANY, IRQ_SET_BAND, 3), ERR_BUSY, "it has its place");
    OK(object_make(OBJECT_IRQ, 0, A), "another");
    OK(slot_mint(ROOT_SLOT_MACHINE, B, 35), "the machine, for priorities up to 35");
    OK(CALL(A, IRQ_CLAIM_MSI, B), "claimed with that");
    CHECK_EQ(vector_of(A) / CLASS, arch_irq_class(2), "it is no more important");
    situation_is_sound();
    situation_end();
}

/* The root, priority 100, is band 6. */
TEST(who_runs_is_not_interrupted_for_the_less_important)
{
    struct core *core;

    situation_begin();
    core = the_core();
    for (uint32_t i = 0; i < 2; i++) {
        OK(object_make(OBJECT_IRQ, 0, A + i), "an interrupt");
        OK(CALL(A + i, IRQ_SET_BAND, i == 0 ? 3 : 6), "less important, and as important");
        OK(CALL(A + i, IRQ_CLAIM_MSI, ROOT_SLOT_MACHINE), "claimed");
        OK(object_make(OBJECT_NOTIFICATION, 0, C + i), "a notification");
        OK(CALL(A + i, IRQ_BIND, C + i), "to signal");
        host_msi_raise(vector_of(A + i), HOST_NO_SOURCE);
    }
    CHECK_EQ(host_interrupts_deliver(core), 1, "one comes");
    CHECK_EQ(((const struct notification *)cap_at(D)->object)->bits, 0, "without a badge no bits");
    CHECK(((const struct irq *)cap_at(B)->object)->is_pending, "it is that of the root's band");
    CHECK(!((const struct irq *)cap_at(A)->object)->is_pending, "the other one waits");
    OK(CALL(ROOT_SLOT_CONTEXT, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, 55, 50000, 50000, 0),
       "the root becomes less important, too");
    (void)host_interrupts_deliver(core);
    CHECK(((const struct irq *)cap_at(A)->object)->is_pending, "now it comes");
    OK(CALL(A, IRQ_ACK, 0), "it is acknowledged");
    OK(CALL(ROOT_SLOT_CONTEXT, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, 100, 50000, 50000, 0),
       "the root becomes more important");
    host_msi_raise(vector_of(A), HOST_NO_SOURCE);
    CHECK_EQ(host_interrupts_deliver(core), 0, "again it waits");
    OK(object_make(OBJECT_NOTIFICATION, 0, E), "nobody signals it");
    (void)call_wait(E, 1, 0);
    CHECK(core->current == NULL && ((const struct irq *)cap_at(A)->object)->is_pending,
          "an idle core takes all");
    situation_is_sound();
    situation_end();
}

TEST(lines_are_claimed_once)
{
    situation_begin();
    OK(object_make(OBJECT_IRQ, 0, A), "an interrupt");
    OK(object_make(OBJECT_IRQ, 0, B), "another");
    CHECK_EQ(CALL(A, IRQ_BIND, 0), ERR_GONE, "nothing is claimed");
    CHECK_EQ(CALL(A, IRQ_CLAIM_LINE, ROOT_SLOT_MACHINE, HOST_LINES, 0, 0), ERR_RANGE, "no line");
    OK(CALL(A, IRQ_CLAIM_LINE, ROOT_SLOT_MACHINE, 5, 1, 0), "line 5");
    CHECK_EQ(CALL(B, IRQ_CLAIM_LINE, ROOT_SLOT_MACHINE, 5, 1, 0), ERR_BUSY, "for one object");
    CHECK_EQ(CALL(A, IRQ_CLAIM_LINE, ROOT_SLOT_MACHINE, 6, 1, 0), ERR_BUSY, "which has one line");
    OK(CALL(A, IRQ_BIND, 0), "nothing is bound");
    host_line_raise(5);
    CHECK_EQ(host_interrupts_deliver(the_core()), 0, "it is masked");
    situation_end();
}

TEST(an_interrupt_that_nobody_has_is_counted)
{
    situation_begin();
    host_msi_raise(ARCH_IRQ_VECTORS - 1, HOST_NO_SOURCE);
    CHECK_EQ(host_interrupts_deliver(the_core()), 1, "it comes");
    CHECK_EQ(the_core()->irqs_spurious, 1, "and is counted");
    situation_end();
}

TEST(ports_are_claimed_once_and_used_within)
{
    situation_begin();
    OK(object_make(OBJECT_IO_PORT, 0, A), "ports");
    OK(object_make(OBJECT_IO_PORT, 0, B), "more ports");
    CHECK_EQ(CALL(A, IO_PORT_CLAIM, ROOT_SLOT_MACHINE, 65535, 2), ERR_RANGE, "past the last");
    CHECK_EQ(CALL(A, IO_PORT_CLAIM, ROOT_SLOT_MACHINE, 0x3ff, 1), ERR_BUSY, "the kernel's");
    CHECK_EQ(CALL(A, IO_PORT_READ, 0x80, 1), ERR_RANGE, "none yet");
    OK(CALL(A, IO_PORT_CLAIM, ROOT_SLOT_MACHINE, 0x80, 4), "four");
    CHECK_EQ(CALL(A, IO_PORT_CLAIM, ROOT_SLOT_MACHINE, 0x90, 4), ERR_BUSY, "once");
    CHECK_EQ(CALL(B, IO_PORT_CLAIM, ROOT_SLOT_MACHINE, 0x83, 4), ERR_BUSY, "by one object");
    CHECK_EQ(CALL(B, IO_PORT_CLAIM, ROOT_SLOT_MACHINE, 0x7d, 4), ERR_BUSY, "from below, too");
    OK(CALL(B, IO_PORT_CLAIM, ROOT_SLOT_MACHINE, 0x84, 4), "beside it");
    OK(CALL(A, IO_PORT_READ, 0x82, 2), "the last two");
    CHECK_EQ(CALL(A, IO_PORT_READ, 0x83, 2), ERR_RANGE, "one too far");
    CHECK_EQ(CALL(A, IO_PORT_READ, 0x7f, 1), ERR_RANGE, "one too low");
    CHECK_EQ(CALL(A, IO_PORT_READ, 0x80, 3), ERR_RANGE, "no such width");
    CHECK_EQ(CALL(A, IO_PORT_WRITE, 0x81, 4, 0), ERR_RANGE, "too far to write");
    OK(CALL(A, IO_PORT_WRITE, 0x80, 4, 7), "all four");
    OK(slot_delete(A), "the older goes");
    OK(object_make(OBJECT_IO_PORT, 0, A), "another");
    OK(CALL(A, IO_PORT_CLAIM, ROOT_SLOT_MACHINE, 0x80, 4), "may have them");
    situation_end();
}

TEST(a_period_below_ten_microseconds_is_refused)
{
    situation_begin();
    OK(object_make(OBJECT_TIMER, 0, A), "a timer");
    OK(object_make(OBJECT_NOTIFICATION, 3, B), "a notification");
    CHECK_EQ(CALL(A, TIMER_SET, B, 5000, 9999, 0), ERR_RANGE, "too short");
    OK(CALL(A, TIMER_CANCEL, 0), "stopped");
    CHECK_EQ(result_word(0), 0, "it was not set");
    OK(CALL(A, TIMER_SET, B, host_time() + 50000, 10000, 0), "set");
    OK(CALL(A, TIMER_CANCEL, 0), "stopped");
    CHECK_EQ(result_word(0), 1, "it was set");
    situation_is_sound();
    situation_end();
}

/* --- The machine ------------------------------------------------------------------------------------ */

TEST(the_debug_console_gives_and_takes)
{
    situation_begin();
    CHECK_EQ(CALL(ROOT_SLOT_MACHINE, MACHINE_DEBUG_READ, 0), ERR_WOULD_BLOCK, "nothing has come");
    host_debug_input('x');
    OK(CALL(ROOT_SLOT_MACHINE, MACHINE_DEBUG_READ, 0), "something has");
    CHECK_EQ(result_word(0), 'x', "that");
    OK(CALL(ROOT_SLOT_MACHINE, MACHINE_DEBUG_WRITE, 9, 0x6867666564636261, 0x69),
       "nine characters");
    CHECK(strcmp(host_debug_output(), "abcdefghi") == 0, host_debug_output());
    OK(CALL(ROOT_SLOT_MACHINE, MACHINE_INFO, 0), "what it is");
    CHECK(result_word(0) == 1 && result_word(1) == host_ram_bytes() && result_word(4) == HOST_LINES,
          "what it is");
    situation_end();
}

TEST(a_trace_without_memory_counts_nothing)
{
    situation_begin();
    OK(CALL(ROOT_SLOT_MACHINE, MACHINE_TRACE, 1), "on");
    CHECK_EQ(result_word(0), 0, "no events");
    OK(CALL(ROOT_SLOT_MACHINE, MACHINE_TRACE, 0), "off");
    CHECK_EQ(result_word(0), 0, "still none");
    CHECK_EQ(core_trace.is_on, 0, "it is off");
    situation_end();
}
