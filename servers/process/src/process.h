/* SPDX-License-Identifier: MIT */
/*
 * Between the files of the process manager. It has one thread, which answers probes whatever files do: a start that
 * has to wait for its file is parked, and goes on bit by bit (docs/process.md).
 *
 * A child is a place: time, notification and sessions that the warden made. A record is what is known of a process,
 * which outlives it until somebody has waited for it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "file/file.h"
#include "pith/clock.h"
#include "pith/process_calls.h"
#include "pith/program.h"
#include "service/service.h"
#include "service/session.h"

enum {
    CHILDREN_MAX = 16,
    INTERFACES_MAX = 16, /* that a child may use */
    RECORDS_MAX = 64,
    WAITERS_MAX = 32,
    CLIENTS_MAX = 32,
    TEXT_BYTES = 16384,
};

/* A call that waits in a reply object. Invariant: the object is empty while for_pid is 0. */
struct waiter {
    cap_addr_t reply;
    uint64_t for_pid;
    bool is_start; /* else it waits for the end */
};

struct record {
    uint64_t pid; /* 0: free */
    uint32_t state;
    uint32_t status;
    uint64_t address;
    uint64_t ip;
    uint64_t used_ns; /* set at the end */
    uint64_t memory_bytes;
    char name[PROGRAM_NAME_BYTES];
};

enum place_state {
    PLACE_FREE,
    PLACE_OPENING, /* its file */
    PLACE_READING,
    PLACE_RUNNING,
    PLACE_LEAVING, /* nothing runs; something is to be given back that could not be yet */
};

/* What a request says, copied. */
struct request {
    char text[TEXT_BYTES]; /* path, arguments, environment, interfaces */
    uint32_t words_at;     /* the arguments */
    uint32_t word_bytes;   /* with the environment */
    uint32_t argument_count;
    uint32_t environment_count;
    uint32_t interfaces; /* bit by place in struct child */
    bool has_debug;
    uint64_t memory_bytes;
    ns_t budget_ns;
    ns_t time_ns;
};

struct child {
    /* Fixed at the start. */
    uint32_t number;
    cap_addr_t group, context; /* all its time; that of its first thread */
    cap_addr_t events;
    cap_addr_t faults;
    cap_addr_t endpoint;
    ns_t budget_most_ns;
    ns_t period_ns;

    enum place_state state;
    bool has_sessions; /* of this life: they need a new epoch */
    bool has_file;
    struct record *record; /* NULL: none */
    struct waiter *starter;
    const struct client *client; /* of the starter, */
    uint64_t texts_at;           /* and where its request was */
    struct request request;
    struct file file;
    ns_t give_up_ns;  /* OPENING, READING */
    user_addr_t copy; /* of a file that does not fit into the session; 0: none */
    cap_addr_t copy_frame;
    uint64_t copied;
    struct program program;
    ns_t budget_ns;  /* as the group has it */
    ns_t used_at_ns; /* of the group, when this life began */
};

struct client {
    struct session session;
};

struct manager {
    struct service service;
    struct files files;
    struct waiter *parked; /* the call in hand goes there */
    cap_addr_t warden;
    uint64_t pool_bytes; /* that the warden has for children; 0: none any more */
    uint32_t child_count;
    uint32_t client_count;
    uint32_t interface_count;
    char interfaces[INTERFACES_MAX][PROGRAM_NAME_BYTES];
    uint64_t started, ended, refused;
    struct child children[CHILDREN_MAX];
    struct client clients[CLIENTS_MAX];
};

extern struct manager manager;

/* children.c */
/** children_init() - find what the warden gave. Errors: those of object_create(). */
MUST_CHECK err_t children_init(void);

/** child_of_pid() - NULL: no process of that number starts or runs. */
struct child *child_of_pid(uint64_t pid);
/** child_used_ns() - time of this life. */
ns_t child_used_ns(const struct child *child);

/** child_time_set() - a budget for the life that begins. Errors: those of SYSTEM_CHILD_TIME. */
MUST_CHECK err_t child_time_set(struct child *child, ns_t budget_ns);

/** child_end() - destroy it, tell who waits, free the place. @result: state, status, address, ip. */
void child_end(struct child *child, const struct record *result);

/** child_fault() - what the kernel says of a child's thread: it has ended, or failed. */
void child_fault(uint64_t badge, const uint64_t words[8]);

/** child_starter() - who waits for the start; NULL: nobody any more. */
struct waiter *child_starter(const struct child *child);

/** children_due() - when there is something to do, counted from when that was done last. */
ns_t children_due(ns_t last_ns);
/** children_tick() - what is to be done now and then: starts that wait, limits. */
void children_tick(void);

/* start.c */
/**
 * start_begin() - a process in a free place, from texts in a client's memory.
 * Errors: those of process.start, and WOULD_BLOCK: it is on its way. @why: on another error.
 */
MUST_CHECK err_t start_begin(const struct client *client, const uint64_t words[8],
                             struct child **begun, const char **why);

/** start_step() - go on; WOULD_BLOCK: not ready yet. On another error nothing is left of it. */
MUST_CHECK err_t start_step(struct child *child, const char **why);

/** start_undo() - give back what a start that will not be took. */
void start_undo(struct child *child);

/* pool.c */
/** pool_init() - learn how much memory there is for children. Errors: ERR_NO_SLOT. */
MUST_CHECK err_t pool_init(void);
/** pool_take() - have it, from the first start on. Errors: the warden's, ERR_NO_MEMORY first of all. */
MUST_CHECK err_t pool_take(void);

/* make.c */
/** child_make() - make and run it. Borrows the image for the call. */
MUST_CHECK err_t child_make(struct child *child, const void *image, uint64_t bytes,
                            const char **why);

/* records.c */
/** records_init() - with numbers that no earlier life of the manager gave. */
void records_init(void);
/** record_new() - NULL: none is free, and none has ended. */
struct record *record_new(void);
struct record *record_find(uint64_t pid);
/** record_next() - the one with the next higher number; NULL: none. */
struct record *record_next(uint64_t after);

/* waiters.c */
MUST_CHECK err_t waiters_init(void);
/** waiter_new() - NULL: all are taken. */
struct waiter *waiter_new(uint64_t pid, bool is_start);
/** waiter_park() - the call in hand; BUSY is answered if it would be one too many. False: its caller is gone. */
bool waiter_park(struct waiter *waiter);
/** waiter_answer() - end it. False: the caller is gone. */
bool waiter_answer(struct waiter *waiter, err_t err, uint32_t count, const uint64_t words[8]);
/** waiter_is_there() - does its caller still wait? */
bool waiter_is_there(struct waiter *waiter);
/** waiters_tell() - all that wait for its end. True: somebody was told. */
bool waiters_tell(const struct record *record);

/* ops.c */
/** call_handle() - the call in hand of a client. */
void call_handle(void);
/** call_answer() - answer the call in hand now, if there is one. */
void call_answer(void);
/** start_refuse() - say why, to people and, where its texts were, to the client. */
void start_refuse(const struct client *client, uint64_t at, err_t err, const char *why);
