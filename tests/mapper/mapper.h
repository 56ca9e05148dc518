/* SPDX-License-Identifier: MIT */
/* Between the files of this program. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "file/map.h"

/* A part of the way through a file. */
struct mapped {
    struct files_map map;
    uint64_t position;
};

extern struct files files;
extern struct file file;

/** wants() - say what is wrong, and count it. */
void wants(const char *what, uint64_t wanted, uint64_t got);

/** map_all() - as many parts of the file as can be had, at most @most; gives how many. */
uint32_t map_all(struct mapped *parts, uint32_t most);

/** part_is_right() - every word says where in the file it is. */
bool part_is_right(const struct mapped *part);

/** granted() - pages, as the server says. */
uint32_t granted(void);

/** comes_back() - in a while nothing more is granted than that. */
void comes_back(const char *what, uint32_t pages);

/** ask() - the warden, for as long as it takes. */
err_t ask(uint32_t op, uint64_t first, uint64_t second, uint64_t *result);

void hold(void);
void steps(void);
void hangs(void);
void refuse(void);
void smuggle(void);
_Noreturn void take(void);
void lend(void);
void revoke(void);
void storm(void);
