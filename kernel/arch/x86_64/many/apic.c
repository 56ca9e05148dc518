/* SPDX-License-Identifier: MIT */
/* Interrupts from one processor to another (Intel SDM volume 3, chapter 10). */
#include "arch_private.h"
#include "cpu.h"
#include "many/locked.h"

/* Registers, as in ../apic.c, and what is written there. */
#define LAPIC_COMMAND 0x300u
#define LAPIC_COMMAND_HIGH 0x310u
#define LAPIC_NMI 0x400u
#define LAPIC_INIT 0x500u
#define LAPIC_START 0x600u
#define LAPIC_ASSERT 0x4000u
#define LAPIC_SENDING 0x1000u

void lapic_init_other(void)
{
    uint64_t state = msr_read(MSR_APIC_BASE) | APIC_BASE_ON;

    msr_write(MSR_APIC_BASE, lapic_is_x2apic() ? state | APIC_BASE_X2 : state);
    lapic_registers_init();
}

/* SDM volume 3, 10.6.1. In x2APIC mode the register is one, and nothing has to be waited for. */
static void command_write(uint32_t id, uint32_t command)
{
    if (lapic_is_x2apic()) {
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

void lapic_send(uint32_t id, uint32_t vector)
{
    command_write(id, LAPIC_ASSERT | vector);
}

void lapic_send_init(uint32_t id)
{
    command_write(id, LAPIC_ASSERT | LAPIC_INIT);
}

void lapic_send_nmi(uint32_t id)
{
    command_write(id, LAPIC_ASSERT | LAPIC_NMI);
}

void lapic_send_start(uint32_t id, phys_t page)
{
    command_write(id, LAPIC_ASSERT | LAPIC_START | (uint32_t)(page >> 12));
}
