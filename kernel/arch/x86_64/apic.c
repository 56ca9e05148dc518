/* SPDX-License-Identifier: MIT */
/*
 * Interrupt controllers: the local APIC (SDM volume 3, chapter 10), the IOAPICs (Intel 82093AA),
 * and the two old PICs, which are told to be quiet.
 */
#include "arch/arch.h"
#include "arch_private.h"
#include "core/core.h"
#include "cpu.h"
#include "offsets.h"

/* Local APIC registers, as offsets of memory; in x2APIC mode MSR_X2APIC + offset / 16. */
#define LAPIC_ID 0x020u
#define LAPIC_TASK_PRIORITY 0x080u
#define LAPIC_END 0x0b0u
#define LAPIC_SPURIOUS 0x0f0u
#define LAPIC_COMMAND 0x300u
#define LAPIC_COMMAND_HIGH 0x310u
#define LAPIC_TIMER 0x320u
#define LAPIC_LINT0 0x350u
#define LAPIC_LINT1 0x360u
#define LAPIC_ERROR 0x370u
#define LAPIC_INITIAL 0x380u
#define LAPIC_CURRENT 0x390u
#define LAPIC_DIVIDE 0x3e0u

#define LAPIC_SPURIOUS_ON 0x100u
#define LAPIC_MASKED 0x10000u
#define LAPIC_NMI 0x400u
#define LAPIC_ASSERT 0x4000u
#define LAPIC_SENDING 0x1000u
#define LAPIC_TIMER_DEADLINE 0x40000u
#define LAPIC_DIVIDE_BY_1 0x0bu

#define IOAPIC_SELECT 0
#define IOAPIC_DATA 4 /* as an index of 32-bit words: offset 0x10 */
#define IOAPIC_VERSION 0x01u
#define IOAPIC_ENTRIES 0x10u
#define IOAPIC_ACTIVE_LOW 0x2000u
#define IOAPIC_LEVEL 0x8000u
#define IOAPIC_MASKED 0x10000u

#define IRQ_LINES_MAX 256u

#define PIC_FIRST_DATA 0x21u
#define PIC_SECOND_DATA 0xa1u

#define MSI_ADDRESS 0xfee00000u
#define MSI_REMAPPED 0x10u
#define MSI_ENTRY_SHIFT 5u
#define IOAPIC_REMAPPED 0x10000u /* in the upper half of an entry: VT-d 5.1.5.1 */
#define IOAPIC_ENTRY_SHIFT 17u

struct ioapic {
    volatile uint32_t *registers;
    uint32_t first_line;
    uint32_t line_count;
};

struct apics {
    volatile uint32_t *lapic; /* NULL in x2APIC mode */
    uint32_t ioapic_count;
    struct ioapic ioapics[ACPI_IOAPIC_MAX];
    bool is_remapped;
    uint32_t sources[ACPI_IOAPIC_MAX]; /* is_remapped: of each IOAPIC */
    uint32_t line_count;
    uint32_t low[IRQ_LINES_MAX]; /* lower halves of the redirection entries */
};
static struct apics apics;

uint32_t lapic_read(uint32_t offset)
{
    return apics.lapic != NULL ? apics.lapic[offset / 4]
                               : (uint32_t)msr_read(MSR_X2APIC + offset / 16);
}

void lapic_write(uint32_t offset, uint32_t value)
{
    if (apics.lapic != NULL) {
        apics.lapic[offset / 4] = value;
    } else {
        msr_write(MSR_X2APIC + offset / 16, value);
    }
}

void lapic_registers_init(void)
{
    lapic_write(LAPIC_SPURIOUS, LAPIC_SPURIOUS_ON | VECTOR_SPURIOUS);
    lapic_write(LAPIC_TASK_PRIORITY, 0);
    lapic_write(LAPIC_LINT0, LAPIC_MASKED);
    lapic_write(LAPIC_LINT1, LAPIC_NMI); /* where PCs report what hardware cannot mend */
    lapic_write(LAPIC_ERROR, LAPIC_MASKED);
    lapic_write(LAPIC_TIMER, LAPIC_MASKED | VECTOR_TIMER);
    lapic_write(LAPIC_DIVIDE, LAPIC_DIVIDE_BY_1);
}

void lapic_init(phys_t base, bool forbids_x2apic)
{
    uint64_t state = msr_read(MSR_APIC_BASE) | APIC_BASE_ON;
    bool has_x2 = processor_takes_x2apic(&cpu_choice, forbids_x2apic, (state & APIC_BASE_X2) != 0);

    port_write8(PIC_FIRST_DATA, 0xff);
    port_write8(PIC_SECOND_DATA, 0xff);
    msr_write(MSR_APIC_BASE, has_x2 ? state | APIC_BASE_X2 : state);
    if (!has_x2) {
        apics.lapic = paging_map_device(base, 4096);
    }
    lapic_registers_init();
}

/* SDM volume 3, 10.6.1. In x2APIC mode the register is one, and nothing has to be waited for. */
void lapic_send(uint32_t id, uint32_t what)
{
    uint32_t command = LAPIC_ASSERT | what;

    if (apics.lapic == NULL) {
        fence_all(); /* such a write does not wait for those to memory before it: 10.12.3 */
        msr_write(MSR_X2APIC + LAPIC_COMMAND / 16, (uint64_t)id << 32 | command);
        return;
    }
    while ((lapic_read(LAPIC_COMMAND) & LAPIC_SENDING) != 0) {
        cpu_pause();
    }
    lapic_write(LAPIC_COMMAND_HIGH, id << 24);
    lapic_write(LAPIC_COMMAND, command);
}

bool lapic_is_x2apic(void)
{
    return apics.lapic == NULL;
}

void lapic_acknowledge(void)
{
    lapic_write(LAPIC_END, 0);
}

uint32_t lapic_id(void)
{
    uint32_t id = lapic_read(LAPIC_ID);

    return apics.lapic != NULL ? id >> 24 : id;
}

void lapic_count_start(void)
{
    lapic_write(LAPIC_INITIAL, UINT32_MAX);
}

uint32_t lapic_counted(void)
{
    return UINT32_MAX - lapic_read(LAPIC_CURRENT);
}

void lapic_timer_on(bool by_deadline)
{
    lapic_write(LAPIC_INITIAL, 0);
    lapic_write(LAPIC_TIMER, VECTOR_TIMER | (by_deadline ? LAPIC_TIMER_DEADLINE : 0u));
}

void lapic_count_from(uint32_t count)
{
    lapic_write(LAPIC_INITIAL, count);
}

static uint32_t ioapic_read(const struct ioapic *ioapic, uint32_t number)
{
    ioapic->registers[IOAPIC_SELECT] = number;
    return ioapic->registers[IOAPIC_DATA];
}

static void ioapic_write(const struct ioapic *ioapic, uint32_t number, uint32_t value)
{
    ioapic->registers[IOAPIC_SELECT] = number;
    ioapic->registers[IOAPIC_DATA] = value;
}

void ioapic_init(const struct acpi_facts *facts)
{
    for (uint32_t i = 0; i < facts->ioapic_count; i++) {
        struct ioapic *ioapic = &apics.ioapics[i];
        uint32_t first = facts->ioapics[i].first_line;

        ioapic->registers = paging_map_device(facts->ioapics[i].base, 32);
        ioapic->first_line = first;
        ioapic->line_count = (ioapic_read(ioapic, IOAPIC_VERSION) >> 16 & 0xffu) + 1;
        if (first >= IRQ_LINES_MAX || ioapic->line_count > IRQ_LINES_MAX - first) {
            ioapic->line_count = 0;
            continue;
        }
        for (uint32_t line = 0; line < ioapic->line_count; line++) {
            ioapic_write(ioapic, IOAPIC_ENTRIES + 2 * line, IOAPIC_MASKED);
        }
        if (first + ioapic->line_count > apics.line_count) {
            apics.line_count = first + ioapic->line_count;
        }
    }
    apics.ioapic_count = facts->ioapic_count;
}

/* The controller that has a line; NULL for one in a gap between two. */
static const struct ioapic *ioapic_of(uint32_t line)
{
    for (uint32_t i = 0; i < apics.ioapic_count; i++) {
        const struct ioapic *ioapic = &apics.ioapics[i];

        if (line - ioapic->first_line < ioapic->line_count) {
            return ioapic;
        }
    }
    return NULL;
}

static void line_write(uint32_t line, uint32_t half, uint32_t value)
{
    const struct ioapic *ioapic = ioapic_of(line);

    if (ioapic != NULL) {
        ioapic_write(ioapic, IOAPIC_ENTRIES + 2 * (line - ioapic->first_line) + half, value);
    }
}

void ioapic_remap(const uint32_t *sources)
{
    for (uint32_t i = 0; i < apics.ioapic_count; i++) {
        apics.sources[i] = sources[i];
    }
    apics.is_remapped = true;
}

static uint32_t line_source(uint32_t line)
{
    const struct ioapic *ioapic = ioapic_of(line);

    return ioapic != NULL ? apics.sources[ioapic - apics.ioapics] : 0;
}

bool arch_irq_is_remapped(void)
{
    return apics.is_remapped;
}

uint32_t arch_irq_line_count(void)
{
    return apics.line_count;
}

static uint32_t lapic_id_of(const struct core *core)
{
    return ARCH_CORES > 1 ? core->arch.apic_id : lapic_id();
}

void arch_irq_line_route(uint32_t line, const struct core *core, uint32_t vector, bool level,
                         bool active_low)
{
    /* An edge that is masked forgets that an interrupt of the one before has not ended: it would never be told. */
    line_write(line, 0, IOAPIC_MASKED);
    apics.low[line] = (VECTOR_DEVICES + vector) | IOAPIC_MASKED | (level ? IOAPIC_LEVEL : 0u) |
                      (active_low ? IOAPIC_ACTIVE_LOW : 0u);
    line_write(line, 0, apics.low[line]);
    if (apics.is_remapped) {
        irte_set(&(struct irte){ vector, lapic_id_of(core), line_source(line), level });
        line_write(line, 1, IOAPIC_REMAPPED | vector << IOAPIC_ENTRY_SHIFT);
    } else {
        line_write(line, 1, lapic_id_of(core) << 24);
    }
}

void arch_irq_line_mask(uint32_t line, bool masked)
{
    apics.low[line] = masked ? apics.low[line] | IOAPIC_MASKED : apics.low[line] & ~IOAPIC_MASKED;
    line_write(line, 0, apics.low[line]);
}

/*
 * SDM volume 3, 10.8.3.1 and 10.8.6: a processor takes vectors of classes above that of its task priority, which is CR8. Class
 * 0x10 of ours begins at VECTOR_DEVICES; what is no device's is above all of them.
 */
void arch_irq_shut_below(struct core *core, uint32_t band)
{
    (void)core;
    cr8_write(VECTOR_DEVICES / ARCH_IRQ_CLASS_VECTORS - 1 + arch_irq_class(band));
}

/* Only one at a time is in service: there is nothing to choose (SDM volume 3, 10.8.5). */
void arch_irq_acknowledge(uint32_t vector)
{
    (void)vector;
    lapic_acknowledge();
}

/*
 * SDM volume 3, 10.11: to one core, edge-triggered, fixed. Remapped (VT-d 5.1.5.2), a message only names its entry, which says
 * the rest.
 */
void arch_irq_msi(const struct core *core, uint32_t vector, uint32_t source, uint64_t *address,
                  uint32_t *data)
{
    if (apics.is_remapped) {
        irte_set(&(struct irte){ vector, lapic_id_of(core), source, false });
        *address = MSI_ADDRESS | MSI_REMAPPED | vector << MSI_ENTRY_SHIFT;
        *data = 0;
    } else {
        *address = MSI_ADDRESS | lapic_id_of(core) << 12;
        *data = VECTOR_DEVICES + vector;
    }
}

void arch_irq_message_mask(uint32_t vector, bool masked)
{
    if (apics.is_remapped) {
        irte_mask(vector, masked);
    }
}

void arch_irq_release(uint32_t vector)
{
    if (apics.is_remapped) {
        irte_clear(vector);
    }
}
