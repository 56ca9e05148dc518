/* SPDX-License-Identifier: MIT */
/*
 * Makes as many capabilities as its memory holds, each with a page that is mapped by it, and ends. Whoever gives its memory
 * back has to take all of that apart, and must not be taken for hung meanwhile.
 */
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/program_info.h"
#include "pith/self.h"
#include "pith/space.h"
#include "pith/start.h"

enum { TABLE_LOG2_MAX = 12, TABLE_LOG2_MIN = 4, STATUS = 7 };

/* Fill a table with copies of what every program has, each mapped somewhere. */
static uint32_t table_fill(cap_addr_t table, uint32_t slots, cap_addr_t through)
{
    user_addr_t at;
    uint32_t count = 0;

    if (region_reserve(slots * PAGE_BYTES, &at)) {
        return 0;
    }
    for (uint32_t slot = 1; slot < slots; slot++) {
        if (cap_table_copy(PROGRAM_SLOT_TABLE, through, PROGRAM_SLOT_TABLE, PROGRAM_SLOT_CLOCK,
                           RIGHT_READ)) {
            break;
        }
        (void)!region_map(at + slot * PAGE_BYTES, through, 0, 1, PROT_READ);
        count += cap_table_move(table, slot, PROGRAM_SLOT_TABLE, through) == ERR_OK;
    }
    return count;
}

int main(void)
{
    cap_addr_t through;
    uint32_t count = 0;

    if (cap_copy(PROGRAM_SLOT_CLOCK, RIGHT_READ, &through)) {
        return 1;
    }
    (void)!cap_table_delete(PROGRAM_SLOT_TABLE, through);
    for (uint32_t log2 = TABLE_LOG2_MAX; log2 >= TABLE_LOG2_MIN; log2--) {
        cap_addr_t table;

        while (object_create(OBJECT_CAP_TABLE, log2, &table) == ERR_OK) {
            count += table_fill(table, 1u << log2, through);
        }
    }
    debug_printf("hoarder: %u capabilities\n", count);
    return STATUS;
}
