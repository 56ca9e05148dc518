/* SPDX-License-Identifier: MIT */
/*
 * The few facts that the kernel takes from ACPI (specification 6.5, chapter 5): where the interrupt
 * controllers and clocks are. Everything else is for a program. The firmware's tables are believed
 * only as far as their checksums and sizes hold.
 */
#include "arch/arch.h"
#include "arch_private.h"
#include "core/bytes.h"
#include "core/core.h"

#define LAPIC_USUAL 0xfee00000ull
#define IOAPIC_USUAL 0xfec00000ull

#define TABLE_MAX_BYTES 0x40000u
#define HEADER_BYTES 36u
#define RSDP_OLD_BYTES 20u /* of revision 0, and what its checksum covers in all */
#define MADT_ENABLED 1u

static bool sum_is_zero(const uint8_t *start, uint64_t bytes)
{
    uint8_t sum = 0;

    for (uint64_t i = 0; i < bytes; i++) {
        sum = (uint8_t)(sum + start[i]);
    }
    return sum == 0;
}

/* A whole, sound table, or NULL. */
static const uint8_t *table_map(phys_t phys, uint32_t *length)
{
    const uint8_t *head = phys == 0 ? NULL : paging_map_table(phys, HEADER_BYTES);

    if (head == NULL) {
        return NULL;
    }
    *length = (uint32_t)bytes_get(head + 4, 4);
    if (*length < HEADER_BYTES || *length > TABLE_MAX_BYTES) {
        return NULL;
    }
    const uint8_t *table = paging_map_table(phys, *length);

    return table != NULL && sum_is_zero(table, *length) ? table : NULL;
}

static void core_add(struct acpi_facts *facts, uint32_t apic_id, uint32_t flags)
{
    for (uint32_t i = 0; i < facts->core_count; i++) {
        if (facts->apic_ids[i] == apic_id) {
            return; /* it stands there twice, by both kinds of number, say */
        }
    }
    if ((flags & MADT_ENABLED) != 0 && facts->core_count < ACPI_CORES_MAX) {
        facts->apic_ids[facts->core_count++] = apic_id;
    }
}

/*
 * MADT: 5.2.12; entries of type 0 and 9 are processors, by APIC and by x2APIC, of type 1 IOAPICs, of type 5 another place
 * of the local APICs.
 */
static void read_madt(const uint8_t *table, uint32_t length, struct acpi_facts *facts)
{
    facts->lapic = bytes_get(table + 36, 4);
    facts->ioapic_count = 0;
    for (uint32_t at = 44; at + 2 <= length && table[at + 1] >= 2; at += table[at + 1]) {
        const uint8_t *entry = table + at;
        uint32_t size = entry[1];

        if (at + size > length) {
            return;
        }
        if (entry[0] == 0 && size >= 8) {
            core_add(facts, entry[3], (uint32_t)bytes_get(entry + 4, 4));
        } else if (entry[0] == 9 && size >= 16) {
            core_add(facts, (uint32_t)bytes_get(entry + 4, 4), (uint32_t)bytes_get(entry + 8, 4));
        } else if (entry[0] == 1 && size >= 12 && facts->ioapic_count < ACPI_IOAPIC_MAX) {
            facts->ioapics[facts->ioapic_count].base = bytes_get(entry + 4, 4);
            facts->ioapics[facts->ioapic_count].id = entry[2];
            facts->ioapics[facts->ioapic_count].first_line = (uint32_t)bytes_get(entry + 8, 4);
            facts->ioapic_count++;
        } else if (entry[0] == 5 && size >= 12) {
            facts->lapic = bytes_get(entry + 4, 8);
        }
    }
}

/* MCFG: PCI firmware specification 3.3, 4.1.2. Only segment 0 from its bus 0 on. */
static void read_mcfg(const uint8_t *table, uint32_t length, struct acpi_facts *facts)
{
    for (uint32_t at = 44; at + 16 <= length; at += 16) {
        const uint8_t *entry = table + at;

        if (bytes_get(entry + 8, 2) == 0 && entry[10] == 0) {
            facts->ecam = bytes_get(entry, 8);
            facts->ecam_buses = entry[11] + 1u;
            return;
        }
    }
}

static void read_table(phys_t phys, struct acpi_facts *facts)
{
    uint32_t length;
    const uint8_t *table = table_map(phys, &length);

    if (table == NULL) {
        return;
    }
    if (bytes_are(table, "APIC", 4) && length >= 44) {
        read_madt(table, length, facts);
    } else if (bytes_are(table, "DMAR", 4)) {
        dmar_read(table, length, &facts->dmar);
    } else if (bytes_are(table, "FACP", 4) && length >= 80) {
        facts->pm_port = (uint32_t)bytes_get(table + 76, 4); /* PM_TMR_BLK: 5.2.9 */
    } else if (bytes_are(table, "MCFG", 4)) {
        read_mcfg(table, length, facts);
    } else if (bytes_are(table, "HPET", 4) && length >= 52 && table[40] == 0) {
        facts->hpet = bytes_get(table + 44, 8); /* base address, in memory: HPET 1.0a, 3.2.4 */
    }
}

void acpi_read(const uint8_t *rsdp, struct acpi_facts *facts)
{
    uint32_t length;

    *facts = (struct acpi_facts){ .lapic = LAPIC_USUAL, .ioapic_count = 1 };
    facts->ioapics[0].base = IOAPIC_USUAL;
    if (!bytes_are(rsdp, "RSD PTR ", 8) || !sum_is_zero(rsdp, RSDP_OLD_BYTES)) {
        return;
    }
    /* Revision 0 knows the RSDT with addresses of 4 bytes only; later ones the XSDT with 8. */
    uint32_t entry_bytes = rsdp[15] >= 2 && bytes_get(rsdp + 24, 8) != 0 ? 8 : 4;
    phys_t root = entry_bytes == 8 ? bytes_get(rsdp + 24, 8) : bytes_get(rsdp + 16, 4);
    const uint8_t *table = table_map(root, &length);

    if (table != NULL) {
        for (uint32_t at = HEADER_BYTES; at + entry_bytes <= length; at += entry_bytes) {
            read_table(bytes_get(table + at, entry_bytes), facts);
        }
    }
    paging_unmap_tables();
}

void acpi_take_rsdp(struct boot_plan *plan, phys_t at)
{
    const uint8_t *place = arch_phys_to_ptr(at);
    uint32_t bytes = place[15] >= 2 ? BOOT_RSDP_BYTES : RSDP_OLD_BYTES;

    bytes_copy(plan->rsdp, place, bytes);
}

/* Where PC firmware without UEFI leaves it: 5.2.5.1. The first 4 GiB are mapped. */
void acpi_find_rsdp(struct boot_plan *plan)
{
    for (phys_t at = 0xe0000; at < 0x100000; at += 16) {
        const uint8_t *place = arch_phys_to_ptr(at);

        if (bytes_are(place, "RSD PTR ", 8) && sum_is_zero(place, RSDP_OLD_BYTES)) {
            acpi_take_rsdp(plan, at);
            return;
        }
    }
}
