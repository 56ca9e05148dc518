/* SPDX-License-Identifier: MIT */
#include "pith/self.h"

#include "pith/kernel_calls.h"
#include "pith/string.h"

/* What the library may use of an address space: far from images (low) and what parents hand over (high). */
#define PLACES_START 0x10000000000ull
#define PLACES_END 0x70000000000ull

static struct self the_self;

struct self *self(void)
{
    return &the_self;
}

void self_lock(void)
{
    while (lock_acquire(&the_self.lock, DEADLINE_NEVER)) {
        /* Suspended and resumed while it waited. */
    }
}

void self_unlock(void)
{
    lock_release(&the_self.lock);
}

cap_addr_t self_cap(const char *name)
{
    const struct program_info *program = the_self.program;

    for (uint32_t i = 0; program != NULL && i < program->cap_count; i++) {
        if (strncmp(program->caps[i].name, name, PROGRAM_NAME_BYTES) == 0) {
            return program->caps[i].slot;
        }
    }
    return 0;
}

const char *self_args(void)
{
    return the_self.program != NULL ? the_self.program->args : "";
}

static err_t root_init(const struct boot_info *boot)
{
    cap_addr_t first = ROOT_SLOT_UNTYPED;

    the_self.boot = boot;
    for (uint32_t i = 0; i < boot->untyped_count; i++) {
        if (boot->untyped[i].slot >= first) {
            first = boot->untyped[i].slot + 1;
        }
    }
    slots_init(&the_self.slots, first, boot->table_slots - first);
    for (uint32_t i = 0; i < boot->untyped_count; i++) {
        if (boot->untyped[i].device) {
            continue;
        }
        err_t err =
            memory_add(&the_self.memory, boot->untyped[i].slot, boot->untyped[i].size_bytes);

        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

static err_t program_init(const struct program_info *program)
{
    the_self.program = program;
    slots_init(&the_self.slots, program->first_free_slot,
               program->table_slots - program->first_free_slot);
    if (program->memory_bytes == 0) {
        return ERR_OK;
    }
    return memory_add(&the_self.memory, PROGRAM_SLOT_UNTYPED, program->memory_bytes);
}

err_t self_init(void)
{
    const struct boot_info *boot = (const struct boot_info *)BOOT_INFO_ADDR;

    _Static_assert((int)ROOT_SLOT_TABLE == (int)PROGRAM_SLOT_TABLE, "one place for every program");
    _Static_assert((int)ROOT_SLOT_VSPACE == (int)PROGRAM_SLOT_VSPACE,
                   "one place for every program");
    the_self.table = ROOT_SLOT_TABLE;
    the_self.space = ROOT_SLOT_VSPACE;
    the_self.thread = ROOT_SLOT_THREAD;
    memory_init(&the_self.memory, the_self.table, &the_self.slots);
    ranges_init(&the_self.ranges, PLACES_START, PLACES_END);
    if (boot->magic == BOOT_INFO_MAGIC) {
        return root_init(boot);
    }
    if (boot->magic == PROGRAM_INFO_MAGIC) {
        return program_init((const struct program_info *)BOOT_INFO_ADDR);
    }
    return ERR_GONE; /* nobody told us anything */
}
