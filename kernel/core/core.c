/* SPDX-License-Identifier: MIT */
/* The ways into the kernel: system calls, faults, interrupts. */
#include "core/core.h"

#include "cap/revoke.h"
#include "core/alone.h"
#include "core/trace.h"
#include "core/turn.h"
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

    if (core_is_alone(core) && !alone_invoke(core, caller, target, info) && !core_widen(core)) {
        return KERNEL_RESTART;
    }
    trace_event(core, TRACE_METHOD, target->type, MSG_LABEL(info));
    err_t err = method_dispatch(&inv, &info, caller->registers.words);

    turns_unlock(core);
    if (core->current != caller) {
        return KERNEL_RESTART; /* it destroyed itself: nobody is left to be told */
    }
    if (!err) {
        thread_answer(caller, ERR_OK, info, 0);
    }
    return err;
}

/* The call did not succeed: it starts again, or its caller is told. */
static __attribute__((noinline)) err_t fail(struct core *core, struct thread *caller, err_t err)
{
    /* A delete may take the very capability it was called on: what is left of it is done all the same. */
    if (err != KERNEL_RESTART) {
        err = cap_sweep_finish(core, err);
    }
    if (err != KERNEL_RESTART) {
        thread_answer(caller, err, 0, 0);
    } else if (core->current == caller) {
        arch_syscall_restart(&caller->registers);
    }
    return err;
}

/* What is left to do after a call that failed, or is traced. */
static __attribute__((noinline)) void finish(struct core *core, struct thread *caller, err_t err)
{
    if (err) {
        if (core_is_alone(core) && thread_has_begun_sweep(caller) && !core_widen(core)) {
            return;
        }
        err = fail(core, caller, err);
    }
    if (core->must_dispatch) {
        core_dispatch(core);
    }
    trace_event(core, TRACE_EXIT, (uint64_t)err, (uint64_t)(uintptr_t)core->current);
}

/* Every system call ends here. */
static inline void end(struct core *core, struct thread *caller, err_t err)
{
    if (__builtin_expect(err != ERR_OK || core_trace.is_on, 0)) {
        finish(core, caller, err);
    } else if (core->must_dispatch) {
        core_dispatch(core);
    }
}

static __attribute__((noinline)) void on_call(struct core *core, struct thread *caller,
                                              uint64_t addr, bool is_method)
{
    struct cap *target;
    err_t err = cap_lookup_any(caller->table, addr, &target);

    if (!err) {
        err = target->type == OBJECT_ENDPOINT && !is_method ? ipc_call(core, caller, target)
                                                            : invoke(core, caller, target);
        if (core_has_declined(core)) {
            return;
        }
    }
    end(core, caller, err);
}

static __attribute__((noinline)) void on_signal(struct core *core, struct thread *caller,
                                                uint64_t addr)
{
    struct cap *cap;
    err_t err = cap_lookup(caller->table, addr, OBJECT_NOTIFICATION, RIGHT_SIGNAL, &cap);

    if (!err) {
        if (core_is_alone(core) && !alone_send(core, cap->object) && !core_widen(core)) {
            return;
        }
        notification_signal(core, cap->object, cap->badge);
        if (core_has_declined(core)) {
            return;
        }
        thread_answer(caller, ERR_OK, 0, 0);
    }
    end(core, caller, err);
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

static __attribute__((noinline)) void on_yield(struct core *core, struct thread *caller)
{
    thread_answer(caller, ERR_OK, 0, 0);
    core_yield(core);
    end(core, caller, ERR_OK);
}

static __attribute__((noinline)) void on_any(struct core *core, struct thread *caller,
                                             uint32_t number, uint64_t addr)
{
    err_t err = ERR_BAD_CALL;

    switch (number) {
    case SYSCALL_METHOD:
        on_call(core, caller, addr, true);
        return;
    case SYSCALL_REPLY_RECEIVE:
        err = ipc_reply_receive(core, caller, addr);
        break;
    case SYSCALL_RECEIVE:
        err = ipc_receive(core, caller, addr);
        break;
    case SYSCALL_REPLY:
        err = ipc_reply(core, caller, addr);
        if (!err) {
            thread_answer(caller, ERR_OK, 0, 0);
        }
        break;
    case SYSCALL_WAIT:
    case SYSCALL_POLL:
        err = on_wait(core, caller, addr, number == SYSCALL_WAIT);
        break;
    case SYSCALL_ABI_VERSION:
        caller->registers.words[0] = ABI_HASH;
        thread_answer(caller, ERR_OK, 0, 0);
        err = ERR_OK;
        break;
    default:
        break;
    }
    if (!core_has_declined(core)) {
        end(core, caller, err);
    }
}

static inline void on_syscall(struct core *core, struct thread *caller)
{
    uint32_t number = caller->registers.op & 0xffu;
    uint64_t addr = caller->registers.op >> 32;

    if (number == SYSCALL_CALL) {
        on_call(core, caller, addr, false);
    } else if (number == SYSCALL_SIGNAL) {
        on_signal(core, caller, addr);
    } else if (number == SYSCALL_YIELD) {
        on_yield(core, caller);
    } else {
        on_any(core, caller, number, addr);
    }
}

static __attribute__((noinline)) void on_traced(struct core *core, struct thread *caller)
{
    if (core_gives_up(core)) {
        return; /* one trace for all */
    }
    trace_event(core, TRACE_ENTRY, caller->registers.op & 0xffu,
                (uint64_t)MSG_LABEL(caller->registers.info) << 32 | caller->registers.op >> 32);
    on_syscall(core, caller);
}

/* Each kind ends by itself: so none has to keep what another needs. */
void core_on_syscall(struct core *core)
{
    if (__builtin_expect(core_trace.is_on, 0)) {
        on_traced(core, core->current);
    } else {
        on_syscall(core, core->current);
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
    if (core_trace.is_on && core_gives_up(core)) {
        return;
    }
    trace_event(core, TRACE_FAULT, fault->kind, fault->address);
    if ((core->current->reflects >> fault->kind & 1) == 0 ||
        !thread_reflect(core->current, fault)) {
        ipc_fault(core, core->current, fault);
    }
    if (!core_has_declined(core)) {
        leave(core);
    }
}

void core_on_dma_fault(struct core *core)
{
    if (core_gives_up(core)) {
        return;
    }
    dma_fault_take(core);
    leave(core);
}

static __attribute__((noinline)) void on_other_interrupt(struct core *core, uint32_t vector)
{
    if (core_trace.is_on && vector != ARCH_VECTOR_POKE && core_gives_up(core)) {
        return;
    }
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
