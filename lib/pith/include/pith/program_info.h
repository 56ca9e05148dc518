/* SPDX-License-Identifier: MIT */
/*
 * The page that a parent hands to a program it starts, read-only, at BOOT_INFO_ADDR, where the root
 * program has its struct boot_info: the magic number tells which. Clock page and message buffer are at
 * the same places as the root program's.
 */
#pragma once

#include <stdint.h>

#include "abi/boot_info.h"
#include "abi/types.h"

#define PROGRAM_INFO_MAGIC 0x474f525048544950ull /* "PITHPROG" */

/* Slots that every program starts with. Of its own thread it has no more than the right LEND. */
enum program_slot {
    PROGRAM_SLOT_TABLE = 1,
    PROGRAM_SLOT_VSPACE = 2,
    PROGRAM_SLOT_THREAD = 3,
    PROGRAM_SLOT_UNTYPED = 4,  /* its own memory; empty if it has none */
    PROGRAM_SLOT_MACHINE = 5,  /* debug UART, with the rights it was given; empty if none */
    PROGRAM_SLOT_CLOCK = 6,    /* frame of the clock page, READ */
    PROGRAM_SLOT_EPOCHS = 7,   /* frame of the page of epochs, READ; empty if there is none */
    PROGRAM_SLOT_ENDPOINT = 8, /* its endpoint, RECEIVE; empty if its parent made none */
    PROGRAM_SLOT_EVENTS = 9,   /* its notification, WAIT and SIGNAL, bound to its first thread */
    PROGRAM_SLOT_FIRST = 10,   /* named capabilities: struct program_cap */
};

#define PROGRAM_EPOCHS_ADDR 0x7fffe0003000ull /* one page: struct ring_epoch for each session */
#define PROGRAM_EPOCHS_MAX 1024u
#define PROGRAM_WORDS_ADDR                                                                         \
    0x7fffe0004000ull /* arguments, then environment: texts that end with 0 */
#define PROGRAM_WORDS_MAX 16384u

#define PROGRAM_NAME_BYTES 16u
#define PROGRAM_CAPS_MAX 64u
#define PROGRAM_ARGS_BYTES 256u
#define PROGRAM_SESSIONS_MAX 32u
#define PROGRAM_IRQS_MAX 4u

/* Badge of a driver's calls at the PCI server: this, and the requester id of its device. */
#define PCI_BADGE_DRIVER 0x200000000ull

/* Badge of a child's faults at the endpoint of the program that starts it: this, and the child's number. */
#define PROGRAM_BADGE_CHILD 0x800000000ull

/* Bits of the program's notification. */
#define EVENT_SESSION_FIRST 0u /* + number of the session */
#define EVENT_IRQ_FIRST 32u    /* + number of the interrupt */
#define EVENT_OWN_FIRST 40u    /* from here to 63 the program's own */

struct program_cap {
    char name[PROGRAM_NAME_BYTES]; /* ends with 0 */
    uint32_t slot;
    uint32_t reserved;
};

/* What a server must know of a client. */
enum session_flag {
    SESSION_VIEWED =
        1, /* it names files only by roots that the name space gave it (docs/names.md) */
    SESSION_NAMES = 2, /* it is the name space */
};

/* Which end of a session it is. From PROGRAM_SESSION_CHILD on: the client's, for the child of that number (docs/process.md). */
enum program_session_role {
    PROGRAM_SESSION_CLIENT = 0,
    PROGRAM_SESSION_SERVER = 1,
    PROGRAM_SESSION_CHILD = 2,
};

/* Shared memory and bells between a client and a server: docs/supervision.md. */
struct program_session {
    char name[PROGRAM_NAME_BYTES]; /* of the interface */
    uint64_t bytes;                /* of the frame */
    uint64_t badge;                /* a server's: of the client's calls; a client's: 0 */
    uint32_t frame;                /* slot: READ and WRITE */
    uint32_t bell;                 /* slot: signals the peer */
    uint32_t epoch;                /* index in the page of epochs */
    uint32_t role;                 /* enum program_session_role */
    uint32_t flags;                /* a server's: enum session_flag */
    uint32_t reserved;
};

/* What the device must write to raise an interrupt. */
struct program_irq {
    uint64_t address;
    uint32_t data;
    uint32_t slot; /* of the irq object; 0: there is none */
};

struct program_info {
    uint64_t magic;
    uint64_t abi_hash;     /* of the parent */
    uint64_t memory_bytes; /* in PROGRAM_SLOT_UNTYPED */
    user_addr_t image_end; /* first address after the program */
    uint32_t table_slots;
    uint32_t first_free_slot; /* from here to table_slots - 1 all are empty */
    uint32_t cap_count;
    uint32_t session_count;
    uint32_t device;      /* requester id + 1 of its device; 0: it has none */
    uint16_t child_count; /* how many children it may have at once */
    uint16_t child_rank;  /* of their threads */
    uint32_t word_bytes;  /* at PROGRAM_WORDS_ADDR; 0: there are none, but for args */
    uint32_t argument_count;
    uint32_t environment_count;
    uint32_t context_count;
    uint32_t first_context; /* slot; configured contexts for further threads, one after the other */
    uint32_t ports_first;   /* of the capability "ports", if it has one */
    /* Slot; for each child one after the other: the group that all of its time is in, then child_threads contexts. */
    uint32_t first_child_context;
    uint16_t child_threads; /* that each may have beside the first */
    uint16_t reserved;
    char name[PROGRAM_NAME_BYTES];
    char args[PROGRAM_ARGS_BYTES]; /* words between blanks; ends with 0 */
    struct program_cap caps[PROGRAM_CAPS_MAX];
    struct program_irq irqs[PROGRAM_IRQS_MAX];
    struct program_session sessions[PROGRAM_SESSIONS_MAX];
};
_Static_assert(sizeof(struct program_info) <= 4096, "one page");
