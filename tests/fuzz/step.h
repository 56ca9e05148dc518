/* SPDX-License-Identifier: MIT */
/*
 * One step of a run: something that the current thread of a core, the hardware or the clock does. Steps are plain
 * values: a list of them is a run that can be repeated, shortened and printed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/fuzz_args.h"
#include "abi/types.h"

enum step_kind {
    STEP_SYSCALL, /* with the registers given */
    STEP_RESTART, /* the thread runs on at its `syscall` instruction, registers untouched */
    STEP_FAULT,   /* words: kind, address, detail */
    STEP_ACCESS,  /* of user memory; words: address, enum host_access */
    STEP_LINE,    /* words: line, 1 raise or 0 lower */
    STEP_MSI,     /* words: vector, source */
    STEP_DMA,     /* words: source, address, 1 for a write */
    STEP_NOTHING, /* only time passes */
    STEP_KINDS,
};

#define STEP_NO_METHOD 0xffu

struct step {
    uint8_t kind;
    uint8_t method;   /* place in fuzz_ops, or STEP_NO_METHOD */
    uint8_t core;     /* the one that acts; the hardware and the clock are all cores' */
    bool in_shim;     /* the system call is made at HOST_SHIM_IP */
    bool late;        /* interrupts of the other cores, if there are any, wait */
    uint16_t preempt; /* the nth look for an interrupt finds one; 0: none does */
    uint32_t receive_slots[MSG_CAPS_MAX];
    uint32_t send_caps[MSG_CAPS_MAX];
    uint64_t op;
    uint64_t info;
    uint64_t time;
    uint64_t bits;
    uint64_t words[MSG_REGISTER_WORDS];
    ns_t after_ns; /* the clock goes on by that much afterwards */
};

/* What happened in all runs so far; written by the process that runs, read by the one that watches. */
#define STEP_ERRORS 32u
#define STEP_OPS (FUZZ_OPS + 16u) /* methods, then plain system calls by number */

struct tally {
    uint64_t steps;
    uint64_t calls;
    uint64_t calls_of_several; /* of these, in runs with several cores */
    uint64_t
        alone; /* entries that needed their core's own lock only, each compared with what others had before */
    uint64_t gave_up;   /* entries that began anew with all locks, and had changed nothing */
    uint64_t crossings; /* calls that went to another core, or wait for it */
    uint64_t pokes;
    uint64_t restarts;
    uint64_t interrupts;
    uint64_t faults;
    uint64_t reflections;
    uint64_t checks;
    uint64_t pairs[STEP_OPS][STEP_ERRORS];
    uint32_t objects_max;
    uint32_t types_max;
    uint32_t depth_max;
    uint32_t edges_max;
};

/** Makes the machine that every run with so many cores starts with. */
void steps_begin(struct tally *tally, uint32_t cores);
void steps_end(void);

/**
 * step_run() - do one step, then take all interrupts (but see `late`). A core that has interrupts to take does so
 * before it acts. Compares what can be told at once with what should have come; false, with why, if it differs.
 */
bool step_run(const struct step *step, const char **why);

/** Nothing can happen any more: nobody runs, and no timer is armed for any time soon. */
bool steps_are_over(void);

void step_print(const struct step *step);
const char *step_op_name(uint32_t op);
