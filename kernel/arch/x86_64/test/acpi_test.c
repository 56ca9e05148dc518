/* SPDX-License-Identifier: MIT */
/*
 * What the kernel takes from the firmware's tables (ACPI 6.5, chapter 5), of invented machines: each table in a buffer of
 * exactly its size, with a checksum that holds.
 */
#include <stdlib.h>
#include <string.h>

#include "arch_private.h"
#include "host_test/test.h"

enum {
    HEAD = 36,
    MADT_HEAD = 44,
    TABLES_MAX = 8,
    TABLE_MAX = 8192,
    ROOT_AT = 0x1000, /* tables are at multiples of this */
};

struct table {
    uint8_t bytes[TABLE_MAX];
    uint32_t length;
};

/* The firmware's memory: tables by number, mapped each by an exact copy. */
static struct table tables[TABLES_MAX];
static uint32_t table_count;
static void *mapped[64];
static uint32_t mapped_count;
static uint8_t rsdp[BOOT_RSDP_BYTES];

const void *paging_map_table(phys_t phys, uint64_t size_bytes)
{
    uint64_t number = phys / ROOT_AT - 1;

    if (phys % ROOT_AT != 0 || number >= table_count || size_bytes > tables[number].length ||
        mapped_count == 64) {
        return NULL;
    }
    mapped[mapped_count] = malloc(size_bytes);
    memcpy(mapped[mapped_count], tables[number].bytes, size_bytes);
    return mapped[mapped_count++];
}

void paging_unmap_tables(void)
{
    while (mapped_count != 0) {
        free(mapped[--mapped_count]);
    }
}

static void put(uint8_t *at, uint64_t value, size_t bytes)
{
    memcpy(at, &value, bytes);
}

static void seal(uint8_t *start, uint32_t bytes, uint32_t sum_at)
{
    uint8_t sum = 0;

    start[sum_at] = 0;
    for (uint32_t i = 0; i < bytes; i++) {
        sum = (uint8_t)(sum + start[i]);
    }
    start[sum_at] = (uint8_t)-sum;
}

static struct table *table_add(const char *name, uint32_t length)
{
    struct table *table = &tables[table_count++];

    memset(table, 0, sizeof(*table));
    memcpy(table->bytes, name, 4);
    table->length = length;
    return table;
}

/* The first table is the root of those after it. */
static struct table *firmware_begin(void)
{
    table_count = 0;
    return table_add("XSDT", HEAD);
}

static void read(struct acpi_facts *facts)
{
    for (uint32_t i = 1; i < table_count; i++) {
        put(tables[0].bytes + tables[0].length, (i + 1ull) * ROOT_AT, 8);
        tables[0].length += 8;
    }
    for (uint32_t i = 0; i < table_count; i++) {
        put(tables[i].bytes + 4, tables[i].length, 4);
        seal(tables[i].bytes, tables[i].length, 9);
    }
    memset(rsdp, 0, sizeof(rsdp));
    memcpy(rsdp, "RSD PTR ", 8);
    rsdp[15] = 2;
    put(rsdp + 24, ROOT_AT, 8);
    seal(rsdp, 20, 8);
    acpi_read(rsdp, facts);
    CHECK_EQ(mapped_count, 0, "no table stays mapped");
}

static struct table *madt_add(void)
{
    struct table *madt = table_add("APIC", MADT_HEAD);

    put(madt->bytes + HEAD, 0xfee00000u, 4);
    return madt;
}

/* A processor by the number of its APIC (type 0), or of its x2APIC (type 9). */
static void processor_add(struct table *madt, uint32_t type, uint32_t id, bool is_enabled)
{
    uint8_t *at = madt->bytes + madt->length;

    at[0] = (uint8_t)type;
    if (type == 0) {
        at[1] = 8;
        at[3] = (uint8_t)id;
        put(at + 4, is_enabled, 4);
    } else {
        at[1] = 16;
        put(at + 4, id, 4);
        put(at + 8, is_enabled, 4);
    }
    madt->length += at[1];
}

static void ioapic_add(struct table *madt, uint32_t id, uint32_t base, uint32_t line)
{
    uint8_t *at = madt->bytes + madt->length;

    at[0] = 1;
    at[1] = 12;
    at[2] = (uint8_t)id;
    put(at + 4, base, 4);
    put(at + 8, line, 4);
    madt->length += 12;
}

TEST(cores_are_those_that_can_be_used)
{
    struct acpi_facts facts;

    firmware_begin();
    struct table *madt = madt_add();

    for (uint32_t id = 0; id < 4; id++) {
        processor_add(madt, 0, 2 * id, id != 2);
    }
    processor_add(madt, 9, 0x1234, true);
    read(&facts);
    CHECK_EQ(facts.core_count, 4, "four of five are enabled");
    CHECK_EQ(facts.apic_ids[0], 0, "in the table's order");
    CHECK_EQ(facts.apic_ids[1], 2, "in the table's order");
    CHECK_EQ(facts.apic_ids[2], 6, "in the table's order");
    CHECK_EQ(facts.apic_ids[3], 0x1234, "numbers of more than eight bits");
}

TEST(a_core_that_stands_twice_is_one)
{
    struct acpi_facts facts;

    firmware_begin();
    struct table *madt = madt_add();

    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t id = 0; id < 3; id++) {
            processor_add(madt, 9 * round, id, true);
        }
    }
    processor_add(madt, 0, 1, true);
    read(&facts);
    CHECK_EQ(facts.core_count, 3, "by both kinds of number, and again");
    for (uint32_t id = 0; id < 3; id++) {
        CHECK_EQ(facts.apic_ids[id], id, "each once");
    }
}

TEST(more_cores_than_there_is_room_for_are_left_out)
{
    struct acpi_facts facts;

    firmware_begin();
    struct table *madt = madt_add();

    for (uint32_t id = 0; id < ACPI_CORES_MAX + 20; id++) {
        processor_add(madt, 9, id, true);
    }
    read(&facts);
    CHECK_EQ(facts.core_count, ACPI_CORES_MAX, "so many there is room for");
}

TEST(controllers_and_clocks_are_found)
{
    struct acpi_facts facts;

    firmware_begin();
    struct table *madt = madt_add();
    uint8_t *at;

    ioapic_add(madt, 3, 0xfec00000u, 0);
    ioapic_add(madt, 4, 0xfec01000u, 24);
    at = madt->bytes + madt->length;
    at[0] = 5; /* the local APICs are elsewhere */
    at[1] = 12;
    put(at + 4, 0x1fee00000ull, 8);
    madt->length += 12;
    put(table_add("FACP", 80)->bytes + 76, 0x608, 4);
    put(table_add("HPET", 56)->bytes + 44, 0xfed00000u, 8);
    at = table_add("MCFG", 60)->bytes + 44;
    put(at, 0xb0000000u, 8);
    at[11] = 255;
    read(&facts);
    CHECK_EQ(facts.lapic, 0x1fee00000ull, "the later place counts");
    CHECK_EQ(facts.ioapic_count, 2, "both");
    CHECK_EQ(facts.ioapics[1].base, 0xfec01000u, "its place");
    CHECK_EQ(facts.ioapics[1].id, 4, "its number");
    CHECK_EQ(facts.ioapics[1].first_line, 24, "its lines");
    CHECK_EQ(facts.pm_port, 0x608, "the clock by ports");
    CHECK_EQ(facts.hpet, 0xfed00000u, "the clock in memory");
    CHECK_EQ(facts.ecam, 0xb0000000u, "configuration space");
    CHECK_EQ(facts.ecam_buses, 256, "of all buses");
}

TEST(without_a_sound_root_the_usual_places_count)
{
    struct acpi_facts facts;

    firmware_begin();
    processor_add(madt_add(), 0, 1, true);
    read(&facts);
    rsdp[8]++;
    acpi_read(rsdp, &facts);
    CHECK_EQ(facts.core_count, 0, "nothing of the tables");
    CHECK_EQ(facts.ioapic_count, 1, "the usual one");
    CHECK_EQ(facts.lapic, 0xfee00000u, "at the usual place");
}

/* Any byte may be anything, and any length; only checksums hold. */
TEST(damaged_tables_are_read_within_their_ends)
{
    struct acpi_facts facts;

    for (uint32_t round = 0; round < 20000; round++) {
        firmware_begin();
        struct table *madt = madt_add();

        for (uint32_t id = 0; id < 6; id++) {
            processor_add(madt, 9 * test_random(2), test_random(8), true);
        }
        ioapic_add(madt, 0, 0xfec00000u, 0);
        (void)table_add("MCFG", 44 + test_random(40));
        (void)table_add("HPET", HEAD + test_random(20));
        (void)table_add("FACP", HEAD + test_random(50));
        (void)table_add("DMAR", HEAD + test_random(60));
        for (uint32_t i = test_random(6); i > 0; i--) {
            struct table *table = &tables[1 + test_random(table_count - 1)];

            table->bytes[HEAD + test_random(table->length - HEAD + 1)] = (uint8_t)test_random(256);
        }
        madt->length -= test_random(30);
        read(&facts);
        CHECK(facts.core_count <= 6 && facts.ioapic_count <= ACPI_IOAPIC_MAX,
              "no more than it says");
        for (uint32_t i = 0; i < facts.core_count; i++) {
            for (uint32_t j = 0; j < i; j++) {
                CHECK(facts.apic_ids[i] != facts.apic_ids[j], "none twice");
            }
        }
    }
}
