/* SPDX-License-Identifier: MIT */
/*
 * The firmware's table of DMA remapping units: good tables are understood, bad ones give no unit, and none makes the
 * reader look outside: each is given in a buffer of exactly its size.
 */
#include <stdlib.h>
#include <string.h>

#include "core/dmar.h"
#include "host_test/test.h"

enum { HEAD = 48, TABLE_MAX = 8192, UNIT = 0, RESERVED = 1, DEVICE = 1, BRIDGE = 2, IOAPIC = 3 };

struct table {
    uint8_t bytes[TABLE_MAX];
    uint32_t length;
    uint32_t last; /* where the structure made last begins */
};

static void put(uint8_t *at, uint64_t value, size_t bytes)
{
    memcpy(at, &value, bytes);
}

static void table_begin(struct table *table, uint8_t flags)
{
    memset(table, 0, sizeof(*table));
    table->length = HEAD;
    table->bytes[37] = flags;
}

static void grow(struct table *table, uint32_t bytes)
{
    table->length += bytes;
    put(table->bytes + table->last + 2, table->length - table->last, 2);
}

static void unit_add(struct table *table, uint64_t base, uint16_t segment, uint8_t flags)
{
    uint8_t *at = table->bytes + table->length;

    table->last = table->length;
    put(at, UNIT, 2);
    at[4] = flags;
    put(at + 6, segment, 2);
    put(at + 8, base, 8);
    grow(table, 16);
}

static void reserved_add(struct table *table, uint64_t base, uint64_t limit)
{
    uint8_t *at = table->bytes + table->length;

    table->last = table->length;
    put(at, RESERVED, 2);
    put(at + 8, base, 8);
    put(at + 16, limit, 8);
    grow(table, 24);
}

/* hops: pairs of device and function; all but the first are 0. */
static void scope_add(struct table *table, uint8_t type, uint8_t id, uint32_t source, uint32_t hops)
{
    uint8_t *at = table->bytes + table->length;

    at[0] = type;
    at[1] = (uint8_t)(6 + 2 * hops);
    at[4] = id;
    at[5] = (uint8_t)(source >> 8);
    at[6] = source >> 3 & 31;
    at[7] = source & 7;
    grow(table, 6 + 2 * hops);
}

static void read(const struct table *table, struct dmar_facts *facts)
{
    uint8_t *exact = malloc(table->length);

    memcpy(exact, table->bytes, table->length);
    dmar_read(exact, table->length, facts);
    free(exact);
}

static void good(struct table *table)
{
    table_begin(table, 1);
    unit_add(table, 0xfed90000, 0, 0);
    scope_add(table, DEVICE, 0, 0x0010, 1);
    scope_add(table, BRIDGE, 0, 0x00e0, 1);
    scope_add(table, DEVICE, 0, 0x00e8, 2);
    reserved_add(table, 0x7b000000, 0x7b7fffff);
    unit_add(table, 0xfed91000, 0, 1);
    scope_add(table, IOAPIC, 2, 0xf0f8, 1);
    scope_add(table, IOAPIC, 3, 0x0008, 2);
    unit_add(table, 0xfed92000, 1, 1);
    scope_add(table, DEVICE, 0, 0x0020, 1);
}

TEST(units_scopes_and_reserved_memory_are_found)
{
    static struct table table;
    struct dmar_facts facts;

    good(&table);
    read(&table, &facts);
    CHECK(facts.wrong == NULL, "nothing is wrong");
    CHECK_EQ(facts.unit_count, 3, "units");
    CHECK_EQ(facts.units[1].base, 0xfed91000, "base");
    CHECK_EQ(facts.units[2].segment, 1, "segment");
    CHECK(facts.covers_all, "the second takes the rest");
    CHECK_EQ(facts.scope_count, 2,
             "behind a bridge it has no number, and segment 1 does not count");
    CHECK_EQ(facts.scopes[0].source, 0x10, "source");
    CHECK(!facts.scopes[0].is_bridge && facts.scopes[1].is_bridge, "one of them is a bridge");
    CHECK_EQ(facts.ioapic_count, 2, "IOAPICs");
    CHECK_EQ(facts.ioapics[0].id, 2, "id");
    CHECK_EQ(facts.ioapics[0].source, 0xf0f8, "source");
    CHECK_EQ(facts.ioapics[1].source, DMAR_NO_SOURCE, "behind a bridge");
    CHECK_EQ(facts.reserved_count, 1, "reserved memory");
    CHECK_EQ(facts.reserved[0].limit, 0x7b7fffff, "limit");
    CHECK(facts.may_remap_interrupts && !facts.forbids_x2apic, "flags");
}

TEST(only_segment_0_covers_all)
{
    static struct table table;
    struct dmar_facts facts;

    table_begin(&table, 2);
    unit_add(&table, 0xfed90000, 1, 1);
    read(&table, &facts);
    CHECK(!facts.covers_all, "not segment 1");
    CHECK(!facts.may_remap_interrupts && facts.forbids_x2apic, "flags");
}

static void refused(const struct table *table, const char *why)
{
    struct dmar_facts facts;

    read(table, &facts);
    CHECK(facts.wrong != NULL, why);
    CHECK_EQ(facts.unit_count, 0, "half of it is as bad as none");
}

TEST(tables_that_make_no_sense_give_no_unit)
{
    static struct table table;

    good(&table);
    put(table.bytes + HEAD + 2, 3, 2);
    refused(&table, "a structure shorter than its head");
    good(&table);
    put(table.bytes + table.last + 2, 200, 2);
    refused(&table, "a structure longer than the table");
    good(&table);
    put(table.bytes + HEAD + 2, 15, 2);
    refused(&table, "a unit cut short");
    good(&table);
    table.bytes[HEAD + 17] = 0;
    refused(&table, "a scope of no length");
    good(&table);
    table.bytes[HEAD + 17] = 250;
    refused(&table, "a scope longer than its unit");
    good(&table);
    put(table.bytes + HEAD + 8, 0xfed90010, 8);
    refused(&table, "a unit off the start of a page");
    good(&table);
    put(table.bytes + HEAD + 8, 0, 8);
    refused(&table, "a unit at 0");
    table_begin(&table, 1);
    for (uint32_t i = 0; i <= DMAR_UNITS_MAX; i++) {
        unit_add(&table, 0xfed90000 + i * 4096, 0, 1);
    }
    refused(&table, "too many units");
    good(&table);
    put(table.bytes + HEAD + 8, 1ull << 52, 8);
    refused(&table, "a unit where no processor can reach");
    good(&table);
    put(table.bytes + HEAD + 8, 0xfed91000, 8);
    refused(&table, "two units in one place");
    table_begin(&table, 1);
    unit_add(&table, 0xfed90000, 0, 1);
    for (uint32_t i = 0; i <= DMAR_SCOPES_MAX; i++) {
        scope_add(&table, DEVICE, 0, i, 1);
    }
    refused(&table, "too many scopes");
    table_begin(&table, 1);
    table.length = HEAD - 1;
    refused(&table, "a head cut short");
}

/* Whatever is cut off or changed: the sanitizer says if the reader leaves its buffer. */
TEST(no_table_makes_the_reader_look_outside)
{
    static struct table table;
    struct dmar_facts facts;

    for (uint32_t round = 0; round < 20000; round++) {
        good(&table);
        for (uint32_t i = test_random(4); i > 0; i--) {
            table.bytes[HEAD + test_random(table.length - HEAD)] = (uint8_t)test_random(256);
        }
        table.length -= test_random(table.length);
        read(&table, &facts);
        CHECK(facts.unit_count <= DMAR_UNITS_MAX && facts.scope_count <= DMAR_SCOPES_MAX &&
                  facts.ioapic_count <= DMAR_IOAPICS_MAX &&
                  facts.reserved_count <= DMAR_RESERVED_MAX,
              "no more than there is room for");
    }
}
