/* SPDX-License-Identifier: MIT */
/*
 * Anonymous memory by pages. A region of lib/pith costs slots and a run of memory, so regions are taken large
 * (areas) and shared out here; one goes back when all of its pages are free.
 * Invariant: pages that are not in use are zero.
 */
#include <stdbool.h>
#include <stddef.h>

#include "abi/kernel_calls.h"
#include "calls.h"
#include "descriptor.h"
#include "lock.h"
#include "pages.h"
#include "pith/clock.h"
#include "pith/self.h"
#include "pith/space.h"
#include "pith/string.h"
#include "view.h"

enum {
    AREAS_MAX = 32,
    AREA_PAGES = 64,       /* if less is asked for, and little is there */
    AREA_SHARE = 4,        /* else a quarter of what is there: so the number of areas is no limit */
    AREA_PAGES_MAX = 8192, /* 32 MiB: what one mapping can have */
    MAP_SHARED = 1,
    MAP_TYPE = 15,
    MAP_FIXED = 0x10,
    MAP_ANONYMOUS = 0x20,
    PROTECT_WRITE = 2,
    PROTECT_EXEC = 4,
    BREAK_BYTES = 65536,
};

struct area {
    user_addr_t at; /* 0: there is none */
    cap_addr_t frame;
    uint32_t pages;
    uint32_t used;
    uint64_t map[AREA_PAGES_MAX / 64]; /* a bit for each page in use */
};

static struct area areas[AREAS_MAX];
static uint32_t all_pages; /* of all areas */
static struct {
    user_addr_t start; /* 0: not asked for yet */
    user_addr_t now;
} program_break;

static bool page_is_used(const struct area *area, uint32_t page)
{
    return (area->map[page / 64] >> (page % 64) & 1) != 0;
}

static void pages_mark(struct area *area, uint32_t first, uint32_t count, bool used)
{
    for (uint32_t page = first; page < first + count; page++) {
        uint64_t bit = 1ull << (page % 64);

        if (used) {
            area->map[page / 64] |= bit;
        } else {
            area->map[page / 64] &= ~bit;
        }
    }
    area->used = used ? area->used + count : area->used - count;
}

/* First fit; false if there is no run of that length. */
static bool pages_find(const struct area *area, uint32_t count, uint32_t *first)
{
    uint32_t run = 0;

    for (uint32_t page = 0; page < area->pages; page++) {
        run = page_is_used(area, page) ? 0 : run + 1;
        if (run == count) {
            *first = page + 1 - count;
            return true;
        }
    }
    return false;
}

/* How large an area for so many pages should be. lib/pith's memory comes in powers of two, so all of one is taken. */
static uint32_t area_pages(uint32_t pages)
{
    uint32_t share = all_pages / AREA_SHARE;
    uint32_t wanted = AREA_PAGES;

    while (wanted < pages || (wanted < share && wanted < AREA_PAGES_MAX)) {
        wanted *= 2;
    }
    return wanted;
}

/* If there is not as much, half of it may do. */
static bool area_fill(struct area *area, uint32_t pages)
{
    for (uint32_t wanted = area_pages(pages);; wanted /= 2) {
        err_t err;

        wanted = wanted < pages ? pages : wanted;
        err = region_create(wanted * PAGE_BYTES, PROT_READ | PROT_WRITE, &area->at, &area->frame);
        if (err == ERR_OK) {
            area->pages = wanted;
            all_pages += wanted;
            return true;
        }
        if (wanted == pages) {
            area->at = 0;
            return false;
        }
    }
}

static struct area *area_create(uint32_t pages)
{
    for (struct area *area = areas; area < areas + AREAS_MAX; area++) {
        if (area->at == 0) {
            area->used = 0;
            memset(area->map, 0, sizeof(area->map));
            return area_fill(area, pages) ? area : NULL;
        }
    }
    return NULL;
}

user_addr_t pages_take(uint32_t count)
{
    uint32_t first = 0;

    for (struct area *area = areas; area < areas + AREAS_MAX; area++) {
        if (area->at != 0 && pages_find(area, count, &first)) {
            pages_mark(area, first, count, true);
            return area->at + first * PAGE_BYTES;
        }
    }
    struct area *area = area_create(count);

    if (area == NULL) {
        return 0;
    }
    pages_mark(area, 0, count, true);
    return area->at;
}

static struct area *area_of(user_addr_t at, uint64_t bytes)
{
    for (struct area *area = areas; area < areas + AREAS_MAX; area++) {
        if (area->at != 0 && at >= area->at && at - area->at < area->pages * PAGE_BYTES) {
            return bytes <= area->pages * PAGE_BYTES - (at - area->at) ? area : NULL;
        }
    }
    return NULL;
}

/* Only what is in use is given back; the rest of the range is free already, which is no error. */
static void area_give(struct area *area, user_addr_t at, uint64_t bytes)
{
    uint32_t first = (uint32_t)((at - area->at) / PAGE_BYTES);

    for (uint32_t page = first; page < first + bytes / PAGE_BYTES; page++) {
        if (page_is_used(area, page)) {
            memset((char *)area->at + page * PAGE_BYTES, 0, PAGE_BYTES);
            pages_mark(area, page, 1, false);
        }
    }
    if (area->used == 0) {
        region_destroy(area->at, area->pages * PAGE_BYTES, area->frame);
        all_pages -= area->pages;
        area->at = 0;
    }
}

bool pages_give(user_addr_t at, uint64_t bytes)
{
    struct area *area = area_of(at, bytes);

    if (area == NULL) {
        return false;
    }
    area_give(area, at, bytes);
    return true;
}

static uint64_t round_up(uint64_t bytes)
{
    return (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
}

/* --- Files: what is only read is mapped as far as it can be (view.c). Else the pages are the program's own and filled when it
 * asks for them. Either way what it has mapped stays, whatever becomes of the file server. --- */

/* 0: such a mapping can be had. */
static int map_check(const struct opening *opening, const long arguments[6])
{
    bool is_shared = (arguments[3] & MAP_TYPE) == MAP_SHARED;
    bool is_written = (arguments[2] & PROTECT_WRITE) != 0;

    if (opening == NULL) {
        return POSIX_EBADF;
    }
    if (opening->kind != OPENING_FILE || opening->file.kind != FILE_KIND_REGULAR) {
        return POSIX_ENODEV;
    }
    uint32_t access = opening->flags & OPEN_ACCESS;

    if (access == OPEN_WRITE || (is_shared && is_written && access != OPEN_BOTH)) {
        return POSIX_EACCES;
    }
    /* What others change would not be seen, nor would they see what is changed here. */
    if (is_shared && (is_written || (opening->file.traits & FILE_TRAIT_CHANGES) != 0)) {
        return POSIX_ENODEV;
    }
    return 0;
}

static long map_locked(const long arguments[6], uint64_t bytes)
{
    struct opening *opening = opening_of(arguments[4]);
    int error = map_check(opening, arguments);

    if (error) {
        return -error;
    }
    if ((arguments[2] & PROTECT_WRITE) == 0 && bytes >= VIEW_PAGES_MIN * PAGE_BYTES &&
        (opening->file.traits & FILE_TRAIT_CHANGES) == 0) {
        user_addr_t view = view_map(opening, (uint64_t)arguments[5], bytes);

        if (view != 0) {
            return (long)view;
        }
    }
    user_addr_t at = pages_take((uint32_t)(bytes / PAGE_BYTES));

    if (at == 0) {
        return -POSIX_ENOMEM;
    }
    err_t err =
        file_fill(&opening->file, (uint64_t)arguments[5], (void *)at, (uint64_t)arguments[1]);

    if (err) {
        (void)pages_give(at, bytes);
        return -errno_of_file(err);
    }
    return (long)at;
}

static long file_mmap(const long arguments[6], uint64_t bytes)
{
    long type = arguments[3] & MAP_TYPE;

    if (arguments[5] < 0 || arguments[5] % (long)PAGE_BYTES != 0 || type < 1 || type > 3) {
        return -POSIX_EINVAL;
    }
    posix_lock();
    long result = map_locked(arguments, bytes);

    posix_unlock();
    return result;
}

long posix_mmap(const long arguments[6])
{
    uint64_t bytes = (uint64_t)arguments[1];
    long flags = arguments[3];

    if (bytes == 0 || (flags & MAP_FIXED) != 0) {
        return -POSIX_EINVAL;
    }
    if ((arguments[2] & PROTECT_EXEC) != 0) {
        return -POSIX_EACCES;
    }
    if (bytes > AREA_PAGES_MAX * PAGE_BYTES) {
        return -POSIX_ENOMEM;
    }
    if ((flags & MAP_ANONYMOUS) == 0) {
        return file_mmap(arguments, round_up(bytes));
    }
    posix_lock();
    user_addr_t at = pages_take((uint32_t)(round_up(bytes) / PAGE_BYTES));

    posix_unlock();
    return at != 0 ? (long)at : -POSIX_ENOMEM;
}

enum mapped { MAPPED_NOT, MAPPED_MEMORY, MAPPED_VIEW };

static enum mapped is_mapped(user_addr_t at, uint64_t bytes)
{
    posix_lock();
    enum mapped found = area_of(at, bytes) != NULL ? MAPPED_MEMORY
                        : view_holds(at, bytes)    ? MAPPED_VIEW
                                                   : MAPPED_NOT;

    posix_unlock();
    return found;
}

/* Pages stay readable and writable: nothing here is protected from the program itself. What others see, too, is never writable. */
long posix_mprotect(const long arguments[6])
{
    uint64_t bytes = round_up((uint64_t)arguments[1]);

    if ((arguments[2] & PROTECT_EXEC) != 0) {
        return -POSIX_EACCES;
    }
    enum mapped found = is_mapped((user_addr_t)arguments[0], bytes);

    if (found == MAPPED_VIEW && (arguments[2] & PROTECT_WRITE) != 0) {
        return -POSIX_EACCES;
    }
    return found != MAPPED_NOT ? 0 : -POSIX_ENOMEM;
}

long posix_munmap(const long arguments[6])
{
    user_addr_t at = (user_addr_t)arguments[0];
    uint64_t bytes = round_up((uint64_t)arguments[1]);

    if (at % PAGE_BYTES != 0 || bytes == 0) {
        return -POSIX_EINVAL;
    }
    posix_lock();
    bool is_ours = pages_give(at, bytes) || view_unmap(at, bytes);

    posix_unlock();
    return is_ours ? 0 : -POSIX_EINVAL;
}

/* A break of BREAK_BYTES; who needs more takes mappings. Gives the new break, or the old one if it cannot. */
long posix_brk(const long arguments[6])
{
    user_addr_t wanted = (user_addr_t)arguments[0];

    posix_lock();
    if (program_break.start == 0) {
        program_break.start = program_break.now = pages_take(BREAK_BYTES / PAGE_BYTES);
    }
    if (program_break.start != 0 && wanted >= program_break.start &&
        wanted <= program_break.start + BREAK_BYTES) {
        if (wanted < program_break.now) {
            memset((char *)wanted, 0, program_break.now - wanted);
        }
        program_break.now = wanted;
    }
    posix_unlock();
    return (long)program_break.now;
}

/* Linux's struct sysinfo, as far as it is filled in. */
struct posix_sysinfo {
    uint64_t uptime_s, loads[3];
    uint64_t all, unused, shared, buffers, swap, unused_swap;
    uint16_t processes, reserved[3];
    uint64_t high, unused_high;
    uint32_t unit, reserved_too;
};
_Static_assert(sizeof(struct posix_sysinfo) == 112, "as Linux has it");

/* The machine, to a program, is what it was given. */
long posix_sysinfo(const long arguments[6])
{
    self_lock();
    *(struct posix_sysinfo *)arguments[0] = (struct posix_sysinfo){
        .uptime_s = clock_now() / NS_PER_S,
        .all = self()->memory.total_bytes,
        .unused = self()->memory.free_bytes,
        .processes = 1,
        .unit = 1,
    };
    self_unlock();
    return 0;
}

/* Advice may be ignored, but for MADV_DONTNEED (4), which promises zeros, or what the file holds. */
long posix_madvise(const long arguments[6])
{
    uint64_t bytes = round_up((uint64_t)arguments[1]);

    enum mapped found = is_mapped((user_addr_t)arguments[0], bytes);

    if (found == MAPPED_NOT) {
        return -POSIX_ENOMEM;
    }
    if (arguments[2] == 4 && found == MAPPED_MEMORY) {
        memset((void *)arguments[0], 0, bytes);
    }
    return 0;
}
