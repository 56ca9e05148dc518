/* SPDX-License-Identifier: MIT */
/*
 * Everything that the library can do, done to an image that may hold anything. Whatever comes back must keep
 * to the contracts; how much work each call may be is bounded by the size of what it looks at.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ext4/names.h"
#include "fuzz.h"

enum {
    JOURNAL_BYTES = 64 << 10,
    PIECE_BYTES = 20000,
    CALL_GETS = 64,
    NAMES_MAX = 40,
    WALKS_MAX = 400
};
enum { GETS_MAX = 300000 };

static struct {
    struct image *image;
    uint64_t gets;   /* before the call */
    uint64_t damage; /* before the call */
    uint32_t found;  /* calls that found damage */
    uint32_t walks;
} state;

static struct ext4_walk walk;

static void call_begins(void)
{
    state.gets = state.image->gets;
    state.damage = atomic_load(&state.image->fs.damage.count);
}

/* @allowed: blocks that the call may ask for. Gives whether it succeeded. */
static bool call_ended(err_t err, uint64_t allowed)
{
    uint64_t damage = atomic_load(&state.image->fs.damage.count);
    uint64_t where;

    if (state.image->held != 0) {
        fuzz_fail("a block was not given back");
    }
    if (state.image->gets - state.gets > allowed) {
        fuzz_fail("a call asked for too many blocks");
    }
    if (err == ERR_DAMAGED && damage == state.damage) {
        fuzz_fail("damage was not counted");
    }
    if (err == ERR_IO &&
        (state.image->gets_max == 0 || state.image->gets <= state.image->gets_max)) {
        fuzz_fail("ERR_IO out of nothing");
    }
    if (ext4_damage_last(&state.image->fs.damage, &where) == NULL) {
        fuzz_fail("damage without a reason");
    }
    state.found += err == ERR_DAMAGED;
    return err == ERR_OK;
}

static void run_check(const struct ext4_run *run, uint64_t asked)
{
    const struct ext4_super *super = &state.image->fs.super;

    if (run->first != asked || run->count == 0 || run->kind == EXT4_RUN_NONE) {
        fuzz_fail("a run is not what was asked for");
    }
    if (run->kind != EXT4_RUN_HOLE &&
        (run->disk >= super->block_count || run->count > super->block_count - run->disk)) {
        fuzz_fail("a run reaches outside the file system");
    }
}

static void file_map(struct ext4_file *file)
{
    uint64_t places[] = { 0, 1, 11, 12, 268, 70000, UINT32_MAX, 1ull << 32, UINT64_MAX };
    struct ext4_run run;
    uint64_t at = 0;

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        call_begins();
        if (call_ended(ext4_map(&state.image->fs, file, places[i], &run), CALL_GETS)) {
            run_check(&run, places[i]);
        }
    }
    for (int i = 0; i < 50 && at < 1ull << 32; i++, at += run.count) {
        call_begins();
        if (!call_ended(ext4_map(&state.image->fs, file, at, &run), CALL_GETS)) {
            break;
        }
        run_check(&run, at);
    }
}

static void file_read(struct ext4_file *file)
{
    uint64_t size = file->inode.size_bytes;
    uint64_t places[] = { 0, 1000, size / 2, size - 1, size, size + 1, UINT64_MAX - 5 };

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        size_t bytes = fuzz_random(PIECE_BYTES);
        uint8_t *piece = calloc(1, bytes + 1);
        size_t done = 0;

        call_begins();
        if (call_ended(ext4_read(&state.image->fs, file, places[i],
                                 (struct ext4_memory){ piece, bytes }, &done),
                       CALL_GETS * (PIECE_BYTES / 1024 + 2)) &&
            (done > bytes || (done < bytes && places[i] < size && done != size - places[i]))) {
            fuzz_fail("a wrong number of bytes was read");
        }
        free(piece);
    }
}

static void link_read(struct ext4_file *file)
{
    size_t bytes = fuzz_random(4) == 0 ? fuzz_random(100) : 5000;
    char *target = calloc(1, bytes + 1);
    size_t length = 0;

    call_begins();
    if (call_ended(ext4_symlink_read(&state.image->fs, file, (struct ext4_memory){ target, bytes },
                                     &length),
                   CALL_GETS * 6) &&
        length > bytes) {
        fuzz_fail("a target is longer than its memory");
    }
    free(target);
}

static void path_walk(uint32_t dir, const char *path, size_t length)
{
    uint64_t dirs = state.image->fs.super.block_count + 1;

    if (state.walks++ >= WALKS_MAX || ext4_walk_start(&walk, dir, path, length) != ERR_OK) {
        return;
    }
    call_begins();
    (void)call_ended(ext4_walk_finish(&state.image->fs, &walk, fuzz_random(2) == 0),
                     (EXT4_LINKS_MAX + 1) * 100 * CALL_GETS * dirs);
}

/* A directory that is being shown; its names are looked up afterwards. */
struct shown {
    struct ext4_file *dir;
    uint64_t next;
    uint32_t count;
    char names[NAMES_MAX][EXT4_NAME_MAX];
    uint8_t lengths[NAMES_MAX];
};

static bool visit(void *context, const struct ext4_entry *entry)
{
    struct shown *shown = context;

    if (entry->next <= shown->next || entry->next > shown->dir->inode.size_bytes) {
        fuzz_fail("a directory goes backwards");
    }
    if (entry->name_length + 8u > entry->next - shown->next) {
        fuzz_fail("a name is longer than its record");
    }
    if (entry->name_length == 0 || memchr(entry->name, '/', entry->name_length) != NULL ||
        memchr(entry->name, 0, entry->name_length) != NULL || entry->inode == 0) {
        fuzz_fail("a name is none");
    }
    if (fuzz_random(32) == 0) {
        return false;
    }
    shown->next = entry->next;
    if (shown->count == NAMES_MAX) {
        return true;
    }
    memcpy(shown->names[shown->count], entry->name, entry->name_length);
    shown->lengths[shown->count++] = entry->name_length;
    return true;
}

static void name_look_up(struct ext4_file *dir, const char *name, size_t length, uint64_t blocks)
{
    struct ext4_entry entry;

    call_begins();
    (void)call_ended(ext4_lookup(&state.image->fs, dir, name, length, &entry),
                     (3 * blocks + 4) * CALL_GETS);
    path_walk(dir->inode.number, name, length);
}

static void dir_read(struct ext4_file *dir)
{
    uint64_t blocks = dir->inode.size_bytes / state.image->fs.super.block_bytes;
    uint64_t position = fuzz_random(4) == 0 ? fuzz_random(5000) : 0;
    static struct shown shown;

    shown.dir = dir;
    shown.next = position;
    shown.count = 0;
    for (int i = 0; i < 300 && position < dir->inode.size_bytes; i++) {
        uint64_t before = position;
        err_t err;

        call_begins();
        err = ext4_dir_read(&state.image->fs, dir, &position, visit, &shown);
        (void)call_ended(err, (blocks + 1) * CALL_GETS);
        if (position < before || (err && position == before)) {
            fuzz_fail("a position does not move on");
        }
        if (err == ERR_IO) {
            break;
        }
    }
    for (uint32_t i = 0; i < shown.count; i++) {
        name_look_up(dir, shown.names[i], shown.lengths[i], blocks);
    }
    name_look_up(dir, "not there", 9, blocks);
    name_look_up(dir, "..", 2, blocks);
}

static void inode_exercise(uint32_t number)
{
    struct ext4_file file;

    call_begins();
    if (!call_ended(ext4_open(&state.image->fs, number, &file), 4)) {
        return;
    }
    file_map(&file);
    file_read(&file);
    link_read(&file);
    if ((file.inode.mode & 0xf000) == 0x4000) {
        dir_read(&file);
    }
}

uint32_t exercise(struct seed *seed)
{
    static const char *const paths[] = { "/links/long",
                                         "links/through-2",
                                         "links/loop-a",
                                         "links/absolute",
                                         "deep/deep/deep/../../links/slash-file",
                                         "//",
                                         "" };
    struct image *image = &seed->image;
    const char *why = NULL;

    memset(&state, 0, sizeof(state));
    state.image = image;
    image->gets_max = GETS_MAX;
    image->is_forgetful = fuzz_random(2) == 0;
    if (image_mount(image, JOURNAL_BYTES, &why)) {
        if (why == NULL || image->held != 0) {
            fuzz_fail("a mount failed without a reason, or holds blocks");
        }
        return 1;
    }
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        path_walk(EXT4_ROOT_INODE, paths[i], strlen(paths[i]));
    }
    for (uint32_t i = 0; i < seed->targets.count; i++) {
        const struct target *target = &seed->targets.list[i];

        if (target->kind == TARGET_INODE) {
            inode_exercise(target->owner);
        }
    }
    inode_exercise(0);
    inode_exercise(fuzz_random(image->fs.super.inode_count) + 1);
    inode_exercise(image->fs.super.inode_count + 1);
    return state.found;
}
