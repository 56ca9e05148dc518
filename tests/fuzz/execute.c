/* SPDX-License-Identifier: MIT */
/* Doing one step on the simulated machine: see step.h. */
#include <stdio.h>
#include <string.h>

#include "arch_host/machine.h"
#include "arch_host/root.h"
#include "core/core.h"
#include "crew.h"
#include "execute.h"
#include "foreign.h"
#include "oracle.h"

#define AGE_NS 1000000000000ull

enum {
    RAM_BYTES = 16 << 20,
    TICK_NS = 20,
    UNTYPED_PIECES = 7,
    TABLE_LOG2 = 9,
    PRIORITY = 100,
    USER_IP = 0x401000
};

static struct {
    struct tally *tally;
    struct step_result result;
    uint64_t serial; /* makes messages differ */
} run;

const struct step_result *step_result(void)
{
    return &run.result;
}

void steps_begin(struct tally *tally, uint32_t cores)
{
    run.tally = tally;
    run.serial = 0;
    host_start(&(struct host_options){
        .ram_bytes = RAM_BYTES, .tick_ns = TICK_NS, .cores = cores, .has_iommu = true });
    (void)host_root_create(&(struct host_root_options){
        .table_log2 = TABLE_LOG2, .untyped_count = UNTYPED_PIECES, .priority = PRIORITY });
    if (cores > 1) {
        crew_make();
    }
}

void steps_end(void)
{
    run.tally->pokes += host_pokes();
    host_stop();
}

bool steps_are_over(void)
{
    for (uint32_t i = 0; i < host_core_count(); i++) {
        const struct core *core = host_core(i);

        /* Events at the end of time do not count: the clock would wrap around. */
        if (core->current != NULL || host_interrupt_waits(core) ||
            host_time_armed(core) <= host_time() + AGE_NS) {
            return false;
        }
    }
    return true;
}

const char *step_op_name(uint32_t op)
{
    static const char *const syscalls[16] = {
        "call",    "reply_receive", "receive", "reply", "signal", "wait", "poll", "yield",
        "version", "method",        "10",      "11",    "12",     "13",   "14",   "other number",
    };

    return op < FUZZ_OPS ? fuzz_ops[op].name : syscalls[(op - FUZZ_OPS) % 16];
}

void step_print(const struct step *step)
{
    static const char *const kinds[STEP_KINDS] = { "syscall", "restart", "fault", "access",
                                                   "line",    "msi",     "dma",   "time" };
    uint32_t op =
        step->method != STEP_NO_METHOD ? step->method : FUZZ_OPS + (uint32_t)(step->op & 15);

    printf("core %u %s", step->core, kinds[step->kind]);
    if (step->kind == STEP_SYSCALL) {
        printf(" %s at %u label %u words %u caps %u", step_op_name(op), (unsigned)(step->op >> 32),
               MSG_LABEL(step->info), MSG_WORDS(step->info), MSG_CAPS(step->info));
        if (step->time != DEADLINE_NEVER) {
            printf(" deadline %llu", (unsigned long long)step->time);
        }
        printf(" bits %llx", (unsigned long long)step->bits);
    }
    printf(":");
    for (int i = 0; i < (int)MSG_REGISTER_WORDS; i++) {
        printf(" %llx", (unsigned long long)step->words[i]);
    }
    if (step->kind == STEP_SYSCALL && MSG_CAPS(step->info) != 0) {
        printf(" send");
        for (int i = 0; i < (int)MSG_CAPS_MAX; i++) {
            printf(" %x", step->send_caps[i]);
        }
    }
    if (step->receive_slots[0] != 0) {
        printf(" into");
        for (int i = 0; i < (int)MSG_CAPS_MAX; i++) {
            printf(" %u", step->receive_slots[i]);
        }
    }
    if (step->late) {
        printf(" late");
    }
    if (step->preempt != 0) {
        printf(" preempt %u", step->preempt);
    }
    printf(" +%llu ns\n", (unsigned long long)step->after_ns);
}

/* --- Counting what was seen ---------------------------------------------------------------------- */

/* rcx, which a system call loses, keeps which call the thread is making: kind + 1, or 0. */
static void count_result(struct thread *thread)
{
    uint64_t op = thread->registers.lost[0];

    if (op != 0 && op <= STEP_OPS && !host_is_restarting(thread)) {
        run.tally->pairs[op - 1][thread->registers.op % STEP_ERRORS]++;
        thread->registers.lost[0] = 0;
    }
}

static void count_call(const struct thread *caller)
{
    run.tally->calls++;
    run.tally->calls_of_several += host_core_count() > 1;
    run.tally->crossings += caller->plain_on != NULL ||
                            (caller->served_by != NULL && caller->served_by->home != caller->home);
}

/* --- Steps ----------------------------------------------------------------------------------------- */

static void buffer_write(struct thread *thread, const struct step *step)
{
    struct msg_buffer *buffer = thread->buffer;

    if (buffer == NULL) {
        return;
    }
    run.serial++;
    for (uint32_t i = MSG_REGISTER_WORDS; i < MSG_WORDS_MAX; i++) {
        buffer->words[i] = run.serial << 8 | i;
    }
    memcpy(buffer->send_caps, step->send_caps, sizeof(buffer->send_caps));
    memcpy(buffer->receive_slots, step->receive_slots, sizeof(buffer->receive_slots));
}

/* A fault, or a system call that is not native, at that place. */
static bool run_reflected(struct core *core, const struct arch_fault *fault, uint64_t ip,
                          const char **why)
{
    struct foreign foreign;

    foreign_foresee(&foreign, core->current, fault, ip);
    run.tally->faults++;
    if (fault->kind == FAULT_SYSCALL) {
        host_syscall_at(core, ip);
    } else {
        host_fault(core, fault);
    }
    run.tally->reflections += foreign.is_reflected;
    return foreign_agrees(&foreign, core->current, why);
}

static bool run_syscall(struct core *core, const struct step *step, const char **why)
{
    uint64_t ip = step->in_shim ? HOST_SHIM_IP : HOST_SYSCALL_IP;
    struct thread *thread = core->current;
    struct arch_registers *registers = &thread->registers;
    struct oracle oracle;

    registers->op = step->op;
    registers->info = step->info;
    registers->time = step->time;
    registers->bits = step->bits;
    memcpy(registers->words, step->words, sizeof(registers->words));
    if (!foreign_is_native(thread, ip)) {
        return run_reflected(core, &(struct arch_fault){ .kind = FAULT_SYSCALL }, ip, why);
    }
    registers->lost[0] =
        step->method != STEP_NO_METHOD ? step->method + 1u : FUZZ_OPS + (step->op & 15) + 1;
    buffer_write(thread, step);
    oracle_foresee(step, thread, &oracle);
    host_syscall_at(core, ip);
    count_call(thread);
    if (core->current == thread && host_is_restarting(thread)) {
        run.tally->restarts++;
        oracle.message.to = NULL;
    } else if (core->current == thread) {
        run.result.error = (err_t)registers->op;
        run.result.is_method = step->method != STEP_NO_METHOD;
        if (run.result.error) {
            oracle.message.to = NULL;
        }
    }
    return oracle_agrees(&oracle, core->current == thread ? thread : NULL, why);
}

static bool run_fault(struct core *core, uint32_t kind, uint64_t address, uint64_t detail,
                      const char **why)
{
    struct arch_fault fault = { .kind = (enum fault)kind, .address = address, .detail = detail };

    return run_reflected(core, &fault, core->current->registers.ip, why);
}

static bool run_access(struct core *core, const struct step *step, const char **why)
{
    phys_t phys;
    uint32_t fault = host_user_access(core, step->words[0], (uint32_t)step->words[1], &phys);

    if (fault != 0) {
        return run_fault(core, fault, step->words[0], step->words[1] >> 1, why);
    }
    if (!host_is_ram(phys, 1) && phys - HOST_DEVICE_BASE >= HOST_DEVICE_BYTES) {
        *why = "a program reaches a physical address where nothing is";
        return false;
    }
    return true;
}

static bool run_dma(const struct step *step, const char **why)
{
    phys_t phys;

    if (host_dma((uint32_t)step->words[0], step->words[1], step->words[2] != 0, &phys) &&
        !host_is_ram(phys, 1)) {
        *why = "a device reaches a physical address that is not memory";
        return false;
    }
    return true;
}

static bool run_user(struct core *core, const struct step *step, const char **why)
{
    struct thread *thread = core->current;

    if (host_is_restarting(thread) || step->kind == STEP_RESTART) {
        /* Whatever was to come: the interrupted call comes first. */
        if (host_is_restarting(thread) && foreign_is_native(thread, thread->registers.ip)) {
            host_syscall(core);
            count_call(thread);
        } else if (host_is_restarting(thread)) {
            return run_reflected(core, &(struct arch_fault){ .kind = FAULT_SYSCALL },
                                 thread->registers.ip, why);
        }
        return true;
    }
    count_result(thread);
    switch (step->kind) {
    case STEP_SYSCALL:
        return run_syscall(core, step, why);
    case STEP_FAULT:
        return run_fault(core, (uint32_t)step->words[0], step->words[1], step->words[2], why);
    default:
        return run_access(core, step, why);
    }
}

static void take_interrupts(struct core *core)
{
    uint32_t count = host_interrupts_deliver(core);

    run.result.interrupts += count;
    run.tally->interrupts += count;
}

bool step_run(const struct step *step, const char **why)
{
    struct core *core = host_core(step->core);
    bool good = true;

    run.tally->steps++;
    run.result = (struct step_result){ .error = ERR_OK };
    take_interrupts(core);
    run.result.was_restarting = core->current != NULL && host_is_restarting(core->current);
    run.result.may_revoke =
        run.result.was_restarting ||
        (step->kind == STEP_SYSCALL &&
         (MSG_LABEL(step->info) == CAP_TABLE_DELETE || MSG_LABEL(step->info) == CAP_TABLE_REVOKE));
    run.result.actor = core->current;
    host_preempt_at(step->preempt);
    switch (step->kind) {
    case STEP_LINE:
        if (step->words[1] != 0) {
            host_line_raise((uint32_t)step->words[0]);
        } else {
            host_line_lower((uint32_t)step->words[0]);
        }
        break;
    case STEP_MSI:
        host_msi_raise((uint32_t)step->words[0], (uint32_t)step->words[1]);
        break;
    case STEP_DMA:
        good = run_dma(step, why);
        break;
    case STEP_NOTHING:
        break;
    default:
        good = core->current == NULL || run_user(core, step, why);
        break;
    }
    host_time_advance(step->after_ns);
    host_preempt_at(0);
    take_interrupts(core);
    for (uint32_t i = 0; i < host_core_count() && !step->late; i++) {
        take_interrupts(host_core(i));
    }
    return good;
}
