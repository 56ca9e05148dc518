/* SPDX-License-Identifier: MIT */
/* Memory that another core uses is taken away: it is gone when the call returns. */
#include "boot_test/probe.h"
#include "boot_test/test.h"
#include "crew.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"

#define PAGES 8u

/* Counts in a page of its own mapping, until it faults. arg: the address. */
static void write_there(struct worker *worker)
{
    volatile uint64_t *there = (volatile uint64_t *)(uintptr_t)worker->arg[0];

    for (;;) {
        worker->out[0]++;
        (*there)++;
    }
}

struct window {
    cap_addr_t frame, mapped;
    volatile uint64_t *mine; /* the page, by another mapping */
    user_addr_t theirs;
};

static struct window window_make(void)
{
    struct window window = { .frame = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K)),
                             .theirs = PLACE + MIB(16) };

    window.mapped = copy_of(window.frame, RIGHTS_ALL);
    window.mine = (volatile uint64_t *)PLACE;
    map_at(window.frame, PLACE, 1, PROT_READ | PROT_WRITE);
    map_at(window.mapped, window.theirs, 1, PROT_READ | PROT_WRITE);
    return window;
}

static struct worker *writer(const struct window *window)
{
    struct worker *worker = worker_make(write_there, 3);

    worker->arg[0] = window->theirs;
    crew_give(worker, 1);
    worker_resume(worker);
    CREW_UNTIL(*window->mine != 0, "it writes");
    return worker;
}

static void expect_silence(const struct window *window, const struct worker *worker)
{
    uint64_t last = *window->mine;

    for (uint32_t i = 0; i < 20; i++) {
        spin_ns(US(50));
        CHECK_EQ(*window->mine, last, "nothing is written after the call has returned");
    }
    CREW_UNTIL(state_of(worker->thread) != THREAD_STATE_READY, "the writer has faulted");
}

/* What the writer writes to is taken, again and again; take() says whether window->mapped is gone, too. */
static void expect_out_of_reach(bool (*take)(const struct window *window))
{
    for (uint32_t i = 0; i < 20; i++) {
        struct window window = window_make();
        struct worker *worker = writer(&window);
        bool is_gone = take(&window);

        expect_silence(&window, worker);
        workers_recycle(1);
        delete (worker->context);
        if (!is_gone) {
            delete (window.mapped);
        }
        delete (window.frame);
    }
}

static bool by_unmap(const struct window *window)
{
    REQUIRE_OK(vspace_unmap(VSPACE, window->theirs, 1));
    return false;
}

static bool by_protect(const struct window *window)
{
    uint32_t done = 0;

    REQUIRE_OK(vspace_protect(VSPACE, window->theirs, 1, PROT_READ, &done));
    return false;
}

static bool by_delete(const struct window *window)
{
    delete (window->mapped);
    return true;
}

TEST(unmapped_memory_is_out_of_reach_on_every_core)
{
    expect_out_of_reach(by_unmap);
}

TEST(protected_memory_is_not_written_on_any_core)
{
    expect_out_of_reach(by_protect);
}

TEST(deleted_memory_is_out_of_reach_on_every_core)
{
    expect_out_of_reach(by_delete);
}

/* A thread in a space of its own, which is destroyed while another core has it loaded. */
TEST(a_space_that_another_core_has_loaded_can_be_destroyed)
{
    for (uint32_t i = 0; i < 30; i++) {
        cap_addr_t space = make(OBJECT_VSPACE, 0);
        cap_addr_t tables = make(OBJECT_PAGE_TABLE, 8);

        REQUIRE_OK(vspace_add_tables(space, tables));
        struct probe probe = probe_make_in(space, PLACE);
        cap_addr_t context = make(OBJECT_SCHED_CONTEXT, 0);

        REQUIRE_OK(thread_write_registers(probe.thread, 0, 1,
                                          PLACE + (uintptr_t)probe_spin - (uintptr_t)probe_code, 0,
                                          0, 0, 0, 0));
        REQUIRE_OK(sched_context_unbind(probe.context));
        REQUIRE_OK(sched_context_configure(context, MACHINE, CREW_PRIORITY, MS(1000), MS(1000), 1));
        REQUIRE_OK(sched_context_bind(context, probe.thread));
        REQUIRE_OK(thread_resume(probe.thread));
        CREW_UNTIL(used_of(context) != 0, "it runs in its space");
        delete (space);
        delete (tables);
        delete (context);
        delete (probe.thread);
        delete (probe.context);
    }
}
