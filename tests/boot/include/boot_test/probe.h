/* SPDX-License-Identifier: MIT */
/*
 * A thread without a handler that makes one access and stops, in any address space. Each piece of code in
 * probe.S ends with ud2, so that an access that went well ends with the fault ILLEGAL.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/types.h"

struct probe {
    cap_addr_t thread;
    cap_addr_t context;
    user_addr_t code; /* where probe_code is in its space */
};

struct outcome {
    uint32_t kind; /* enum fault; 0: none, it runs or waits */
    uint32_t state;
    uint64_t address;
    uint64_t ip;
    uint64_t value; /* rax */
};

/* Code that begins at its name and ends with ud2; rdi: address (of probe_flags: flags), rsi: value. */
extern const char probe_code[], probe_read[], probe_write[], probe_exec[], probe_spin[],
    probe_call[], probe_flags[], probe_code_end[];

/** probe_make() - in the root program's space. probe_make_in() - in another, where it maps its code. */
struct probe probe_make(void);
struct probe probe_make_in(cap_addr_t space, user_addr_t code);

/** probe_run() - from that instruction (of this program's) on, until nobody can run. */
struct outcome probe_run(const struct probe *probe, const void *code, uint64_t rdi, uint64_t rsi);

/** probe_run_as_is() - the same, with registers that were written before; probe_make() only. */
struct outcome probe_run_as_is(const struct probe *probe, const void *code);

/** Whether an access goes well; if not, it must be a fault of that kind at that address. */
void probe_expect_read(const struct probe *probe, user_addr_t at, uint64_t value);
void probe_expect_write(const struct probe *probe, user_addr_t at, uint64_t value);
void probe_expect_fault(const struct probe *probe, const void *code, user_addr_t at, uint32_t kind);
