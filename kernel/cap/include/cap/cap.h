/* SPDX-License-Identifier: MIT */
/*
 * Capabilities, the tables that hold them, and the tree of derivation.
 *
 * Invariants: every live capability but the boot originals has a parent, from which it was derived;
 * children form a list. depth is at most the parent's + 1 and at most CAP_DEPTH_MAX. The object of a
 * capability is alive: it dies only with its original, after all that was derived from it.
 * The kernel's own lasting references to objects (a thread's address space, a timer's notification, ...)
 * are capabilities too, embedded in the object that holds them: deleting them tells the holder.
 * Size: look-ups, which are inline, stand beside the shapes that they read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/kernel_calls.h"
#include "abi/types.h"

struct core;
struct vspace;
struct cap;

#define CAP_DEPTH_MAX 63u
#define CAP_SLOT_BYTES 128u

enum cap_flag {
    CAP_ORIGINAL = 1, /* the object dies with it */
    CAP_FROZEN = 2,   /* under revocation: nothing may be derived from it or below it */
    CAP_EMBEDDED = 4, /* lies in a kernel object, not in a table */
};

/* A run of memory, for FRAME, PAGE_TABLE and UNTYPED: the original capability is the object. */
struct memory_run {
    phys_t base;
    uint64_t size_bytes;
    uint8_t page_class; /* FRAME */
    uint8_t cache;      /* FRAME */
    bool is_device;     /* FRAME, UNTYPED */
    bool is_leaving;    /* FRAME, PAGE_TABLE: being detached; nothing new may be mapped from it */
    bool is_wide;       /* FRAME: one of its space's wide_runs */
    union {
        struct { /* FRAME, PAGE_TABLE */
            /* Borrowed: a space detaches all runs before it dies. With its lock the rest may be changed, too. */
            _Atomic(struct vspace *) space;
            struct cap *attached_next;
            struct cap *attached_previous;
            /* Every use of the run lies in [low, high); of tables: the addresses that they were made for. */
            user_addr_t low;
            user_addr_t high;
        };
        struct { /* UNTYPED */
            uint64_t used_bytes;
            uint64_t zeroed_bytes; /* [used, zeroed) is known to be zero */
        };
    };
    /* PAGE_TABLE: the first so many tables of the run are in use. FRAME: so many pages were mapped since it was attached. */
    uint32_t used_count;
};

struct cap {
    _Alignas(CAP_SLOT_BYTES) struct cap *parent;
    struct cap *first_child;
    struct cap *next; /* sibling */
    struct cap *previous;
    uint8_t type; /* enum object_type; OBJECT_NONE: the slot is empty and the rest means nothing */
    uint8_t depth;
    uint8_t flags;
    uint16_t rights;
    void *object; /* NULL for memory */
    union {
        struct {
            uint64_t badge;
            /* EMBEDDED: tells the holder that its reference goes; runs once, before the unlinking. Or NULL. */
            void (*on_deleted)(struct core *core, struct cap *cap);
            void *holder;
        };
        struct memory_run run;
    };
};

/* A place in a ring of tables that are being emptied; the ring's owner has one that is no table's. */
struct doomed {
    struct doomed *next;
    struct doomed *previous;
};

/*
 * A header, then the slots. Slot 0 never holds a capability: the header ends in its place.
 * When the table is destroyed it is first emptied ("doomed"): its original capability moves into the
 * header, so that no slot has to outlive another and tables may hold each other and themselves.
 */
struct cap_table {
    uint32_t slot_count;  /* a power of two, at least 16 */
    uint32_t sweep;       /* while doomed: slots below are empty */
    struct doomed doomed; /* in the ring of the thread that empties it */
    bool is_doomed;
    struct cap original; /* once doomed: the table's original capability, moved here */
};

#define CAP_TABLE_HEADER_BYTES 128u
#define CAP_TABLE_BYTES(slots) (CAP_TABLE_HEADER_BYTES + (uint64_t)(slots)*CAP_SLOT_BYTES)
_Static_assert(sizeof(struct cap) == CAP_SLOT_BYTES, "slots are addressed by shifting");
_Static_assert(offsetof(struct cap_table, original) == CAP_TABLE_HEADER_BYTES,
               "who looks up slot 0 finds nothing, or a table");
_Static_assert(sizeof(struct cap_table) <= CAP_TABLE_HEADER_BYTES + CAP_SLOT_BYTES,
               "the header ends before slot 1");

static inline bool cap_is_memory(const struct cap *cap)
{
    return cap->type == OBJECT_UNTYPED || cap->type == OBJECT_FRAME ||
           cap->type == OBJECT_PAGE_TABLE;
}

/** Untyped memory, page tables and reply objects have one owner at a time: they are moved, never copied. */
static inline bool cap_may_copy(const struct cap *cap)
{
    return cap->type != OBJECT_UNTYPED && cap->type != OBJECT_PAGE_TABLE &&
           cap->type != OBJECT_REPLY;
}

/** A run of pages or tables that belongs to an address space. */
static inline bool cap_is_attached(const struct cap *cap)
{
    return (cap->type == OBJECT_FRAME || cap->type == OBJECT_PAGE_TABLE) &&
           !(cap->flags & CAP_EMBEDDED) && cap->run.space != NULL;
}

/** The slot with that number; the caller has checked 0 < number < slot_count. If he only speculates that it is, it is one of the table, too. */
static inline struct cap *cap_slot(struct cap_table *table, uint32_t number)
{
    return (struct cap *)(void *)((uint8_t *)table +
                                  CAP_TABLE_BYTES(number & (table->slot_count - 1)));
}

/** The same, or NULL if there is none. */
static inline struct cap *cap_slot_at(struct cap_table *table, uint64_t number)
{
    return number - 1 < (uint64_t)table->slot_count - 1 ? cap_slot(table, (uint32_t)number)
                                                        : (struct cap *)0;
}

/** Its type, too. Read before the rest, which other cores may be writing (with the lock of the tree) while the type is OBJECT_NONE. */
static inline uint8_t cap_type_at(struct cap_table *table, uint64_t number, struct cap **found)
{
    *found = cap_slot_at(table, number);
    return *found != (struct cap *)0 ? __atomic_load_n(&(*found)->type, __ATOMIC_ACQUIRE)
                                     : (uint8_t)OBJECT_NONE;
}

/**
 * cap_lookup() - find what a capability names; refuses in the order place, type, rights.
 * Errors: BAD_CAP, WRONG_TYPE, NO_RIGHT. Borrows: valid until this kernel entry ends or something is deleted.
 */
static inline MUST_CHECK err_t cap_lookup(struct cap_table *table, uint64_t addr,
                                          enum object_type type, uint32_t rights,
                                          struct cap **found)
{
    uint8_t has = cap_type_at(table, addr, found);

    if (has != (uint8_t)type) {
        return has == OBJECT_NONE ? ERR_BAD_CAP : ERR_WRONG_TYPE;
    }
    return ((*found)->rights & rights) != rights ? ERR_NO_RIGHT : ERR_OK;
}

/** Any type. Errors: BAD_CAP. */
MUST_CHECK err_t cap_lookup_any(struct cap_table *table, uint64_t addr, struct cap **found);

/** An empty slot to put something in. Errors: RANGE, SLOT_TAKEN. */
MUST_CHECK err_t cap_lookup_empty(struct cap_table *table, uint64_t addr, struct cap **found);

/** May something be derived from it? Errors: TOO_DEEP, BUSY. Cost: at most CAP_DEPTH_MAX steps. */
MUST_CHECK err_t cap_may_derive(const struct cap *source);

/** Makes `created` (an empty slot) a copy of `like`, which is source or came of it, and source's child. cap_may_derive() was asked. */
void cap_derive(struct cap *source, const struct cap *like, struct cap *created, uint32_t rights);

/** Makes an original capability for a new object, or for memory: then run says which. parent is NULL only at boot. */
void cap_create(struct cap *parent, struct cap *created, enum object_type type, void *object,
                const struct memory_run *run, uint32_t rights);

/**
 * Moves to an empty slot; the place in the tree and, for memory, the attachment follow. The source must
 * have no descendants: they would all have to be told.
 */
void cap_move(struct cap *source, struct cap *destination);

/** Takes a capability without descendants out of the tree; its slot is empty then. */
void cap_unlink(struct cap *cap);

/**
 * cap_embed() - let a kernel object refer to what source names, for as long as source lives, in place of what it referred to before; NULL: to nothing.
 * Errors: as cap_may_derive(), with nothing changed. The holder drops it with cap_unembed(), which tells nobody, as this does not. on_deleted NULL:
 * nobody must be told.
 */
MUST_CHECK err_t cap_embed(struct cap *source, struct cap *embedded, void *holder,
                           void (*on_deleted)(struct core *core, struct cap *cap));
void cap_unembed(struct cap *embedded);

/* Returned inside the kernel only: a preemption point was taken, the system call starts again. */
#define KERNEL_RESTART ((err_t)-1)
