/* SPDX-License-Identifier: MIT */
/*
 * Pages of the server's cache, mapped instead of copied (docs/grants.md). They show what the file held when they were mapped, can be
 * read and not written, and stay whoever dies: only files_unmap() ends a mapping, whether or not the server is there.
 *
 *     files_map(&file, position, pages, 0, &map)     map.pages of them; 0: read them
 *     files_unmap(&files, &map)
 *
 * The thread that uses the struct files calls these, too. A server that is new knows what was mapped before.
 */
#pragma once

#include "file/file.h"

#define FILES_MAP_PAGES 256u /* at most, in one mapping */

struct files_map {
    const void *start;
    uint32_t pages; /* 0: nothing is mapped, and there is nothing to unmap */
    uint32_t grant;
    cap_addr_t cap;
    const struct files_server *server; /* borrowed */
    bool has_place;                    /* of its own */
};

/**
 * files_map() - map pages of a regular file from a position on, a multiple of a page; of @pages so many as the server can give at
 * once, often 32. With what is no whole page of the file, what it has no memory to give of, and servers that have no cache, *map has
 * no pages: then files_read() is the way, perhaps not for what lies behind.
 * @at: a place reserved for as many; 0: one is found.
 * Errors: those of map (abi/idl/file.idl) but WRONG_TYPE, NO_SLOT: those of region_map() and cap_place(). Blocks: for the disk.
 */
MUST_CHECK err_t files_map(struct file *file, uint64_t position, uint32_t pages, user_addr_t at,
                           struct files_map *map);

/** files_unmap() - takes *map: what was mapped is gone from here. */
void files_unmap(struct files *files, struct files_map *map);
