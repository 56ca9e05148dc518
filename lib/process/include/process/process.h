/* SPDX-License-Identifier: MIT */
/*
 * A client of the process manager (abi/idl/process.idl, docs/process.md).
 *
 *     processes_connect(&processes)
 *     processes_start(&processes, &request, &pid, &why)
 *     processes_wait(&processes, pid, DEADLINE_NEVER, &status)
 *
 * One thread uses a struct processes. Nothing is repeated: when the process manager dies all that it had started
 * ends, and who calls meanwhile hears ERR_PEER_DIED.
 */
#pragma once

#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "pith/process_calls.h"
#include "service/session.h"

#define PROCESS_REQUEST_BYTES 16384u /* of all texts together, each with its end */
#define PROCESS_NAME_BYTES 16u
#define PROCESS_WHY_BYTES 128u

struct processes {
    cap_addr_t server;
    struct session session;
    char why[PROCESS_WHY_BYTES]; /* a copy: the server may write to its own at any time */
};

/* What is to be started. Lists end with NULL. */
struct process_request {
    const char *path;
    const char *const *arguments;   /* the first is the program's own name; NULL: the path alone */
    const char *const *environment; /* NULL: empty */
    const char *const *uses;        /* interfaces, or "debug" for the debug UART; NULL: none */
    uint64_t memory_bytes;          /* of which all of it is made; 0: 1 MiB */
    ns_t budget_ns;                 /* in each period; 0: as much as the system allows */
    ns_t time_ns;                   /* altogether; 0: without limit */
};

struct process_status {
    enum process_state state; /* EXITED, FAULTED, KILLED or OUT_OF_TIME */
    uint32_t status;          /* EXITED: its own; FAULTED: enum fault */
    uint64_t address;         /* FAULTED: what was accessed, */
    uint64_t ip;              /* and by which instruction */
    ns_t used_ns;
};

struct process_about {
    uint64_t pid;
    char name[PROCESS_NAME_BYTES + 1];
    enum process_state state;
    uint64_t memory_bytes;
    ns_t used_ns;
    uint32_t status;
    uint64_t address;
};

/** processes_connect() - with the server that the program may use. Errors: ERR_NO_ENTRY  it may use none. */
MUST_CHECK err_t processes_connect(struct processes *processes);

/**
 * processes_start() - start a program from a file. Borrows @request for the call.
 * @why: on an error, what is wrong, for people; good until the next call.
 * Errors: those of process.start; ERR_RANGE  the texts are longer than PROCESS_REQUEST_BYTES; ERR_PEER_DIED.
 * Blocks: for the file, at most 30 s.
 */
MUST_CHECK err_t processes_start(struct processes *processes, const struct process_request *request,
                                 uint64_t *pid, const char **why);

/** processes_wait() - until it has ended. Errors: those of process.wait; ERR_TIMED_OUT, ERR_PEER_DIED. */
MUST_CHECK err_t processes_wait(struct processes *processes, uint64_t pid, ns_t deadline_ns,
                                struct process_status *status);

/** processes_kill() - end it; afterwards its memory is free. Errors: those of process.kill; ERR_PEER_DIED. */
MUST_CHECK err_t processes_kill(struct processes *processes, uint64_t pid);

/** processes_next() - about the one with the next higher number than about->pid. Errors: ERR_NO_ENTRY  that was all. */
MUST_CHECK err_t processes_next(struct processes *processes, struct process_about *about);
