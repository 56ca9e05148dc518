/* SPDX-License-Identifier: MIT */
/*
 * Things that outlive a warden: made once, in slots that follow from what they are for, from RAM of which
 * nothing is ever given back. So each step can be done again without harm.
 */
#include "warden.h"

#include "pith/kernel_calls.h"
#include "pith/self.h"

enum { PIECES = WARDEN_SLOT_PROGRAMS - WARDEN_SLOT_DEVICES };

/* The kernel zeroes memory before it gives it: a byte takes a fraction of this, also on a busy host. */
enum { ZEROING_NS_PER_BYTE = 4, ZEROING_NS_MAX = 900000000 };

static void alive_while_zeroing(enum object_type type, uint64_t size)
{
    uint64_t bytes = type == OBJECT_FRAME ? (size >> 8) * PAGE_BYTES : 0;

    alive(bytes < ZEROING_NS_MAX / ZEROING_NS_PER_BYTE ? bytes * ZEROING_NS_PER_BYTE
                                                       : ZEROING_NS_MAX);
}

bool slot_is_empty(cap_addr_t slot)
{
    uint32_t type = OBJECT_NONE, rights, depth, flags;
    uint64_t badge, size, detail;

    return cap_table_identify(self()->table, slot, &type, &rights, &badge, &depth, &flags, &size,
                              &detail) != ERR_OK ||
           type == OBJECT_NONE;
}

err_t ram_retype(cap_addr_t slot, enum object_type type, uint64_t size)
{
    err_t err = ERR_NO_MEMORY;

    for (uint32_t i = 0; i < warden()->page->ram_count && i < WARDEN_RAM_MAX; i++) {
        step();
        err = untyped_retype(WARDEN_SLOT_RAM + i, type, size, 1, self()->table, slot);
        if (err != ERR_NO_MEMORY) {
            return err;
        }
    }
    return err;
}

err_t object_keep(cap_addr_t slot, enum object_type type, uint64_t size)
{
    if (!slot_is_empty(slot)) {
        return ERR_OK;
    }
    alive_while_zeroing(type, size);
    return ram_retype(slot, type, size);
}

err_t mint_keep(cap_addr_t slot, cap_addr_t source, uint32_t rights, uint64_t badge)
{
    if (!slot_is_empty(slot)) {
        return ERR_OK;
    }
    step();
    return cap_table_mint(self()->table, slot, self()->table, source, rights, badge);
}

uint64_t ram_free(void)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < warden()->page->ram_count && i < WARDEN_RAM_MAX; i++) {
        uint64_t base, size, used;
        uint32_t device;

        if (untyped_info(WARDEN_SLOT_RAM + i, &base, &size, &used, &device) == ERR_OK) {
            bytes += size - used;
        }
    }
    return bytes;
}

/* The piece of device memory whose unused part holds the range. Unused parts never overlap. */
static err_t piece_find(uint64_t base, uint64_t bytes, cap_addr_t *piece, uint64_t *start)
{
    for (cap_addr_t slot = WARDEN_SLOT_DEVICES; slot < WARDEN_SLOT_DEVICES + PIECES; slot++) {
        uint64_t first, size, used;
        uint32_t device;

        if (untyped_info(slot, &first, &size, &used, &device) == ERR_OK && base >= first + used &&
            base < first + size && bytes <= first + size - base) {
            *piece = slot;
            *start = first + used;
            return ERR_OK;
        }
    }
    return ERR_NO_ENTRY;
}

static err_t piece_slot(cap_addr_t *slot)
{
    for (*slot = WARDEN_SLOT_DEVICES; *slot < WARDEN_SLOT_DEVICES + PIECES; ++*slot) {
        if (slot_is_empty(*slot)) {
            return ERR_OK;
        }
    }
    return ERR_NO_SLOT;
}

/* What lies before the range becomes a piece of its own, from which others may be cut later. */
err_t device_frame_keep(cap_addr_t slot, uint64_t base, uint64_t bytes)
{
    cap_addr_t piece, before;
    uint64_t start;
    err_t err;

    if (!slot_is_empty(slot)) {
        return ERR_OK;
    }
    if (base % PAGE_BYTES != 0 || bytes == 0) {
        return ERR_RANGE;
    }
    bytes = (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
    err = piece_find(base, bytes, &piece, &start);
    if (err == ERR_OK && base > start) {
        err = piece_slot(&before);
        if (err == ERR_OK) {
            step();
            err = untyped_retype(piece, OBJECT_UNTYPED, base - start, 1, self()->table, before);
        }
    }
    if (err) {
        return err;
    }
    step();
    return untyped_retype(piece, OBJECT_FRAME, bytes / PAGE_BYTES << 8 | PAGE_CLASS_4K, 1,
                          self()->table, slot);
}
