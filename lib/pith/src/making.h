/* SPDX-License-Identifier: MIT */
/* A program in the making: shared by program.c (what it is made of) and program_give.c (what it gets). */
#pragma once

#include "abi/kernel_calls.h"
#include "pith/elf.h"
#include "pith/program.h"

/* Slots of the maker, from program->first. */
enum making_slot {
    SLOT_TABLE,
    SLOT_SPACE,
    SLOT_TABLES,
    SLOT_THREAD,
    SLOT_CONTEXT,
    SLOT_PAGES,  /* info page, buffer page, stack */
    SLOT_BUFFER, /* copy of SLOT_PAGES, pinned by the thread */
    SLOT_WINDOW, /* copy of what is being written, mapped here */
    SLOT_OWN,    /* passes through on its way to the program */
    SLOT_SEGMENT,
    SLOT_END = SLOT_SEGMENT + ELF_SEGMENTS_MAX,
};
_Static_assert(SLOT_TABLE == PROGRAM_PARENT_TABLE && SLOT_THREAD == PROGRAM_PARENT_THREAD &&
                   SLOT_CONTEXT == PROGRAM_PARENT_CONTEXT,
               "as the header says");
_Static_assert(SLOT_END <= PROGRAM_PARENT_SLOTS, "they fit");

enum { RIGHTS_ALL = 0x3ff };

struct making {
    const struct program_spec *spec;
    struct program *program;
    struct elf_image image;
    cap_addr_t table; /* the program's, in the maker's table */
    uint32_t table_slots;
    uint32_t stack_pages;
    uint32_t word_pages;
    cap_addr_t next_slot; /* of the program's table */
    struct program_info *info;
};

static inline cap_addr_t slot_of(const struct making *making, enum making_slot which)
{
    return making->program->first + which;
}

/** making_step() - something is about to be made or changed. */
static inline void making_step(const struct making *making)
{
    if (making->spec->step != NULL) {
        making->spec->step();
    }
}

/** making_object() - an object from the program's memory in a slot of the maker. As untyped.retype. */
MUST_CHECK err_t making_object(struct making *making, enum making_slot which, enum object_type type,
                               uint64_t size);

/** making_context() - the same, of a context of the program's priority, budget and period. */
MUST_CHECK err_t making_context(struct making *making, enum making_slot which);

/** making_give() - capabilities and the info page. Errors: as program_create(). */
MUST_CHECK err_t making_give(struct making *making);
