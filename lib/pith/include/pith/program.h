/* SPDX-License-Identifier: MIT */
/*
 * Programs made from ELF files. All that a program is made of comes from one untyped capability, which
 * the maker keeps: revoking it destroys the program and gives back every byte. A program holds what
 * its spec grants and nothing else.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "pith/program_info.h"

#define PROGRAM_TABLE_LOG2 7u      /* slots of its table, if the spec says 0 */
#define PROGRAM_STACK_BYTES 16384u /* if the spec says 0 */
#define PROGRAM_STACK_MAX 61440u   /* the same, of a program with a thread pointer */
#define PROGRAM_PARENT_SLOTS 16u   /* of the maker's table, while the program lives */
#define PROGRAM_PARENT_TABLE 0u    /* which of them is its table, if it is not the spec's */
#define PROGRAM_PARENT_THREAD 3u   /* which of them is its first thread */
#define PROGRAM_PARENT_CONTEXT 4u  /* and that thread's context, if it has one */

/* One end of a session that a program is to get: what it is told, and where that comes from. */
struct program_session_spec {
    struct program_session session; /* frame and bell are filled in */
    cap_addr_t frame;               /* in the maker's table */
    cap_addr_t bell;                /* the peer's notification, in the maker's table */
    uint64_t bell_badge;
};

/* A capability that a program is to get. */
struct program_grant {
    char name[PROGRAM_NAME_BYTES];
    cap_addr_t source; /* in the maker's table */
    uint32_t rights;
    uint64_t badge; /* 0: a plain copy */
};

struct program_spec {
    const char *name;
    const char *args; /* NULL: none */
    const void *image;
    size_t image_bytes;
    uint64_t memory_bytes; /* of the one untyped; what is left is the program's own */
    uint32_t owner;        /* for memory_of_owner() */
    uint32_t table_log2;
    uint32_t stack_bytes;
    uint8_t rank;
    bool has_fpu;
    uint32_t machine_rights; /* debug UART: READ, WRITE; 0: none */
    cap_addr_t machine;      /* may configure contexts up to the priority, and grant the above */
    uint32_t priority;       /* of its context */
    uint32_t spare_priority; /* of what it does when its budget is used up; 0: nothing */
    uint32_t core;
    ns_t budget_ns; /* 0: passive, without a context */
    ns_t period_ns;
    uint32_t context_count;     /* so many more like its own, for its threads */
    const cap_addr_t *contexts; /* these instead of new ones; NULL: new ones */
    cap_addr_t clock;           /* frame of the clock page */
    cap_addr_t handler;         /* endpoint for its faults, badged; 0: none */
    uint32_t grant_count;
    const struct program_grant *grants;

    /* What a supervisor keeps beyond the program's life; all may be 0. */
    cap_addr_t untyped; /* of memory_bytes, nothing used: instead of the maker's own memory */
    cap_addr_t first;   /* with untyped: PROGRAM_PARENT_SLOTS empty slots of the maker's table */
    cap_addr_t
        table; /* of 1 << table_log2 slots, the fixed and named ones empty: instead of a new one */
    uint32_t first_free; /* with table: the program's allocator begins here */
    cap_addr_t endpoint; /* the program's */
    cap_addr_t events;   /* the program's notification; is bound to its thread */
    cap_addr_t epochs;   /* frame of the page of epochs */
    uint32_t device;     /* requester id + 1 */
    uint32_t ports_first;
    uint32_t irq_count;
    const struct program_irq *irqs; /* slots are the maker's; 0: none of that number */
    uint32_t session_count;
    const struct program_session_spec *sessions; /* frame 0: an empty place, so that bits stay */
    cap_addr_t context; /* configured, not bound: instead of a new one; budget_ns is then unused */

    /* Arguments and environment, which the program finds at PROGRAM_WORDS_ADDR; word_bytes 0: none. */
    const char *words; /* texts that end with 0, argument_count + environment_count of them */
    uint32_t word_bytes;
    uint32_t argument_count;
    uint32_t environment_count;

    /* Of a program that starts others (docs/process.md). */
    uint16_t child_count;
    uint16_t child_rank;
    uint16_t child_threads;
    const struct program_grant *child_contexts; /* as program_info.first_child_context says */

    void (*step)(
        void); /* called before each thing that is made or changed; NULL: nobody wants to know */
};

/* Invariant: everything but untyped lies in slots first .. and comes from untyped. */
struct program {
    cap_addr_t untyped; /* 0: there is no program */
    cap_addr_t first;
    cap_addr_t thread;
    cap_addr_t context; /* 0: passive */
    uint64_t memory_bytes;
    uint64_t own_bytes; /* of memory_bytes, left to the program itself */
    bool is_placed;     /* untyped and slots belong to the maker */
};

/**
 * program_create() - make a program that does not run yet. Borrows all of @spec for the call.
 * @why: on an error, what is wrong, for people.
 *
 * Errors: those of elf_read(); ERR_RANGE  there are more words than PROGRAM_WORDS_MAX;
 *         ERR_NO_MEMORY  memory_bytes is too little, or more than is free;
 *         ERR_NO_SLOT    the maker's table is full, or the program's too small for the grants;
 *         those of the kernel for rank, priority, budget and period.
 */
MUST_CHECK err_t program_create(const struct program_spec *spec, struct program *program,
                                const char **why);

/** program_run() - let it run. Errors: those of thread.resume. */
MUST_CHECK err_t program_run(const struct program *program);

/** program_destroy() - end it, and give back all its memory. No harm if there is none. */
void program_destroy(struct program *program);

/** program_sweep() - what program_destroy() does to a placed program; repeatable, and needs no struct program. */
void program_sweep(cap_addr_t untyped, cap_addr_t first);
