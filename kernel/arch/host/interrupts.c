/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of the simulated machine: lines, messages, timers, faults of devices, and what one core wants of
 * another. Must stay true: each comes to one core, and only when a test lets that core take it.
 */
#include "machine.h"

#include "core/alone.h"

enum { DELIVER_MAX = 1000 };

uint32_t arch_irq_line_count(void)
{
    return HOST_LINES;
}

static struct host_line *line_of(uint32_t line)
{
    if (line >= HOST_LINES) {
        host_fail("the kernel uses an interrupt line that does not exist");
    }
    return &host.lines[line];
}

void arch_irq_line_route(uint32_t line, const struct core *core, uint32_t vector, bool level,
                         bool active_low)
{
    struct host_line *routed = line_of(line);

    (void)active_low;
    if (vector >= ARCH_IRQ_VECTORS) {
        host_fail("the kernel routes a line to a vector that does not exist");
    }
    routed->vector = vector;
    routed->is_routed = true;
    host.vector_core[vector] = (uint8_t)core->arch.host_number;
    routed->is_level = level;
    routed->is_masked = true;
    routed->is_raised = false;
}

void arch_irq_line_mask(uint32_t line, bool masked)
{
    line_of(line)->is_masked = masked;
}

void arch_irq_shut_below(struct core *core, uint32_t band)
{
    host.cores[core->arch.host_number].class_min = arch_irq_class(band);
}

uint32_t host_irq_class_min(const struct core *core)
{
    return host.cores[core->arch.host_number].class_min;
}

void arch_irq_acknowledge(uint32_t vector)
{
    if (vector >= ARCH_IRQ_VECTORS || !host.in_service[vector]) {
        host_fail("the kernel acknowledges an interrupt that was not delivered");
    }
    host.in_service[vector] = false;
}

void arch_irq_msi(const struct core *core, uint32_t vector, uint32_t source, uint64_t *address,
                  uint32_t *data)
{
    host.vector_core[vector] = (uint8_t)core->arch.host_number;
    host.msi_sources[vector] = source;
    host.msi_masked[vector] = false;
    *address = 0xfee00000u;
    *data = vector;
}

void arch_irq_message_mask(uint32_t vector, bool masked)
{
    if (host.msi_sources[vector] == HOST_NO_SOURCE) {
        host_fail("the kernel masks a message that nobody may send");
    }
    host.msi_masked[vector] = masked && host.has_iommu;
}

void arch_irq_release(uint32_t vector)
{
    host.msi_sources[vector] = HOST_NO_SOURCE;
    host.msi[vector] = false;
}

bool arch_irq_is_remapped(void)
{
    return host.has_iommu;
}

void host_line_raise(uint32_t line)
{
    line_of(line)->is_raised = true;
}

void host_line_lower(uint32_t line)
{
    line_of(line)->is_raised = false;
}

void host_msi_raise(uint32_t vector, uint32_t source)
{
    if (!host.has_iommu || host.msi_sources[vector] == source) {
        host.msi[vector] = host.msi[vector] || !host.msi_masked[vector];
    } else {
        host_message_refuse(source, vector);
    }
}

uint32_t host_msi_source(uint32_t vector)
{
    return host.msi_sources[vector];
}

static bool is_let_in(uint32_t core, uint32_t vector)
{
    return host.vector_core[vector] == core &&
           vector / ARCH_IRQ_CLASS_VECTORS >= host.cores[core].class_min;
}

/* The lowest vector that waits for a core, and that it takes; false: none. */
static bool vector_pending(uint32_t core, uint32_t *vector)
{
    for (uint32_t i = 0; i < HOST_LINES; i++) {
        if (host.lines[i].is_routed && host.lines[i].is_raised && !host.lines[i].is_masked &&
            is_let_in(core, host.lines[i].vector)) {
            *vector = host.lines[i].vector;
            return true;
        }
    }
    for (uint32_t i = 0; i < ARCH_IRQ_VECTORS; i++) {
        if (host.msi[i] && is_let_in(core, i)) {
            *vector = i;
            return true;
        }
    }
    return false;
}

static void vector_take(uint32_t vector)
{
    host.msi[vector] = false;
    for (uint32_t i = 0; i < HOST_LINES; i++) {
        if (host.lines[i].vector == vector && !host.lines[i].is_level) {
            host.lines[i].is_raised = false;
        }
    }
    host.in_service[vector] = true;
}

/* The unit interrupts one core, as it does on hardware. */
static bool unit_interrupts(uint32_t core)
{
    return core == 0 && host_iommu_interrupts();
}

static bool timer_is_due(const struct host_core *core)
{
    return core->armed_ns <= host.now_ns;
}

bool host_interrupt_waits(const struct core *core)
{
    const struct host_core *simulated = &host.cores[core->arch.host_number];
    uint32_t vector;

    return simulated->is_poked || timer_is_due(simulated) ||
           vector_pending(core->arch.host_number, &vector) ||
           unit_interrupts(core->arch.host_number);
}

bool arch_interrupt_pending(struct core *core)
{
    host.preempt_looks++;
    if (host.preempt_looks == host.preempt_at) {
        host.preempt_forced = true;
    }
    return host.preempt_forced || host_interrupt_waits(core);
}

void host_preempt_at(uint32_t nth)
{
    host.preempt_at = nth;
    host.preempt_looks = 0;
    host.preempt_forced = false;
}

uint32_t host_preempt_looks(void)
{
    return host.preempt_looks;
}

static void interrupt(struct core *core, uint32_t vector)
{
    host_enter(core);
    if (!core_try_interrupt(core, vector)) {
        host_begin_anew(core);
        core_on_interrupt(core, vector);
    }
    host_finish(core);
}

static void deliver_vector(struct core *core, uint32_t vector)
{
    vector_take(vector);
    interrupt(core, vector);
    if (host.in_service[vector]) {
        host_fail("the kernel did not acknowledge an interrupt");
    }
}

uint32_t host_interrupts_deliver(struct core *core)
{
    struct host_core *simulated = &host.cores[core->arch.host_number];
    uint32_t count = 0;
    uint32_t vector;

    host.active = core->arch.host_number;
    host.preempt_forced = false;
    for (;; count++) {
        if (simulated->is_poked) {
            simulated->is_poked = false;
            interrupt(core, ARCH_VECTOR_POKE);
        } else if (timer_is_due(simulated)) {
            simulated->armed_ns = DEADLINE_NEVER;
            interrupt(core, ARCH_VECTOR_TIMER);
        } else if (vector_pending(host.active, &vector)) {
            deliver_vector(core, vector);
        } else if (unit_interrupts(host.active)) {
            host.iommu.is_again = false;
            core_on_dma_fault(core);
        } else {
            return count;
        }
        if (count > DELIVER_MAX) {
            host_fail("an interrupt comes again and again");
        }
    }
}

/* --- Other cores ------------------------------------------------------------------------------- */

bool arch_core_is_this(const struct core *core)
{
    return core->arch.host_number == host.active;
}

/* Cores take turns here, and a test lets none go on before its interrupts were delivered. */
void arch_core_interrupt(struct core *core)
{
    arch_core_poke(core);
}

/* Cores take turns, and none keeps a lock. */
bool arch_others_wait(struct core *core)
{
    (void)core;
    host_fail("a core waits for another, which does not run");
}

void arch_core_poke(struct core *core)
{
    host.cores[core->arch.host_number].is_poked = true;
    host.pokes++;
}

bool host_is_poked(const struct core *core)
{
    return host.cores[core->arch.host_number].is_poked;
}

uint64_t host_pokes(void)
{
    return host.pokes;
}
