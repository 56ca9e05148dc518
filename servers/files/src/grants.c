/* SPDX-License-Identifier: MIT */
/*
 * Pages of the cache that clients have mapped (docs/grants.md). The warden holds each grant; here is what it would say if it
 * were asked for all. Must stay true: each page of a grant is held in the cache, once for each grant. While it is not known what
 * the warden made of the last one (is_in_doubt), its pages are held, too, and nothing is granted.
 */
#include "opened.h"

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/file_serve.h"
#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/thread.h"
#include "system/protocol.h"

enum {
    GRANTS_MAX = 128, /* as many as the warden has for all servers */
    WORTH_PAGES = 4,  /* fewer are copied: that costs less */
};

/* The ear answers at once; if it does not, a new one will, and nobody should wait for that. */
#define ASK_NS (4 * NS_PER_MS)

struct grant {
    uint32_t count; /* of pages; 0: there is no such grant */
    uint32_t first; /* in the cache */
    uint32_t epoch; /* of the client's session */
    bool is_over;   /* the client said so, and the warden was not there to ask */
    uint64_t badge;
};

static struct {
    struct grant grants[GRANTS_MAX + 1]; /* by number; 0 is none */
    uint32_t pages;                      /* of all */
    cap_addr_t warden;
    cap_addr_t slot; /* where a capability is on its way to a client; or has not reached it */
    bool is_sending;
    bool is_in_doubt;
    struct grant doubtful;
} out;

uint32_t grants_pages(void)
{
    return out.pages;
}

static err_t ask(enum system_op op, uint64_t words[8])
{
    msg_info_t info = MSG_INFO(op, 8, 0);
    err_t err = ipc_call(out.warden, &info, words, clock_now() + ASK_NS);

    return err ? err : (err_t)MSG_LABEL(info);
}

/* It died, or did not answer in time: nobody knows whether that was done. */
static bool is_doubtful(err_t err)
{
    return err == ERR_PEER_DIED || err == ERR_TIMED_OUT || err == ERR_CANCELLED;
}

static void pages_hold(const struct grant *grant)
{
    for (uint32_t i = 0; i < grant->count; i++) {
        cache_hold(&disk.cache, grant->first + i);
    }
    out.pages += grant->count;
}

static void pages_let_go(const struct grant *grant)
{
    for (uint32_t i = 0; i < grant->count; i++) {
        cache_let_go(&disk.cache, grant->first + i);
    }
    out.pages -= grant->count;
}

/* NULL: there is none of that number. */
static struct grant *grant_at(uint64_t number)
{
    struct grant *grant = number <= GRANTS_MAX ? &out.grants[number] : NULL;

    return grant != NULL && grant->count != 0 ? grant : NULL;
}

static void grant_forget(struct grant *grant)
{
    pages_let_go(grant);
    grant->count = 0;
}

/* Errors: ERR_BUSY  it is still out; those of ask(). */
static err_t take_back(struct grant *grant)
{
    uint64_t words[8] = { [SYSTEM_GRANT_NUMBER] = (uint64_t)(grant - out.grants) };
    err_t err = ask(SYSTEM_GRANT_BACK, words);

    if (err == ERR_OK || err == ERR_NO_ENTRY) {
        grant_forget(grant);
        err = ERR_OK;
    }
    return err;
}

/* What the warden says of a grant that is not known here. */
static void adopt(const uint64_t words[8])
{
    uint64_t number = words[SYSTEM_GRANT_NUMBER];
    uint64_t first = words[SYSTEM_GRANT_FIRST], count = words[SYSTEM_GRANT_COUNT];
    struct client *client = client_of(words[SYSTEM_GRANT_CLIENT]);

    /* The warden knows the pages: it gave them. */
    assert(number <= GRANTS_MAX && count <= disk.cache.page_count &&
           first <= disk.cache.page_count - count);
    out.grants[number] = (struct grant){ .first = (uint32_t)first,
                                         .count = (uint32_t)count,
                                         .epoch = client != NULL ? client->epoch : 0,
                                         .badge = words[SYSTEM_GRANT_CLIENT] };
    pages_hold(&out.grants[number]);
    /* The one in doubt was put there, if not by now then never. */
    (void)!cap_table_delete(self()->table, out.slot);
    (void)take_back(&out.grants[number]); /* it may be nobody's by now */
}

/* One of that number that is of something else came back when the warden did not say so any more. */
static bool is_known(const uint64_t words[8])
{
    struct grant *grant = grant_at(words[SYSTEM_GRANT_NUMBER]);

    if (grant == NULL) {
        return false;
    }
    if (grant->first == words[SYSTEM_GRANT_FIRST] && grant->count == words[SYSTEM_GRANT_COUNT] &&
        grant->badge == words[SYSTEM_GRANT_CLIENT]) {
        return true;
    }
    grant_forget(grant);
    return false;
}

/* All that the warden has and this server has not. */
static err_t compare(void)
{
    uint64_t words[8] = { 0 };
    err_t err;

    while ((err = ask(SYSTEM_GRANT_NEXT, words)) == ERR_OK) {
        if (!is_known(words)) {
            adopt(words);
        }
    }
    return err == ERR_NO_ENTRY ? ERR_OK : err;
}

/* Errors: those of ask(): it is not known. */
static err_t doubt_end(void)
{
    err_t err = out.is_in_doubt ? compare() : ERR_OK;

    if (err == ERR_OK && out.is_in_doubt) {
        out.is_in_doubt = false;
        pages_let_go(&out.doubtful);
    }
    return err;
}

typedef bool grant_is_wanted_t(const struct grant *grant);

static bool any(const struct grant *grant)
{
    (void)grant;
    return true;
}

static bool is_nobodys(const struct grant *grant)
{
    const struct client *client = client_of(grant->badge);

    return grant->is_over || (client != NULL && client->epoch != grant->epoch);
}

/* Of those the ones that can be had back; unless the warden is not there. */
static void take_back_all(grant_is_wanted_t *is_wanted)
{
    for (uint32_t number = 1; number <= GRANTS_MAX; number++) {
        struct grant *grant = grant_at(number);

        if (grant != NULL && is_wanted(grant) && is_doubtful(take_back(grant))) {
            return;
        }
    }
}

void grants_look(void)
{
    if (out.pages != 0 && doubt_end() == ERR_OK) {
        take_back_all(is_nobodys);
    }
}

err_t grants_open(void)
{
    err_t err;

    out.warden = self_cap("grants");
    if (out.warden == 0) {
        return ERR_OK;
    }
    self_lock();
    err = slots_take(&self()->slots, 1, &out.slot);
    self_unlock();
    if (err == ERR_OK) {
        err = compare();
    }
    while (is_doubtful(err)) { /* nothing may be read before: a page might be somebody's */
        sleep_until(clock_now() + ASK_NS);
        err = compare();
    }
    return err;
}

/* The warden is to give the pages, once more if what is nobody's by now was taken back. */
static err_t grant_ask(const struct grant *grant, uint64_t words[8])
{
    err_t err = ERR_NO_MEMORY;

    for (uint32_t tries = 0; tries < 2 && err == ERR_NO_MEMORY; tries++) {
        if (tries != 0) {
            take_back_all(any);
        }
        words[SYSTEM_GRANT_SESSION] = disk.client.session.number;
        words[SYSTEM_GRANT_FIRST] = grant->first;
        words[SYSTEM_GRANT_COUNT] = grant->count;
        words[SYSTEM_GRANT_CLIENT] = grant->badge;
        words[SYSTEM_GRANT_SLOT] = out.slot;
        err = ask(SYSTEM_GRANT_GIVE, words);
    }
    return err;
}

/* Pages that are VALID, side by side, for a client. Errors: they cannot be granted now. */
static err_t give(const struct client *client, uint32_t first, uint32_t count, uint32_t *number)
{
    struct grant grant = {
        .first = first, .count = count, .epoch = client->epoch, .badge = client->session.info->badge
    };
    uint64_t words[8] = { 0 };
    err_t err = out.is_sending ? ERR_BUSY : doubt_end();

    if (err) {
        return err;
    }
    pages_hold(&grant);
    err = grant_ask(&grant, words);
    if (is_doubtful(err)) {
        out.is_in_doubt = true;
        out.doubtful = grant;
        (void)!cap_table_delete(self()->table, out.slot);
        return err;
    }
    if (err) {
        pages_let_go(&grant);
        return err;
    }
    *number = (uint32_t)words[SYSTEM_GRANT_NUMBER];
    assert(*number <= GRANTS_MAX);
    struct grant *before = grant_at(*number);

    if (before != NULL) {
        grant_forget(before); /* it came back, and the warden died before it said so */
    }
    out.grants[*number] = grant;
    out.is_sending = true;
    return ERR_OK;
}

msg_info_t grants_send(msg_info_t info)
{
    if (!out.is_sending) {
        return info;
    }
    thread_self()->buffer->send_caps[0] = out.slot | MSG_CAP_MOVE;
    return MSG_INFO(MSG_LABEL(info), MSG_WORDS(info), 1);
}

void grants_sent(uint32_t number, bool is_there)
{
    if (out.is_sending && !is_there) {
        (void)!cap_table_delete(self()->table, out.slot);
        (void)take_back(grant_at(number));
    }
    out.is_sending = false;
}

/* Nobody can say yet whether that page can be had. */
static bool is_open(err_t err)
{
    return err == ERR_WOULD_BLOCK || err == ERR_CALLER_GONE;
}

/* How many pages from the first one on are valid, and side by side, up to one that is bad. Errors: those of disk_page(). */
static err_t pages_find(uint64_t number, uint32_t wanted, uint32_t *first, uint32_t *count)
{
    for (;;) {
        struct cache_page *page = disk_page_here(number);
        err_t err = page != NULL ? ERR_OK : disk_page(number, wanted, &page);

        if (err) {
            return err;
        }
        *first = (uint32_t)(page - disk.cache.pages);
        *count = 1;
        while (*count < wanted && cache_find(&disk.cache, number + *count) == page + *count &&
               page[*count].state == CACHE_VALID) {
            cache_use(&page[(*count)++]);
        }
        if (*count == wanted || cache_find(&disk.cache, number + *count) != page + *count) {
            return ERR_OK;
        }
        err = disk_page(number + *count, 1, &page); /* it is on its way */
        if (err) {
            return is_open(err) ? err : ERR_OK;
        }
    }
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The run of the disk that holds a file's whole pages from there on; *pages 0: they cannot be granted. */
static err_t run_find(struct opened *opened, uint64_t page, uint64_t *number, uint64_t *pages)
{
    uint64_t whole = opened->file.inode.size_bytes / CACHE_PAGE_BYTES;
    struct ext4_run run = { 0 };

    if (page >= whole || files.page_shift != 0) {
        *pages = 0;
        return ERR_OK;
    }
    err_t err = ext4_map(&files.fs, &opened->file, page, &run);
    bool is_plain = run.kind == EXT4_RUN_DATA && (run.flags & EXT4_GET_ESCAPED) == 0;

    *number = run.disk;
    *pages = is_plain ? min_u64(*pages, min_u64(run.count, whole - page)) : 0;
    return err;
}

err_t file_on_map(struct client *client, const struct file_map_args *args,
                  struct file_map_results *results)
{
    struct handle *handle = handle_find(client, args->handle);
    uint64_t page = args->position / CACHE_PAGE_BYTES;
    uint64_t number = 0, pages = args->wanted;
    uint32_t first = 0, count = 0;

    if (handle == NULL) {
        return ERR_NO_ENTRY;
    }
    if (handle->kind != FILE_KIND_REGULAR || out.warden == 0) {
        return ERR_WRONG_TYPE;
    }
    if (args->position % CACHE_PAGE_BYTES != 0) {
        return ERR_RANGE;
    }
    err_t err = run_find(opened_of(handle), page, &number, &pages);

    if (err == ERR_OK && pages >= WORTH_PAGES) {
        err = pages_find(number, (uint32_t)min_u64(pages, AHEAD_PAGES), &first, &count);
    }
    if (err) {
        return err;
    }
    if (count < WORTH_PAGES) {
        return ERR_OK;
    }
    ahead_plan(opened_of(handle), args->position,
               args->position + (uint64_t)count * CACHE_PAGE_BYTES);
    if (give(client, first, count, &results->grant) == ERR_OK) {
        results->pages = count;
        files.attempt.is_told = true;
    }
    return ERR_OK;
}

err_t file_on_unmap(struct client *client, const struct file_unmap_args *args)
{
    struct grant *grant = grant_at(args->grant);

    if (grant == NULL || grant->badge != client->session.info->badge) {
        client->refused++;
        return ERR_NO_ENTRY;
    }
    err_t err = take_back(grant);

    grant->is_over = is_doubtful(err);
    return err == ERR_OK ? ERR_OK : ERR_BUSY;
}
