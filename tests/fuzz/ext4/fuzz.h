/* SPDX-License-Identifier: MIT */
/*
 * Random damage to images of ext4: what the files of the fuzzer share. A target is a structure of the image
 * that can be damaged, and sealed: given a right checksum again, so that the damage gets past that.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ext4_test/image.h"

enum target_kind {
    TARGET_SUPER,
    TARGET_GROUP,
    TARGET_INODE,
    TARGET_EXTENTS,
    TARGET_DIR,
    TARGET_JOURNAL
};

struct target {
    enum target_kind kind;
    uint32_t owner;  /* inode or group */
    uint64_t offset; /* in the image */
    uint32_t bytes;
};

struct targets {
    struct target *list;
    uint32_t count;
    uint32_t room;
};

/* A seed image and its targets. */
struct seed {
    const char *name;
    struct image image;
    struct targets targets;
    uint8_t *whole; /* as it was before any damage */
};

/** fuzz_random() - a number from 0 to below - 1. */
uint32_t fuzz_random(uint32_t below);

/** fuzz_fail() - say what is wrong, keep the image, end the program. */
_Noreturn void fuzz_fail(const char *what);

/** targets_find() - walk a whole image and note its structures. */
void targets_find(struct seed *seed);

/** mutate() - damage some targets, most of them sealed afterwards. */
void mutate(struct seed *seed);

/** mutate_undo() - the image as it was. */
void mutate_undo(struct seed *seed);

/** seal() - make the checksum of a target right. */
void seal(struct seed *seed, const struct target *target);

/** exercise() - mount and read everything, in every way. Gives the number of calls that found damage. */
uint32_t exercise(struct seed *seed);
