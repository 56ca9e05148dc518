/* SPDX-License-Identifier: MIT */
/* Folders for images, and the tree of all kinds of files that they are made from. */
#pragma once

#include <stdbool.h>

/** folder_path() - a path in a folder of this run, which goes when the program ends. Not reentrant. */
const char *folder_path(const char *name);

/**
 * folder_run() - run a shell command in that folder, as printf; false: it failed, and what it said was
 * printed. /sbin is on its path.
 */
__attribute__((format(printf, 1, 2))) bool folder_run(const char *format, ...);

/** tree_make() - make the tree @name in the folder, with so many entries in its large directories. */
bool tree_make(const char *name, unsigned entries);

struct image;

/**
 * tree_compare() - check that a mounted image holds just what the host has at @path: names, types, modes,
 * owners, times, sizes, counts of links, targets, and every byte. Gives the number of files compared.
 */
unsigned tree_compare(struct image *image, const char *path);
