/* SPDX-License-Identifier: MIT */
/*
 * Between the files of the file server. It has one thread, and never waits for the disk with a call in hand: a call
 * that needs a page which is not there is deferred, and tried again from its beginning when the page has come
 * (docs/files.md).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "block/client.h"
#include "cache/cache.h"
#include "ext4/ext4.h"
#include "service/service.h"
#include "service/session.h"

#define NO_PAGE UINT64_MAX

enum {
    OPS_MAX = 32,       /* calls that wait */
    ATTEMPTS_MAX = 200, /* without getting further, before it waits in place */
    AHEAD_PAGES = 32,   /* read at once */
};

/* --- Calls that wait --- */

enum op_state { OP_FREE, OP_WAITING, OP_READY, OP_TRIED };

struct op {
    cap_addr_t reply; /* holds the call */
    uint8_t state;    /* enum op_state */
    bool is_alone;    /* reads single pages: a longer piece of the disk failed */
    uint32_t attempts;
    msg_info_t info;
    uint64_t words[8];
    uint64_t badge;
    uint64_t arrived;   /* in ticks */
    uint64_t waits_for; /* page; NO_PAGE: any */
    uint64_t failed;    /* page that the disk did not give; NO_PAGE: none */
    uint64_t progress;  /* a handler's own */
};

/* The call that is being tried. */
struct attempt {
    struct op *op; /* NULL: it is in the hand of struct service, or there is none */
    bool may_wait; /* here, for the disk, letting others in meanwhile */
    bool is_alone;
    bool is_gone; /* the caller is: nothing that is found matters */
    bool
        is_told; /* something hangs on the answer: it is given at once, and looked whether it got there */
    uint32_t gets;
    ns_t started_ns; /* when others were last let in, or somebody first looked; 0: nobody did */
    uint64_t waits_for;
    uint64_t failed;
    uint64_t progress;
};

struct server {
    struct service service;
    struct attempt attempt;
    struct ext4 fs;
    uint8_t block_shift; /* log2 of the bytes of a block, */
    uint8_t page_shift;  /* and of the blocks in a page */
    bool is_mounted;
    err_t mount_error; /* if it is not, and will not be */
    uint32_t ready;    /* ops in that state, and 1 if a client needs a turn for its rings, */
    uint32_t busy;     /* and ops that are not free */
};

extern struct server files;

/** ops_init() - Errors: those of object_create(). */
MUST_CHECK err_t ops_init(void);

/** op_park() - the call in hand waits, until it is woken or at once READY. */
void op_park(enum op_state state);

/** call_try() - answer the call in hand, or park it. */
void call_try(void);

/** ops_run() - try those that are ready. */
void ops_run(void);

/** ops_wake() - these pages have come, or the disk failed. */
void ops_wake(const struct cache_run *run, bool is_good);

/** page_is_in() - NO_PAGE is in every run. */
bool page_is_in(uint64_t page, const struct cache_run *run);

/** failure_note() - an error of a long piece may be that of another page in it: then who waits asks for its own alone. */
void failure_note(const struct cache_run *run, uint64_t waits_for, bool *is_alone,
                  uint64_t *failed);

/* --- Pages that are granted --- */

/** grants_open() - hear from the warden what an earlier server granted. Before anything is read. */
MUST_CHECK err_t grants_open(void);

/** grants_look() - clients may have gone: take back what they had. */
void grants_look(void);

/** grants_send() - the answer @info, with the capability of what was granted last. grants_sent() - it got there, or did not. */
msg_info_t grants_send(msg_info_t info);
void grants_sent(uint32_t number, bool is_there);

/** grants_pages() - those that are granted, one counted once for each grant. */
uint32_t grants_pages(void);

/* --- Reads over rings --- */

/** async_hear() - bits of sessions that were signalled. */
void async_hear(uint64_t bits);

/** async_run() - a turn for one client that needs one. */
void async_run(void);

/** async_wake() - as ops_wake(), which calls it. */
void async_wake(const struct cache_run *run, bool is_good);

/** server_turn() - reap what the disk has done; wait for something; calls are parked. */
void server_turn(ns_t deadline_ns);

/** attempt_pause() - the same in the middle of an attempt; afterwards look at attempt.is_gone. */
void attempt_pause(ns_t deadline_ns);

/** attempt_breathe() - in the middle of long work: let others in now and then. Errors: as disk_page(). */
MUST_CHECK err_t attempt_breathe(void);

/* --- The disk, in pages --- */

struct load {
    struct cache_run run; /* count 0: free */
};

struct disk {
    struct block_client client;
    struct page_cache cache;
    struct load loads[BLOCK_RECORDS];
    uint32_t in_flight; /* loads */
    bool is_resting;    /* asked to be woken, and nothing was submitted since */
    uint64_t device_sectors;
    uint64_t first_sector; /* of the partition */
    uint64_t sectors;
    uint32_t run_max;  /* pages in one request */
    uint32_t ahead;    /* pages read at the last miss, */
    uint64_t expected; /* and what comes behind them */
    uint64_t hits;
    uint64_t misses;
};

extern struct disk disk;

/** disk_open() - the session with the driver, and the cache in its data area. */
MUST_CHECK err_t disk_open(void);

/** disk_use() - from now on pages are counted from that sector. Nothing is in flight. */
void disk_use(uint64_t first_sector, uint64_t sectors);

/**
 * disk_page() - find a page; on a miss up to @wanted are read. It stays only until something else is asked for.
 * Errors: ERR_WOULD_BLOCK  it is on its way: try again. ERR_IO  the disk failed. ERR_CALLER_GONE  give up.
 */
MUST_CHECK err_t disk_page(uint64_t number, uint32_t wanted, struct cache_page **found);

/** disk_page_here() - a page that needs no waiting; NULL: disk_page() will get it. */
static inline struct cache_page *disk_page_here(uint64_t number)
{
    struct cache_page *page = cache_find(&disk.cache, number);

    if (page == NULL || page->state != CACHE_VALID) {
        return NULL;
    }
    disk.hits++;
    cache_use(page);
    return page;
}

/** disk_ahead() - read pages that are missing, if there is room now; wait for none. */
void disk_ahead(uint64_t number, uint64_t count);

/** disk_look() - reap what came. True: nothing did, and the session's bit will say when. */
bool disk_look(void);

/** disk_is_quiet() - the same, if anything can have come. */
static inline bool disk_is_quiet(void)
{
    return (disk.is_resting && disk.in_flight == 0) || disk_look();
}

/** disk_blocks() - the cache as lib/ext4 wants it. */
struct ext4_blocks disk_blocks(void);

/** disk_mount() - find the file system. Lets calls in, and parks them. Sets is_mounted or mount_error. */
void disk_mount(void);
