/* SPDX-License-Identifier: MIT */
/* Paths of this program, as the file server wants them; with posix_lock() held. Results are 0 or a negated errno. */
#pragma once

#include "descriptor.h"

#define TREE_HERE (-100) /* Linux's AT_FDCWD: relative to the working directory */

/** tree_path() - into @opening: the absolute path of one that is relative to @dir, a descriptor or TREE_HERE. */
long tree_path(long dir, const char *path, struct opening *opening);

/** tree_open() - the same, and open it; @flags as for files_open(). A '/' at its end wants a directory. */
long tree_open(long dir, const char *path, uint32_t flags, struct opening *opening);

/** tree_open_again() - what the path in @opening leads to, in another way. */
long tree_open_again(struct opening *opening, uint32_t flags);

/** tree_has_parent() - the directory that the path in @opening lies in is there: 0, or why not. */
long tree_has_parent(const struct opening *opening);

/** tree_probe() - as tree_open(), into an opening for one look: tree_probe_end() before the next one. */
long tree_probe(long dir, const char *path, uint32_t flags, struct opening **opening);
void tree_probe_end(void);

/** tree_files() - the file servers of this program; NULL: it may use none. */
struct files *tree_files(void);

/** tree_working() - the working directory: absolute, no links in it. */
const char *tree_working(void);

/** tree_work_in() - go to a directory, by an absolute path. */
long tree_work_in(const char *path);
