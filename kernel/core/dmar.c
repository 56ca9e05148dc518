/* SPDX-License-Identifier: MIT */
/*
 * The table DMAR. Must stay true: nothing outside the table is read, whatever lengths it holds; a table that makes no sense
 * gives no unit, not half of them.
 */
#include "core/dmar.h"

#include <stddef.h>

#include "core/bytes.h"

/* Places, from the start of the table or of a structure in it. */
#define HEAD_FLAGS 37u
#define HEAD_BYTES 48u
#define FLAG_INTERRUPTS 1u
#define FLAG_X2APIC_NOT 2u

#define UNIT_TYPE 0u
#define UNIT_FLAGS 4u
#define UNIT_SEGMENT 6u
#define UNIT_BASE 8u
#define UNIT_SCOPES 16u
#define UNIT_TAKES_ALL 1u

#define BASE_END (1ull << 52) /* no physical address is wider */

#define RESERVED_TYPE 1u
#define RESERVED_BASE 8u
#define RESERVED_LIMIT 16u
#define RESERVED_BYTES 24u

#define SCOPE_DEVICE_ALONE 1u
#define SCOPE_BRIDGE 2u
#define SCOPE_IOAPIC 3u
#define SCOPE_ID 4u /* with its bus, a head of 6 bytes; then pairs of device and function */
#define SCOPE_BUS 5u
#define SCOPE_DEVICE 6u
#define SCOPE_FUNCTION 7u
#define SCOPE_BYTES_DIRECT 8u /* one pair: no bridge between */

/* What lies behind bridges has a number that depends on how they are set up now. */
static uint32_t source_of(const uint8_t *scope)
{
    if (scope[1] != SCOPE_BYTES_DIRECT) {
        return DMAR_NO_SOURCE;
    }
    return (uint32_t)scope[SCOPE_BUS] << 8 | (scope[SCOPE_DEVICE] & 31u) << 3 |
           (scope[SCOPE_FUNCTION] & 7u);
}

static const char *add_ioapic(const uint8_t *scope, struct dmar_facts *facts)
{
    if (facts->ioapic_count == DMAR_IOAPICS_MAX) {
        return "too many IOAPICs";
    }
    facts->ioapics[facts->ioapic_count].id = scope[SCOPE_ID];
    facts->ioapics[facts->ioapic_count++].source = source_of(scope);
    return NULL;
}

/* A device that is left out cannot be attached, but it is blocked all the same. */
static const char *add_scope(const uint8_t *scope, struct dmar_facts *facts)
{
    uint32_t source = source_of(scope);

    if (source == DMAR_NO_SOURCE) {
        return NULL;
    }
    if (facts->scope_count == DMAR_SCOPES_MAX) {
        return "too many device scopes";
    }
    facts->scopes[facts->scope_count].source = (uint16_t)source;
    facts->scopes[facts->scope_count++].is_bridge = scope[0] == SCOPE_BRIDGE;
    return NULL;
}

static const char *read_scopes(const uint8_t *start, uint32_t bytes, uint32_t segment,
                               struct dmar_facts *facts)
{
    const char *wrong = NULL;

    for (uint32_t at = 0; at < bytes && wrong == NULL; at += start[at + 1]) {
        if (bytes - at < SCOPE_BYTES_DIRECT || start[at + 1] < SCOPE_BYTES_DIRECT ||
            start[at + 1] > bytes - at || start[at + 1] % 2 != 0) {
            return "the length of a device scope is wrong";
        }
        if (start[at] == SCOPE_IOAPIC) {
            wrong = add_ioapic(start + at, facts);
        } else if (segment == 0 && (start[at] == SCOPE_DEVICE_ALONE || start[at] == SCOPE_BRIDGE)) {
            wrong = add_scope(start + at, facts);
        }
    }
    return wrong;
}

static const char *read_unit(const uint8_t *start, uint32_t bytes, struct dmar_facts *facts)
{
    if (bytes < UNIT_SCOPES) {
        return "a unit is cut short";
    }
    phys_t base = bytes_get(start + UNIT_BASE, 8);
    uint32_t segment = (uint32_t)bytes_get(start + UNIT_SEGMENT, 2);

    if (base == 0 || base % 4096 != 0 || base >= BASE_END) {
        return "a unit has no place";
    }
    for (uint32_t i = 0; i < facts->unit_count; i++) {
        if (facts->units[i].base == base) {
            return "two units have one place";
        }
    }
    if (facts->unit_count == DMAR_UNITS_MAX) {
        return "too many units";
    }
    facts->units[facts->unit_count++] = (struct dmar_unit){ base, segment };
    facts->covers_all |= segment == 0 && (start[UNIT_FLAGS] & UNIT_TAKES_ALL) != 0;
    return read_scopes(start + UNIT_SCOPES, bytes - UNIT_SCOPES, segment, facts);
}

/* Only to be told about: what is wrong here costs nothing. */
static void read_reserved(const uint8_t *start, uint32_t bytes, struct dmar_facts *facts)
{
    if (bytes >= RESERVED_BYTES && facts->reserved_count < DMAR_RESERVED_MAX) {
        facts->reserved[facts->reserved_count].base = bytes_get(start + RESERVED_BASE, 8);
        facts->reserved[facts->reserved_count].limit = bytes_get(start + RESERVED_LIMIT, 8);
        facts->reserved_count++;
    }
}

static const char *read_all(const uint8_t *table, uint32_t length, struct dmar_facts *facts)
{
    const char *wrong = NULL;
    uint32_t bytes;

    for (uint32_t at = HEAD_BYTES; at < length && wrong == NULL; at += bytes) {
        bytes = length - at >= 4 ? (uint32_t)bytes_get(table + at + 2, 2) : 0;
        if (bytes < 4 || bytes > length - at) {
            return "the length of a structure is wrong";
        }
        uint32_t type = (uint32_t)bytes_get(table + at, 2);

        if (type == UNIT_TYPE) {
            wrong = read_unit(table + at, bytes, facts);
        } else if (type == RESERVED_TYPE) {
            read_reserved(table + at, bytes, facts);
        }
    }
    return wrong;
}

void dmar_read(const uint8_t *table, uint32_t length, struct dmar_facts *facts)
{
    *facts = (struct dmar_facts){ 0 };
    if (length < HEAD_BYTES) {
        facts->wrong = "the table is cut short";
        return;
    }
    facts->may_remap_interrupts = (table[HEAD_FLAGS] & FLAG_INTERRUPTS) != 0;
    facts->forbids_x2apic = (table[HEAD_FLAGS] & FLAG_X2APIC_NOT) != 0;
    facts->wrong = read_all(table, length, facts);
    if (facts->wrong != NULL) {
        facts->unit_count = 0;
    }
}
