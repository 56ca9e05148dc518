/* SPDX-License-Identifier: MIT */
/* What goes from one core to the other, or away: threads, spaces, tables, devices. */
#include "two_cores.h"

TEST(cores_a_thread_moves_only_while_nothing_hangs_on_it)
{
    begin_with_server();
    make(OBJECT_SCHED_CONTEXT, 0, SPARE);
    OK(configure(SPARE, 0, 60), "a context for core 0");
    CHECK_EQ(configure(REMOTE_CONTEXT, 0, 60), ERR_BUSY, "a bound context keeps its core");
    OK(CALL(0, REMOTE_CONTEXT, SCHED_CONTEXT_UNBIND, 0), "the server has no context");
    CHECK_EQ(CALL(0, SPARE, SCHED_CONTEXT_BIND, REMOTE), ERR_BUSY, "a receiver stays");
    OK(CALL(0, REMOTE, THREAD_SUSPEND, 0), "it is stopped");
    CHECK_EQ(CALL(0, SPARE, SCHED_CONTEXT_BIND, REMOTE), ERR_BUSY, "a server stays");
    OK(METHOD(0, ENDPOINT, ENDPOINT_SET_SERVER, 0), "it is nobody's server");
    OK(CALL(0, SPARE, SCHED_CONTEXT_BIND, REMOTE), "now it moves");
    CHECK(thread_in(REMOTE)->home == host_core(0), "to the other core");
    OK(configure(REMOTE_CONTEXT, 0, 70), "and its old context, which is free, may follow");
    host_stop();
}

/* A thread that runs on the other core at the time is taken from there at once. */
/* The invariants say where it must be. */
TEST(cores_what_is_bound_goes_along)
{
    machine_begin();
    make(OBJECT_NOTIFICATION, 2, NOTIFICATION);
    make_thread(LOCAL, 1, 0, 50);
    OK(CALL(0, LOCAL, THREAD_BIND_NOTIFICATION, NOTIFICATION, ~0ull), "a notification is bound");
    OK(CALL(0, LOCAL_CONTEXT, SCHED_CONTEXT_UNBIND, 0), "the thread loses its time");
    OK(configure(LOCAL_CONTEXT, 1, 50), "which is of core 1 now");
    OK(CALL(0, LOCAL_CONTEXT, SCHED_CONTEXT_BIND, LOCAL), "and gets it back");
    CHECK(thread_in(LOCAL)->home == host_core(1), "so it has moved");
    CHECK(((struct notification *)object_in(NOTIFICATION))->home == host_core(1),
          "and what is bound to it as well");
    host_stop();
}

TEST(cores_a_thread_is_moved_while_it_was_running_elsewhere)
{
    machine_begin();
    make_thread(REMOTE, 1, 1, 50);
    make(OBJECT_SCHED_CONTEXT, 0, SPARE);
    OK(configure(SPARE, 0, PRIORITY + 1), "a context for core 0");
    start(REMOTE);
    (void)prepare(0, SYSCALL_CALL, REMOTE, MSG_INFO(THREAD_SUSPEND, 8, 0),
                  (const uint64_t[8]){ 0 });
    host_syscall(host_core(0)); /* core 1 does not look before the end */
    (void)prepare(0, SYSCALL_CALL, REMOTE_CONTEXT, MSG_INFO(SCHED_CONTEXT_UNBIND, 8, 0),
                  (const uint64_t[8]){ 0 });
    host_syscall(host_core(0));
    (void)prepare(0, SYSCALL_CALL, SPARE, MSG_INFO(SCHED_CONTEXT_BIND, 8, 0),
                  (const uint64_t[8]){ REMOTE });
    host_syscall(host_core(0));
    CHECK(current_of(1) == NULL, "it is on core 1 no longer");
    machine_is_sound();
    start(REMOTE);
    CHECK(current_of(0) == thread_in(REMOTE), "and runs on core 0");
    CHECK(current_of(1) == NULL, "only");
    host_stop();
}

TEST(cores_a_thread_that_runs_elsewhere_can_be_destroyed)
{
    machine_begin();
    make_thread(REMOTE, 1, 1, 50);
    start(REMOTE);
    CHECK(current_of(1) == thread_in(REMOTE), "it runs");
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_DELETE, REMOTE), "it is destroyed from core 0");
    CHECK(current_of(1) == NULL, "its core idles");
    CHECK(host_core(1)->charged == NULL && host_core(1)->entered == NULL, "and forgot it");
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_DELETE, REMOTE_CONTEXT), "the context, too");
    host_stop();
}

TEST(cores_what_is_unmapped_is_gone_on_all_cores)
{
    enum { AT = 0x600000, PAGE = 4096 };
    phys_t phys;

    machine_begin();
    make_thread(REMOTE, 1, 1, 50);
    start(REMOTE);
    make(OBJECT_FRAME, 2 << 8, THING);
    OK(CALL(0, ROOT_SLOT_VSPACE, VSPACE_MAP, THING, 0, 2, AT, PROT_READ | PROT_WRITE),
       "two pages are mapped");
    for (uint32_t page = 0; page < 2; page++) {
        CHECK_EQ(host_user_access(host_core(1), AT + page * PAGE, HOST_WRITE, &phys), 0,
                 "core 1 uses them");
    }
    OK(CALL(0, ROOT_SLOT_VSPACE, VSPACE_UNMAP, AT, 1), "one is unmapped on core 0");
    CHECK_EQ(host_user_access(host_core(1), AT, HOST_READ, &phys), FAULT_NOT_PRESENT, "it is gone");
    OK(CALL(0, ROOT_SLOT_VSPACE, VSPACE_PROTECT, AT + PAGE, 1, PROT_READ), "the other may be read");
    CHECK_EQ(host_user_access(host_core(1), AT + PAGE, HOST_WRITE, &phys), FAULT_PROTECTION,
             "and no more");
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_DELETE, THING), "the run goes");
    CHECK_EQ(host_user_access(host_core(1), AT + PAGE, HOST_READ, &phys), FAULT_NOT_PRESENT,
             "with all that was mapped of it");
    host_stop();
}

/* Page tables and the space itself, while the other core has them loaded. */
TEST(cores_tables_and_spaces_that_go_are_not_walked_elsewhere)
{
    enum { AT = 0x600000, SPACE = OTHER, TABLES = OTHER + 1 };
    phys_t phys;

    machine_begin();
    make(OBJECT_VSPACE, 0, SPACE);
    make(OBJECT_PAGE_TABLE, 4, TABLES);
    make(OBJECT_FRAME, 1 << 8, THING);
    make_thread(REMOTE, 1, 1, 50);
    OK(CALL(0, REMOTE, THREAD_CONFIGURE, ROOT_SLOT_TABLE, SPACE), "a space of its own");
    OK(CALL(0, SPACE, VSPACE_ADD_TABLES, TABLES), "with tables");
    OK(CALL(0, SPACE, VSPACE_MAP, THING, 0, 1, AT, PROT_READ), "and a page");
    start(REMOTE);
    CHECK_EQ(host_user_access(host_core(1), AT, HOST_READ, &phys), 0, "core 1 uses it");
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_DELETE, TABLES), "the tables go");
    CHECK_EQ(host_user_access(host_core(1), AT, HOST_READ, &phys), FAULT_NOT_PRESENT,
             "nothing is there now");
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_DELETE, SPACE), "the space goes");
    CHECK(current_of(1) == NULL && host_loaded_root(1) == 0, "core 1 has left it");
    host_stop();
}

/* The core that removes the tables of the space that it runs in forgets what it knows of them, too. */
TEST(cores_tables_that_go_are_not_walked_here_either)
{
    enum { AT = 0x600000, SPACE = OTHER, TABLES = OTHER + 1 };
    phys_t phys;

    machine_begin();
    make(OBJECT_VSPACE, 0, SPACE);
    make(OBJECT_PAGE_TABLE, 4, TABLES);
    make(OBJECT_FRAME, 1 << 8, THING);
    make_thread(LOCAL, 1, 0, PRIORITY + 1);
    OK(CALL(0, LOCAL, THREAD_CONFIGURE, ROOT_SLOT_TABLE, SPACE), "a space of its own");
    OK(CALL(0, SPACE, VSPACE_ADD_TABLES, TABLES), "with tables");
    OK(CALL(0, SPACE, VSPACE_MAP, THING, 0, 1, AT, PROT_READ), "and a page");
    start(LOCAL);
    CHECK(current_of(0) == thread_in(LOCAL), "it runs, for it is more important");
    CHECK_EQ(host_user_access(host_core(0), AT, HOST_READ, &phys), 0, "it uses the page");
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_DELETE, TABLES), "it removes the tables");
    CHECK_EQ(host_user_access(host_core(0), AT, HOST_READ, &phys), FAULT_NOT_PRESENT,
             "nothing is there now");
    machine_is_sound();
    host_stop();
}

TEST(cores_timers_and_interrupts_come_to_the_core_that_asked)
{
    enum { TIMER = LOCAL, IRQ = SPARE, BELL = THING, LINE = 3 };

    machine_begin();
    make(OBJECT_NOTIFICATION, 5, NOTIFICATION);
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_MINT, BELL, ROOT_SLOT_TABLE, NOTIFICATION, ~0u, 1),
       "a badge");
    make(OBJECT_TIMER, 0, TIMER);
    make(OBJECT_IRQ, 0, IRQ);
    make_thread(REMOTE, 9, 1, 50);
    start(REMOTE);
    OK(CALL(1, TIMER, TIMER_SET, BELL, host_time() + 10000, 0, 15), "a timer of core 1");
    OK(CALL(1, IRQ, IRQ_CLAIM_LINE, ROOT_SLOT_MACHINE, LINE, 0, 0), "and an interrupt");
    OK(CALL(1, IRQ, IRQ_BIND, BELL), "are bound");
    (void)SEND(0, SYSCALL_WAIT, NOTIFICATION, 0, 0);
    host_time_advance(20000);
    CHECK(!host_interrupt_waits(host_core(0)), "core 0 is left in peace");
    interrupts_deliver();
    CHECK(current_of(0) == thread_in(ROOT_SLOT_THREAD), "who waits there is woken");
    (void)SEND(0, SYSCALL_WAIT, NOTIFICATION, 0, 0);
    host_line_raise(LINE);
    CHECK(!host_interrupt_waits(host_core(0)) && host_interrupt_waits(host_core(1)), "again");
    interrupts_deliver();
    CHECK(current_of(0) == thread_in(ROOT_SLOT_THREAD), "it is woken");
    host_stop();
}

/* Whoever takes its signals has its ends: set on core 1, it is core 0's after the first of them. */
TEST(cores_a_timer_with_a_period_comes_to_who_takes_its_signals)
{
    enum { TIMER = LOCAL, BELL = THING, PERIOD_NS = 10000 };

    machine_begin();
    make(OBJECT_NOTIFICATION, 5, NOTIFICATION);
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_MINT, BELL, ROOT_SLOT_TABLE, NOTIFICATION, ~0u, 1),
       "a badge");
    make(OBJECT_TIMER, 0, TIMER);
    make_thread(REMOTE, 9, 1, 50);
    start(REMOTE);
    OK(CALL(1, TIMER, TIMER_SET, BELL, host_time() + PERIOD_NS, PERIOD_NS, 15), "on core 1");
    host_time_advance(PERIOD_NS + 1000);
    CHECK(!host_interrupt_waits(host_core(0)), "there it ends first");
    interrupts_deliver();
    (void)SEND(0, SYSCALL_WAIT, NOTIFICATION, 0, 0);
    CHECK(current_of(0) == thread_in(ROOT_SLOT_THREAD), "who waits on core 0 has its bit");
    for (uint32_t i = 0; i < 3; i++) {
        (void)SEND(0, SYSCALL_WAIT, NOTIFICATION, 0, 0);
        CHECK(current_of(0) == NULL, "and waits for the next");
        host_time_advance(PERIOD_NS);
        CHECK(host_interrupt_waits(host_core(0)) && !host_interrupt_waits(host_core(1)),
              "which is core 0's alone");
        interrupts_deliver();
        CHECK(current_of(0) == thread_in(ROOT_SLOT_THREAD), "it is woken");
    }
    host_time_advance(PERIOD_NS);
    interrupts_deliver();
    OK(CALL(1, ROOT_SLOT_TABLE, CAP_TABLE_DELETE, TIMER), "core 1 deletes it while it waits");
    machine_is_sound();
    host_stop();
}

/* Who waits for a device runs on core 1: faults of devices interrupt core 0, messages the core that claimed them. */
TEST(cores_a_device_is_heard_on_both)
{
    enum { SPACE = LOCAL, IRQ = SPARE, BELL = THING, SOURCE = 3 };
    const struct thread *driver;
    uint32_t vector;
    phys_t phys;

    machine_begin();
    make(OBJECT_NOTIFICATION, 5, NOTIFICATION);
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_MINT, BELL, ROOT_SLOT_TABLE, NOTIFICATION, ~0u, 1),
       "a badge");
    make(OBJECT_IO_SPACE, 0, SPACE);
    make(OBJECT_IRQ, 0, IRQ);
    make_thread(REMOTE, 9, 1, 50);
    start(REMOTE);
    driver = thread_in(REMOTE);
    OK(CALL(1, SPACE, IO_SPACE_ATTACH, ROOT_SLOT_MACHINE, SOURCE), "core 1 has a device");
    OK(CALL(1, SPACE, IO_SPACE_BIND, BELL), "hears of its faults");
    OK(CALL(1, IRQ, IRQ_CLAIM_MSI, ROOT_SLOT_MACHINE, SOURCE), "and has its interrupt");
    vector = (uint32_t)driver->registers.words[1];
    OK(CALL(1, IRQ, IRQ_BIND, BELL), "which is bound");
    (void)SEND(1, SYSCALL_WAIT, NOTIFICATION, 0, 0);
    CHECK(!host_dma(SOURCE, 0x600000, false, &phys), "nothing is mapped there");
    CHECK(host_interrupt_waits(host_core(0)) && !host_interrupt_waits(host_core(1)), "a fault");
    interrupts_deliver();
    CHECK(current_of(1) == driver, "the driver hears of it");
    (void)SEND(1, SYSCALL_WAIT, NOTIFICATION, 0, 0);
    host_msi_raise(vector, SOURCE + 1);
    CHECK(!host_interrupt_waits(host_core(1)), "a message of another device is refused");
    interrupts_deliver();
    CHECK(current_of(1) == NULL, "and is not the driver's fault");
    host_msi_raise(vector, SOURCE);
    CHECK(!host_interrupt_waits(host_core(0)) && host_interrupt_waits(host_core(1)), "its own");
    interrupts_deliver();
    CHECK(current_of(1) == driver, "is");
    (void)SEND(1, SYSCALL_WAIT, NOTIFICATION, 0, 0);
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_DELETE, SPACE), "core 0 takes the space away");
    CHECK_EQ(host_source_domain(SOURCE, &phys), 0, "and the device out of it");
    host_stop();
}
