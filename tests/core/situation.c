/* SPDX-License-Identifier: MIT */
/* Setting up situations: see situation.h. */
#include "situation.h"

#include "arch_host/machine.h"
#include "arch_host/root.h"
#include "core/core.h"
#include "graph/invariants.h"

enum { RAM_BYTES = 3 << 20, TICK_NS = 10, TRIES_MAX = 100000, BUDGET_NS = 100000 };

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0"; /* what a test leaves behind goes with the machine */
}

void situation_begin(void)
{
    situation_begin_large(RAM_BYTES);
}

void situation_begin_large(uint64_t ram_bytes)
{
    host_start(&(struct host_options){ .ram_bytes = ram_bytes, .tick_ns = TICK_NS });
    (void)host_root_create(
        &(struct host_root_options){ .rank = SITUATION_RANK, .priority = SITUATION_PRIORITY });
}

void situation_end(void)
{
    host_stop();
}

bool situation_is_sound(void)
{
    struct invariants_count count;
    const char *why;
    bool holds = invariants_hold(true, &why, &count);

    return CHECK(holds, why);
}

uint32_t tables_half_empty(void)
{
    (void)situation_is_sound();
    return invariants_doomed();
}

struct core *the_core(void)
{
    return host_core(0);
}

struct cap *cap_at(uint32_t slot)
{
    return cap_slot(the_core()->machine->root_table, slot);
}

struct thread *thread_at(uint32_t slot)
{
    return cap_at(slot)->object;
}

/* --- Calls ------------------------------------------------------------------------------------- */

void request_load(const struct request *request)
{
    struct arch_registers *registers = &the_core()->current->registers;

    registers->op = request->number | (uint64_t)request->at << 32;
    registers->info = request->info;
    registers->time = request->time;
    registers->bits = request->bits;
    for (uint32_t i = 0; i < MSG_REGISTER_WORDS; i++) {
        registers->words[i] = request->words[i];
    }
}

err_t request_run(const struct request *request)
{
    struct core *core = the_core();
    struct thread *thread = core->current;

    if (!CHECK(thread != NULL, "somebody runs who can make a call")) {
        return ERR_OK;
    }
    request_load(request);
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        host_syscall(core);
        (void)host_interrupts_deliver(core);
        if (core->current != thread || !host_is_restarting(thread)) {
            return (err_t)thread->registers.op;
        }
    }
    CHECK(false, "a call that is interrupted again and again gets through in the end");
    return ERR_OK;
}

uint64_t result_word(uint32_t number)
{
    return the_core()->current->registers.words[number];
}

/* --- Making things ------------------------------------------------------------------------------- */

err_t object_make_from(uint32_t untyped, enum object_type type, uint64_t size, uint32_t slot)
{
    return CALL(untyped, UNTYPED_RETYPE, type, size, 1, ROOT_SLOT_TABLE, slot);
}

err_t object_make(enum object_type type, uint64_t size, uint32_t slot)
{
    return object_make_from(ROOT_SLOT_UNTYPED, type, size, slot);
}

err_t slot_copy(uint32_t from, uint32_t to)
{
    return slot_copy_with(from, to, UINT32_MAX);
}

err_t slot_copy_with(uint32_t from, uint32_t to, uint32_t rights)
{
    return CALL(ROOT_SLOT_TABLE, CAP_TABLE_COPY, to, ROOT_SLOT_TABLE, from, rights);
}

err_t slot_mint(uint32_t from, uint32_t to, uint64_t badge)
{
    return CALL(ROOT_SLOT_TABLE, CAP_TABLE_MINT, to, ROOT_SLOT_TABLE, from, UINT32_MAX, badge);
}

err_t slot_pages(uint32_t from, uint32_t to, uint32_t first, uint32_t count)
{
    return CALL(ROOT_SLOT_TABLE, CAP_TABLE_MINT_PAGES, to, ROOT_SLOT_TABLE, from, UINT32_MAX, first,
                count);
}

err_t slot_delete(uint32_t slot)
{
    return CALL(ROOT_SLOT_TABLE, CAP_TABLE_DELETE, slot);
}

err_t slot_revoke(uint32_t slot)
{
    return CALL(ROOT_SLOT_TABLE, CAP_TABLE_REVOKE, slot);
}

void thread_make_from(uint32_t untyped, uint32_t slot, uint32_t rank, uint32_t priority)
{
    OK(object_make_from(untyped, OBJECT_THREAD, rank, slot), "a thread is made");
    OK(object_make_from(untyped, OBJECT_SCHED_CONTEXT, 0, slot + 1), "and a context");
    OK(CALL(slot, THREAD_CONFIGURE, ROOT_SLOT_TABLE, ROOT_SLOT_VSPACE), "it gets table and space");
    OK(CALL(slot + 1, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, priority, BUDGET_NS, BUDGET_NS,
            0),
       "the context is configured");
    OK(CALL(slot + 1, SCHED_CONTEXT_BIND, slot), "and bound");
}

void thread_make(uint32_t slot, uint32_t rank, uint32_t priority)
{
    thread_make_from(ROOT_SLOT_UNTYPED, slot, rank, priority);
}

void thread_begin(uint32_t slot)
{
    OK(CALL(slot, THREAD_RESUME, 0), "the thread is started");
    CHECK(the_core()->current == thread_at(slot), "and runs, for it is more important");
}

/* --- Waiting ------------------------------------------------------------------------------------- */

static err_t message(uint32_t number, uint32_t at, uint32_t words, ns_t deadline_ns)
{
    return request_run(&(struct request){
        number, at, MSG_INFO(7, words, 0), deadline_ns, ~0ull, { 1, 2, 3, 4, 5, 6, 7, 8 } });
}

err_t call_send(uint32_t endpoint, uint32_t words, ns_t deadline_ns)
{
    return message(SYSCALL_CALL, endpoint, words, deadline_ns);
}

err_t call_receive(uint32_t endpoint, ns_t deadline_ns)
{
    return message(SYSCALL_RECEIVE, endpoint, 0, deadline_ns);
}

err_t call_reply(uint32_t words)
{
    return message(SYSCALL_REPLY, 0, words, DEADLINE_NEVER);
}

err_t call_reply_receive(uint32_t endpoint, uint32_t words)
{
    return message(SYSCALL_REPLY_RECEIVE, endpoint, words, DEADLINE_NEVER);
}

err_t call_wait(uint32_t notification, uint64_t mask, uint32_t holder)
{
    return request_run(
        &(struct request){ SYSCALL_WAIT, notification, 0, DEADLINE_NEVER, mask, { holder } });
}

err_t call_signal(uint32_t notification)
{
    return request_run(&(struct request){ SYSCALL_SIGNAL, notification, 0, 0, 0, { 0 } });
}

void call_fault(uint32_t kind)
{
    host_fault(the_core(), &(struct arch_fault){ .kind = (enum fault)kind });
}
