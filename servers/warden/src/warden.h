/* SPDX-License-Identifier: MIT */
/*
 * The warden's state, shared by its files. Two threads: the ear takes faults and calls and only notes them down
 * (struct request); the hand does everything else. Records are the hand's; the ear reads them to answer questions.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/kernel_calls.h"
#include "abi/types.h"
#include "pith/program.h"
#include "pith/ranges.h"
#include "record.h"
#include "system/description.h"
#include "system/protocol.h"
#include "warden/slots.h"

/* Bits of the notification that the hand waits for. */
enum hand_bit { HAND_WORK = 1, HAND_STRAYS = 2 };

/* The badges of the ear's endpoint: number of a program + 1, and for its faults this too. */
#define BADGE_FAULT 0x100000000ull
#define BADGE_PARENT 0x400000000ull /* the same for calls about its own children */

/* Slots of each program, from slot_of(program, 0). */
enum program_part {
    PART_UNTYPED = 0,     /* that it is made of */
    PART_ENDPOINT = 1,    /* its endpoint */
    PART_EVENTS = 2,      /* its notification */
    PART_HANDLER = 3,     /* the ear, badged for its faults */
    PART_MASTER = 4,      /* its endpoint, with SERVICE_BADGE_WARDEN */
    PART_SPACE = 5,       /* its device's domain */
    PART_BARS = 6,        /* frames of its device's memory, 6 of them */
    PART_IRQS = 12,       /* its device's interrupts, 4 of them */
    PART_MAKING = 16,     /* for making it, PROGRAM_PARENT_SLOTS of them */
    PART_KEPT = 32,       /* frame that outlives it */
    PART_BELL = 33,       /* its notification, badged with the bits of all sessions */
    PART_ECAM = 34,       /* frame of PCI configuration space */
    PART_IRQ_MEMORY = 35, /* that its device's interrupts are made of */
    PART_CONTEXT = 36,    /* time of a place for children */
    PART_PARENT = 37,     /* the ear, badged for calls about children */
    PART_POOL = 38,       /* memory for its children, if it ever asked for it */
    PART_POOL_OWN = 39,   /* all of that, on its way to the program */
    PART_STATS = 40,      /* frame of what it counts of itself */
    PART_LOG = 41,        /* the log server's: frame of the warden's own lines */
    PART_PORTS = 44,      /* I/O ports that it owns */
    PART_GROUP = 45,      /* of a place for children: the group that all its time is in */
    PART_THREADS = 48,    /* and time for its threads beside the first, up to PARTS */
    PARTS = 64,
};
/* What the ear wants of the hand. */
enum want { WANT_START = 1, WANT_KILL = 2, WANT_FAIL = 4, WANT_DIED = 8, WANT_HANG = 16 };

/* In the kept pages, too: what was promised to a caller, and a fault that was heard of, outlive the warden. */
struct request {
    _Atomic uint32_t wants;
    uint64_t
        fault[4]; /* WANT_DIED: kind, address, instruction, detail; written before the bit is set */
    uint64_t args[SYSTEM_ARGS_WORDS]; /* WANT_START */
    uint64_t hang;                    /* WANT_HANG: enum service_hang */
};

struct warden {
    struct description description;
    uint32_t count;    /* of programs and places for children */
    uint32_t programs; /* of which come first */
    const void *archive;
    struct warden_page *page;
    struct record *records;
    struct record *copies; /* as last sealed */
    _Atomic uint32_t *epochs;
    _Atomic uint32_t hand_is_to_hang; /* for tests */
    struct request *requests;
    struct lending *lending; /* lending.h */
    uint64_t own_bytes[DESCRIPTION_PROGRAMS];
    bool is_unfit
        [DESCRIPTION_PROGRAMS]; /* there is no memory for all that it is to have: it is not started */
    cap_addr_t log_bell;        /* of the log server; 0: there is none */
    const struct program_stats *stats[DESCRIPTION_PROGRAMS]; /* they may write anything there */
};

/** warden() - the one there is. */
struct warden *warden(void);

static inline cap_addr_t slot_of(uint32_t program, uint32_t part)
{
    return WARDEN_SLOT_PROGRAMS + program * PARTS + part;
}

static inline const struct description_program *description_of(uint32_t program)
{
    return &warden()->description.programs[program];
}

/** is_mine() - neither a child of init, nor a place for one of another program. */
static inline bool is_mine(uint32_t program)
{
    return (description_of(program)->flags & DESCRIPTION_OF_INIT) == 0 &&
           program < warden()->programs;
}
/** alive() - say that the hand is alive, and will be heard of again within WARDEN_PATIENCE_NS and that much more. */
void alive(ns_t more_ns);

/**
 * step() - something that outlives this warden is about to change. For tests: here it may end (SYSTEM_STEP). It stands
 * before each call that makes, changes or takes away such a thing, and around each write of a record.
 */
void step(void);

/** frame_map() - map a frame somewhere here. */
MUST_CHECK err_t frame_map(cap_addr_t frame, uint64_t bytes, uint32_t prot, user_addr_t *at);

/* objects.c: things that outlive a warden. Each function does nothing if the thing is there already. */
MUST_CHECK err_t object_keep(cap_addr_t slot, enum object_type type, uint64_t size);
MUST_CHECK err_t mint_keep(cap_addr_t slot, cap_addr_t source, uint32_t rights, uint64_t badge);
/** device_frame_keep() - a frame of device memory. ERR_NO_ENTRY: that range is nobody's, or was given out. */
MUST_CHECK err_t device_frame_keep(cap_addr_t slot, uint64_t base, uint64_t bytes);
bool slot_is_empty(cap_addr_t slot);
uint64_t ram_free(void);
/** ram_retype() - what object_keep() does to an empty slot, without a word that the hand is alive. */
MUST_CHECK err_t ram_retype(cap_addr_t slot, enum object_type type, uint64_t size);

/* sessions.c */
void sessions_keep(void); /* clients for whose sessions there is no memory are unfit */
uint32_t sessions_of(uint32_t program, struct program_session_spec *specs);
/** sessions_renew() - begin a new epoch of all sessions of a program that is gone; ring the peers' bells. */
void sessions_renew(uint32_t program);

/* device.c */
/** device_keep() - find the program's device, and what a driver gets of it. @why: on an error. */
MUST_CHECK err_t device_keep(uint32_t program, const char **why);
/** device_release() - let a device work for the driver that is about to run. */
MUST_CHECK err_t device_release(uint32_t program, const char **why);
/** device_quiesce() - after this the device touches no memory: docs/supervision.md, "Quiescing". */
void device_quiesce(uint32_t program);

/* ports.c */
/** ports_keep() - the I/O ports and the interrupt line that the program owns. @why: on an error. */
MUST_CHECK err_t ports_keep(uint32_t program, const char **why);

/* stray.c */
/** strays_listen() - hear of what the program's device reaches for in vain, from now on. */
MUST_CHECK err_t strays_listen(uint32_t program);
/** strays_forget() - take notice of what there is, and blame nobody: the device is not its driver's now. */
void strays_forget(uint32_t program);
/** strays_handle() - take notice of all there is; a driver whose device strays has failed. */
void strays_handle(void);
/** strays_of_nobody() - the same for devices in no domain. */
void strays_of_nobody(void);

/* start.c */
/** parts_keep() - what outlives the program: endpoint, notification, memory. On an error what others need is there. */
MUST_CHECK err_t parts_keep(uint32_t program);
/** program_start_now() - make it and let it run; says what is wrong. The program does not run. */
MUST_CHECK err_t program_start_now(uint32_t program);

/* recover.c */
/**
 * program_end() - stop it, quiesce its device, give back its memory, renew its sessions, forget what the ear noted of it.
 * The intent stands until the caller has noted what comes next (record_intend, restart_plan).
 */
void program_end(uint32_t program, enum intent intent, enum system_state state);
/** restart_plan() - it is down: note when it is to be started again, if ever. */
void restart_plan(uint32_t program);
/** program_begin() - start it; if that fails, plan when to try again, unless it never can. */
bool program_begin(uint32_t program);
/** program_failed() - it died: end it, and start it again, or later, or never. */
void program_failed(uint32_t program, bool is_hang);
/** program_counts() - time used and switches, over all its lives. */
void program_counts(uint32_t program, ns_t *used_ns, uint64_t *switches);
/** requests_handle() - what the ear noted down, and what is due. */
void requests_handle(void);
/** next_due_ns() - when the first waiting program is due; DEADLINE_NEVER: none waits. */
ns_t next_due_ns(void);

/* probe.c */
void probe_all(void);

/* stats.c */
/** stats_keep() - the page that a program counts in, mapped here. */
MUST_CHECK err_t stats_keep(uint32_t program);
/** has_progressed() - it said since the last time that a long operation has come further. */
bool has_progressed(uint32_t program);
/** recovery_note() - a program was down for so long. */
void recovery_note(ns_t down_ns);
/** query_counts(), query_times() - the ops of these names. */
err_t query_counts(uint64_t words[8]);
err_t query_times(uint64_t words[8]);

/* ear.c, query.c */
_Noreturn void ear(void *unused);
/** ear_looks() - for the hand: so many looks, this one included, found the ear in one and the same call. */
uint32_t ear_looks(void);
void query(uint32_t *label, uint64_t badge, uint64_t words[8]);
/** hand_wake() - the ear noted something down. */
void hand_wake(void);
