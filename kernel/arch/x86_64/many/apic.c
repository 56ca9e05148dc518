/* SPDX-License-Identifier: MIT */
/* The local APICs of the other cores, and how these are started and stopped (Intel SDM volume 3, chapters 8 and 10). */
#include "arch_private.h"
#include "cpu.h"
#include "many/locked.h"

/* In place of a vector. */
#define LAPIC_NMI 0x400u
#define LAPIC_INIT 0x500u
#define LAPIC_START 0x600u

void lapic_init_other(void)
{
    uint64_t state = msr_read(MSR_APIC_BASE) | APIC_BASE_ON;

    msr_write(MSR_APIC_BASE, lapic_is_x2apic() ? state | APIC_BASE_X2 : state);
    lapic_registers_init();
}

void lapic_send_init(uint32_t id)
{
    lapic_send(id, LAPIC_INIT);
}

void lapic_send_nmi(uint32_t id)
{
    lapic_send(id, LAPIC_NMI);
}

void lapic_send_start(uint32_t id, phys_t page)
{
    lapic_send(id, LAPIC_START | (uint32_t)(page >> 12));
}
