/* SPDX-License-Identifier: MIT */
/* The ways into the kernel: system calls, faults, interrupts. */
#include "core/core.h"

#include <stddef.h>

#include "cap/revoke.h"
#include "core/trace.h"
#include "ipc/fast.h"
#include "ipc/ipc.h"
#include "kernel_gen/methods.h"
#include "object/thread_life.h"
#include "object/timer.h"
#include "sched/sched.h"

void core_init(struct core *core, struct machine *machine, uint32_t number)
{
    core->machine = machine;
    core->number = number;
    machine->cores[number] = core;
    core->has_all = true; /* until it first leaves the kernel */
    if (number == 0) {
        cap_sweep_init(&machine->left_behind);
    }
    core->armed_ns = DEADLINE_NEVER;
    for (uint32_t band = 0; band < TIMER_BANDS; band++) {
        queue_init(&core->timers[band], 64);
    }
}

void core_join(struct machine *machine, struct core *core)
{
    core_init(core, machine, machine->core_count);
    machine->core_count++;
}

void core_part(struct machine *machine)
{
    machine->core_count--;
}

struct cap_table *invocation_table(const struct invocation *inv)
{
    return inv->caller->table;
}

/* A method of a kernel object. The caller may be gone afterwards. */
static err_t invoke(struct core *core, struct thread *caller, struct cap *target)
{
    struct invocation inv = { core, caller, target };
    msg_info_t info = caller->registers.info;

    trace_event(core, TRACE_METHOD, target->type, MSG_LABEL(info));
    err_t err = method_dispatch(&inv, &info, caller->registers.words);

    if (core->current != caller) {
        return KERNEL_RESTART; /* it destroyed itself: nobody is left to be told */
    }
    if (!err) {
        caller->registers.op = ERR_OK;
        caller->registers.info = info;
        caller->registers.time = 0;
        caller->registers.bits = 0;
    }
    return err;
}

static err_t on_call(struct core *core, struct thread *caller, uint64_t addr, bool is_method)
{
    struct cap *target;
    err_t err = cap_lookup_any(caller->table, addr, &target);

    if (err) {
        return err;
    }
    if (target->type == OBJECT_ENDPOINT && !is_method) {
        return ipc_call(core, caller, target);
    }
    return invoke(core, caller, target);
}

static err_t done(struct thread *caller)
{
    caller->registers.op = ERR_OK;
    caller->registers.info = 0;
    caller->registers.time = 0;
    caller->registers.bits = 0;
    return ERR_OK;
}

static err_t on_signal(struct core *core, struct thread *caller, uint64_t addr)
{
    struct cap *cap;
    err_t err = cap_lookup(caller->table, addr, OBJECT_NOTIFICATION, RIGHT_SIGNAL, &cap);

    if (err) {
        return err;
    }
    (void)done(caller);
    notification_signal(core, cap->object, cap->badge);
    return ERR_OK;
}

static err_t on_wait(struct core *core, struct thread *caller, uint64_t addr, bool may_wait)
{
    struct cap *cap;
    err_t err = cap_lookup(caller->table, addr, OBJECT_NOTIFICATION, RIGHT_WAIT, &cap);

    if (err) {
        return err;
    }
    return may_wait ? notification_wait(core, caller, cap) : notification_poll(core, caller, cap);
}

static err_t on_other(struct core *core, struct thread *caller, uint32_t number, uint64_t addr)
{
    err_t err;

    switch (number) {
    case SYSCALL_METHOD:
        return on_call(core, caller, addr, true);
    case SYSCALL_RECEIVE:
        return ipc_receive(core, caller, addr);
    case SYSCALL_REPLY:
        err = ipc_reply(core, caller, addr);
        return err ? err : done(caller);
    case SYSCALL_SIGNAL:
        return on_signal(core, caller, addr);
    case SYSCALL_WAIT:
        return on_wait(core, caller, addr, true);
    case SYSCALL_POLL:
        return on_wait(core, caller, addr, false);
    case SYSCALL_YIELD:
        current_yield(core);
        return done(caller);
    case SYSCALL_ABI_VERSION:
        caller->registers.words[0] = ABI_HASH;
        return done(caller);
    default:
        return ERR_BAD_CALL;
    }
}

/* The entry code has done what can be done fast, if it does that; and nothing is while the trace is on. */
static inline bool may_be_fast(void)
{
    return !ARCH_FAST_ENTRY && !core_trace.is_on;
}

static inline err_t run(struct core *core, struct thread *caller, uint32_t number, uint64_t addr)
{
    if (number == SYSCALL_CALL) {
        return may_be_fast() && ipc_call_fast(core, caller, addr)
                   ? ERR_OK
                   : on_call(core, caller, addr, false);
    }
    if (number == SYSCALL_REPLY_RECEIVE) {
        return may_be_fast() && ipc_reply_receive_fast(core, caller, addr)
                   ? ERR_OK
                   : ipc_reply_receive(core, caller, addr);
    }
    return on_other(core, caller, number, addr);
}

/* The call did not succeed: it starts again, or its caller is told. */
static __attribute__((noinline)) err_t fail(struct core *core, struct thread *caller, err_t err)
{
    /* A delete may take the very capability it was called on: what is left of it is done all the same. */
    if (err != KERNEL_RESTART) {
        err = cap_sweep_finish(core, err);
    }
    if (err != KERNEL_RESTART) {
        (void)done(caller);
        caller->registers.op = (uint64_t)err;
    } else if (core->current == caller) {
        arch_syscall_restart(&caller->registers);
    }
    return err;
}

/* What is left to do after some system calls, and none of the fast ones. */
static void finish(struct core *core, struct thread *caller, err_t err)
{
    if (err) {
        err = fail(core, caller, err);
    }
    if (core->must_dispatch) {
        core_dispatch(core);
    }
    trace_event(core, TRACE_EXIT, (uint64_t)err, (uint64_t)(uintptr_t)core->current);
}

void core_on_syscall(struct core *core)
{
    struct thread *caller = core->current;
    uint32_t number = caller->registers.op & 0xffu;
    uint64_t addr = caller->registers.op >> 32;

    trace_event(core, TRACE_ENTRY, number,
                (uint64_t)MSG_LABEL(caller->registers.info) << 32 | addr);
    err_t err = run(core, caller, number, addr);

    if (__builtin_expect(err != ERR_OK || core->must_dispatch || core_trace.is_on, 0)) {
        finish(core, caller, err);
    }
}

static inline void leave(struct core *core)
{
    if (core->must_dispatch) {
        core_dispatch(core);
    }
    trace_event(core, TRACE_EXIT, ERR_OK, (uint64_t)(uintptr_t)core->current);
}

void core_on_fault(struct core *core, const struct arch_fault *fault)
{
    trace_event(core, TRACE_FAULT, fault->kind, fault->address);
    if ((core->current->reflects >> fault->kind & 1) == 0 ||
        !thread_reflect(core->current, fault)) {
        ipc_fault(core, core->current, fault);
    }
    leave(core);
}

void core_on_dma_fault(struct core *core)
{
    dma_faults_take(core);
    leave(core);
}

static __attribute__((noinline)) void on_other_interrupt(struct core *core, uint32_t vector)
{
    trace_event(core, TRACE_INTERRUPT, vector, 0);
    if (vector == ARCH_VECTOR_TIMER) {
        timers_on_interrupt(core);
    } else if (ARCH_CORES > 1 && vector == ARCH_VECTOR_POKE) {
        timers_cover_all(core);
        core->must_dispatch = true;
    } else {
        assert(vector < ARCH_IRQ_VECTORS);
        irq_on_interrupt(core, vector);
    }
    leave(core);
}

/* A device's, while nobody traces, is what must be short. */
void core_on_interrupt(struct core *core, uint32_t vector)
{
    if (__builtin_expect(vector >= ARCH_IRQ_VECTORS || core_trace.is_on, 0)) {
        on_other_interrupt(core, vector);
        return;
    }
    irq_on_interrupt(core, vector);
    if (core->must_dispatch) {
        core_dispatch(core);
    }
}
