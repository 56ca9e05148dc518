/* SPDX-License-Identifier: MIT */
/*
 * What init and the warden agree on: where in the warden's capability table everything is that outlives a
 * warden, and the page by which they hear of each other. docs/supervision.md.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "abi/boot_info.h"
#include "abi/types.h"
#include "system/description.h"

#define WARDEN_TABLE_LOG2 12u
#define WARDEN_LENT_MAX 128u
#define WARDEN_EAR_RANK 1u /* above init, below all programs */
#define WARDEN_PRIORITY 250u
#define WARDEN_PERIOD_NS 10000000ul

/* Slots below WARDEN_SLOT_KEPT and from WARDEN_SLOT_OWN on are each warden's own, and emptied when it dies. */
enum warden_slot {
    WARDEN_SLOT_KEPT = 32,
    WARDEN_SLOT_MACHINE = WARDEN_SLOT_KEPT, /* all rights */
    WARDEN_SLOT_CLOCK,
    WARDEN_SLOT_ARCHIVE,  /* frame, READ */
    WARDEN_SLOT_TRACE,    /* frame, READ */
    WARDEN_SLOT_STATE,    /* frame, WARDEN_STATE_BYTES: struct warden_page is first */
    WARDEN_SLOT_EPOCHS,   /* frame of a page */
    WARDEN_SLOT_EAR,      /* endpoint of rank WARDEN_EAR_RANK */
    WARDEN_SLOT_HAND,     /* notification */
    WARDEN_SLOT_STRAYS,   /* the same, with the bit of faults of devices */
    WARDEN_SLOT_RAM = 64, /* untyped, WARDEN_RAM_MAX of them */
    WARDEN_SLOT_DEVICES =
        128, /* untyped device memory, WARDEN_DEVICES_MAX of them, then cut-off pieces */
    WARDEN_SLOT_PROGRAMS = 512,
    WARDEN_SLOT_SESSIONS = WARDEN_SLOT_PROGRAMS + DESCRIPTION_PROGRAMS * 64,
    WARDEN_SLOT_LENT = WARDEN_SLOT_SESSIONS + 128, /* frames: pages that servers granted */
    WARDEN_SLOT_OWN = WARDEN_SLOT_LENT + WARDEN_LENT_MAX,
};

#define WARDEN_RAM_MAX 64u
#define WARDEN_DEVICES_MAX 32u
#define WARDEN_STATE_BYTES 40960u

#define WARDEN_PAGE_MAGIC 0x4e4544524157ull /* "WARDEN" */
#define WARDEN_PATIENCE_NS 30000000ul       /* how long the hand may be silent; init looks twice */

/* What a device reached for that it was not given. */
struct warden_strays {
    uint32_t count;
    uint32_t source;  /* of the last one: bus << 8 | device << 3 | function */
    uint64_t address; /* for the device */
    uint32_t reason;  /* as io_space.fault */
    uint32_t reserved;
};

/* For tests: a warden that dies at one of its steps. */
struct warden_steps {
    uint32_t left; /* until the one at which it dies; 0: it does not */
    uint32_t how;  /* as SYSTEM_WARDEN */
};

struct warden_page {
    uint64_t magic;

    /* Written by the warden: it is alive, and will say so again before this time. */
    _Atomic uint64_t alive_until_ns;

    /* Written by init. */
    uint32_t starts; /* of wardens, with this one */
    uint32_t ram_count;
    uint32_t device_count;
    uint32_t pci_ecam_buses;
    uint64_t ram_bytes;    /* all of the machine */
    uint64_t kernel_bytes; /* of which the kernel keeps */
    uint64_t given_bytes;  /* of which the warden got */
    uint64_t archive_bytes;
    uint64_t pci_ecam_base;

    /* Written by the warden: the end of the machine that was asked for (servers/warden/src/ending.c); 0: none. */
    _Atomic uint32_t ending;

    /* Written by the warden: what devices that nobody drives reached for. */
    struct warden_strays strays;
    struct warden_steps steps;
    /* Written by the warden: how long programs were down (system/protocol.h, SYSTEM_TIMES_RECOVERY). */
    uint32_t recoveries[16];
};
