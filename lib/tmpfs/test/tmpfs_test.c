/* SPDX-License-Identifier: MIT */
/*
 * Random calls against a simple model: names and bytes in plain arrays. Now and then the server dies between two calls
 * and a new one mounts what was kept; all that the model knows must be there, and no memory may be lost.
 * Size: the model and all that is compared with it belong together.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_test/test.h"
#include "tmpfs/tmpfs.h"

enum {
    KEPT = 512 << 10,
    MODEL_MAX = 80,
    FILE_MAX = 600 << 10, /* sparse: more than all memory */
    NAMES = 12,
    STEPS = 20000,
    PAGE = 4096,
};

struct model_node {
    bool is_used;
    uint32_t kind;
    int parent; /* index; -1: nobody finds it */
    char name[TMPFS_NAME_MAX + 1];
    uint64_t bytes;
    unsigned char *data;
    uint32_t node; /* its number in the file system */
    uint32_t holds;
};

static struct model_node model[MODEL_MAX];
static struct tmpfs fs;
static void *kept;
static void *memory;
static uint64_t sequence;

static void mount(bool is_new)
{
    struct tmpfs_report report;

    CHECK_EQ(tmpfs_mount(&fs, kept, KEPT, memory, &report), ERR_OK, "it mounts");
    CHECK_EQ(report.is_new, is_new, "what is there is found");
    CHECK_EQ(report.lost + report.damaged, 0, "nothing is lost");
}

static void begin(void)
{
    free(kept);
    free(memory);
    kept = aligned_alloc(PAGE, KEPT);
    memory = malloc(tmpfs_memory_bytes(KEPT));
    memset(kept, 0xa5, KEPT);
    memset(memory, 0x5a, tmpfs_memory_bytes(KEPT));
    for (int i = 0; i < MODEL_MAX; i++) {
        free(model[i].data);
    }
    memset(model, 0, sizeof(model));
    model[0] = (struct model_node){ .is_used = true, .kind = TMPFS_DIR, .node = TMPFS_ROOT };
    mount(true);
}

/* Mostly names that come again, some of them long; a few that are none. */
static void name_pick(char *name)
{
    static const char *const bad[] = { "", ".", "..", "a/b" };
    uint32_t number = test_random(NAMES);

    if (test_random(40) == 0) {
        (void)snprintf(name, TMPFS_NAME_MAX + 1, "%s", bad[test_random(4)]);
        return;
    }
    (void)snprintf(name, TMPFS_NAME_MAX + 1, "name %u", (unsigned)number);
    if (number % 3 == 0) {
        memset(name + strlen(name), 'x', TMPFS_NAME_MAX - strlen(name));
        name[TMPFS_NAME_MAX] = 0;
    }
}

static bool name_is_bad(const char *name)
{
    return name[0] == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strchr(name, '/');
}

static int model_pick(uint32_t kind)
{
    for (int tries = 0; tries < 200; tries++) {
        int i = (int)test_random(MODEL_MAX);

        if (model[i].is_used && (kind == 0 || model[i].kind == kind)) {
            return i;
        }
    }
    return 0;
}

static int model_find(int dir, const char *name)
{
    for (int i = 1; i < MODEL_MAX; i++) {
        if (model[i].is_used && model[i].parent == dir && strcmp(model[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

static int model_free(void)
{
    for (int i = 1; i < MODEL_MAX; i++) {
        if (!model[i].is_used) {
            return i;
        }
    }
    return -1;
}

static bool model_has_children(int dir)
{
    for (int i = 1; i < MODEL_MAX; i++) {
        if (model[i].is_used && model[i].parent == dir) {
            return true;
        }
    }
    return false;
}

static void model_detach(int i)
{
    model[i].parent = -1;
    if (model[i].holds == 0) {
        free(model[i].data);
        model[i] = (struct model_node){ 0 };
    }
}

static struct tmpfs_request request_new(void)
{
    return (struct tmpfs_request){ .client = test_random(70), .sequence = ++sequence };
}

static void check_done(const struct tmpfs_request *request, err_t err)
{
    bool is_kept = err == ERR_OK && request->client < TMPFS_CLIENTS;

    CHECK_EQ(tmpfs_is_done(&fs, request), is_kept, "what was done is remembered, else not");
}

/* What a call about a name in a directory must say before it looks further. */
static err_t place_error(int dir, const char *name)
{
    if (model[dir].kind != TMPFS_DIR) {
        return ERR_WRONG_TYPE;
    }
    return name_is_bad(name) ? ERR_RANGE : ERR_OK;
}

static void step_make(void)
{
    char name[TMPFS_NAME_MAX + 1];
    int dir = test_random(20) == 0 ? model_pick(0) : model_pick(TMPFS_DIR);
    uint32_t kind = test_random(3) == 0 ? TMPFS_DIR : TMPFS_FILE;
    struct tmpfs_request request = request_new();
    int made = model_free();
    uint32_t node = 0;

    name_pick(name);
    if (made < 0) {
        return;
    }
    struct tmpfs_place place = { model[dir].node, (uint32_t)strlen(name), name };
    err_t want = place_error(dir, name);

    if (want == ERR_OK && model_find(dir, name) >= 0) {
        want = ERR_EXISTS;
    } else if (want == ERR_OK && model[dir].parent < 0) {
        want = ERR_NO_ENTRY;
    } else if (want == ERR_OK && fs.free_node_count == 0) {
        want = ERR_NO_SPACE;
    }
    err_t got = tmpfs_make(&fs, &place, (enum tmpfs_kind)kind, &request, &node);

    CHECK_EQ(got, want, "making a name");
    check_done(&request, got);
    if (got == ERR_OK) {
        model[made] = (struct model_node){
            .is_used = true, .kind = kind, .parent = dir, .node = node, .data = calloc(1, FILE_MAX)
        };
        (void)snprintf(model[made].name, sizeof(model[made].name), "%s", name);
    }
}

static void step_remove(void)
{
    char name[TMPFS_NAME_MAX + 1];
    int dir = model_pick(TMPFS_DIR);
    bool is_dir = test_random(3) == 0;
    struct tmpfs_request request = request_new();

    name_pick(name);
    struct tmpfs_place place = { model[dir].node, (uint32_t)strlen(name), name };
    int found = model_find(dir, name);
    err_t want = place_error(dir, name);

    if (want == ERR_OK && found < 0) {
        want = ERR_NO_ENTRY;
    } else if (want == ERR_OK && (model[found].kind == TMPFS_DIR) != is_dir) {
        want = ERR_WRONG_TYPE;
    } else if (want == ERR_OK && model_has_children(found)) {
        want = ERR_NOT_EMPTY;
    }
    err_t got = tmpfs_remove(&fs, &place, is_dir, &request);

    CHECK_EQ(got, want, "removing a name");
    check_done(&request, got);
    if (got == ERR_OK) {
        model_detach(found);
    }
}

static bool model_is_inside(int dir, int node)
{
    while (dir > 0 && dir != node) {
        dir = model[dir].parent;
    }
    return dir == node;
}

static err_t rename_wanted(int from, int dir, int target)
{
    if (model[from].kind == TMPFS_DIR && model_is_inside(dir, from)) {
        return ERR_RANGE;
    }
    if (target < 0) {
        return model[dir].parent < 0 ? ERR_NO_ENTRY : ERR_OK;
    }
    if ((model[from].kind == TMPFS_DIR) != (model[target].kind == TMPFS_DIR)) {
        return ERR_WRONG_TYPE;
    }
    return model_has_children(target) ? ERR_NOT_EMPTY : ERR_OK;
}

static void step_rename(void)
{
    char names[2][TMPFS_NAME_MAX + 1];
    int dirs[2] = { model_pick(TMPFS_DIR), model_pick(TMPFS_DIR) };
    struct tmpfs_place places[2];
    struct tmpfs_request request = request_new();

    for (int i = 0; i < 2; i++) {
        name_pick(names[i]);
        places[i] =
            (struct tmpfs_place){ model[dirs[i]].node, (uint32_t)strlen(names[i]), names[i] };
    }
    int from = model_find(dirs[0], names[0]);
    int target = model_find(dirs[1], names[1]);
    err_t want = place_error(dirs[0], names[0]);

    want = want == ERR_OK && from < 0 ? ERR_NO_ENTRY : want;
    want = want == ERR_OK ? place_error(dirs[1], names[1]) : want;
    want = want == ERR_OK ? rename_wanted(from, dirs[1], target) : want;
    err_t got = tmpfs_rename(&fs, &places[0], &places[1], &request);

    CHECK_EQ(got, want, "renaming");
    if (got == ERR_OK && from != target) {
        check_done(&request, got);
        if (target >= 0) {
            model_detach(target);
        }
        model[from].parent = dirs[1];
        (void)snprintf(model[from].name, sizeof(model[from].name), "%s", names[1]);
    }
}

static uint64_t position_pick(void)
{
    uint32_t magnitude = test_random(3);

    return magnitude == 0 ? test_random(100)
                          : test_random(magnitude == 1 ? 5 * PAGE : FILE_MAX - 3 * PAGE);
}

static void step_write(void)
{
    static unsigned char bytes[3 * PAGE];
    int i = model_pick(test_random(30) == 0 ? TMPFS_DIR : TMPFS_FILE);
    uint64_t position = position_pick();
    uint64_t count = test_random(4) == 0 ? test_random(sizeof(bytes)) : test_random(300);
    uint64_t done = 77;

    for (uint64_t at = 0; at < count; at++) {
        bytes[at] = (unsigned char)test_random(256);
    }
    err_t err =
        tmpfs_write(&fs, model[i].node, position, (struct tmpfs_bytes){ bytes, count }, &done);

    if (model[i].kind == TMPFS_DIR) {
        CHECK_EQ(err, ERR_WRONG_TYPE, "a directory is not written");
        return;
    }
    if (err == ERR_OK && count != 0) {
        CHECK(done > 0 && done <= count, "something was written");
        CHECK(done == count || fs.free_page_count == 0, "less only where memory ends");
        memcpy(model[i].data + position, bytes, done);
        model[i].bytes = position + done > model[i].bytes ? position + done : model[i].bytes;
    } else if (count != 0) {
        CHECK_EQ(err, ERR_NO_SPACE, "why it was not written");
        CHECK_EQ(fs.free_page_count, 0, "memory is full indeed");
    }
}

static void step_truncate(void)
{
    int i = model_pick(test_random(30) == 0 ? TMPFS_DIR : TMPFS_FILE);
    uint64_t bytes = test_random(3) == 0 ? 0 : position_pick();
    err_t err = tmpfs_truncate(&fs, model[i].node, bytes);

    CHECK_EQ(err, model[i].kind == TMPFS_FILE ? ERR_OK : ERR_WRONG_TYPE, "truncating");
    if (err == ERR_OK) {
        if (bytes < model[i].bytes) {
            memset(model[i].data + bytes, 0, model[i].bytes - bytes);
        }
        model[i].bytes = bytes;
    }
}

static void check_read(int i, uint64_t position, uint64_t count)
{
    static unsigned char bytes[FILE_MAX];
    uint64_t done = 0;
    uint64_t want = position >= model[i].bytes ? 0 : model[i].bytes - position;
    err_t err =
        tmpfs_read(&fs, model[i].node, position, (struct tmpfs_bytes){ bytes, count }, &done);

    want = want < count ? want : count;
    CHECK_EQ(err, ERR_OK, "reading");
    CHECK_EQ(done, want, "as much as there is");
    CHECK(memcmp(bytes, model[i].data + position, want) == 0, "what was written is read");
}

static void step_read(void)
{
    int i = model_pick(TMPFS_FILE);

    if (model[i].kind == TMPFS_FILE) {
        check_read(i, position_pick(), test_random(3 * PAGE));
    }
}

static void step_hold(void)
{
    int i = model_pick(0);

    if (i == 0) {
        tmpfs_hold(&fs, TMPFS_ROOT);
        tmpfs_drop(&fs, TMPFS_ROOT);
    } else if (model[i].holds == 0 && model[i].parent >= 0) {
        tmpfs_hold(&fs, model[i].node);
        model[i].holds++;
    } else if (model[i].holds != 0) {
        tmpfs_drop(&fs, model[i].node);
        model[i].holds--;
        if (model[i].parent < 0) {
            model_detach(i);
        }
    }
}

static void check_all(void)
{
    uint32_t pages = 0;

    for (int i = 0; i < MODEL_MAX && !test_has_failed(); i++) {
        uint64_t position = 0;
        uint32_t listed = 0;
        uint32_t children = 0;
        uint32_t number = 0;

        if (!model[i].is_used) {
            continue;
        }
        struct tmpfs_place place = { model[i].parent < 0 ? 0 : model[model[i].parent].node,
                                     (uint32_t)strlen(model[i].name), model[i].name };

        if (i != 0 && model[i].parent >= 0) {
            CHECK_EQ(tmpfs_find(&fs, &place, &number), ERR_OK, "a name is found");
            CHECK_EQ(number, model[i].node, "and leads to its node");
        }
        CHECK_EQ(tmpfs_node(&fs, model[i].node)->kind, model[i].kind, "its kind");
        CHECK_EQ(tmpfs_node(&fs, model[i].node)->bytes, model[i].bytes, "its length");
        if (model[i].kind == TMPFS_FILE) {
            check_read(i, 0, FILE_MAX);
        }
        for (int j = 1; j < MODEL_MAX; j++) {
            children += model[j].is_used && model[j].parent == i;
        }
        while (model[i].kind == TMPFS_DIR && tmpfs_list(&fs, model[i].node, &position) != 0) {
            listed++;
        }
        CHECK_EQ(listed, children, "a directory lists what is in it");
    }
    for (uint32_t i = fs.page_first; i < fs.page_count; i++) {
        pages++;
    }
    CHECK(fs.free_page_count <= pages, "no page is free twice");
}

static void step_die(void)
{
    uint32_t free_pages = fs.free_page_count;
    uint32_t free_nodes = fs.free_node_count;

    for (int i = 1; i < MODEL_MAX; i++) {
        if (!model[i].is_used) {
            continue;
        }
        model[i].holds = 0;
        if (model[i].parent < 0) {
            free_nodes++;
            model_detach(i);
        }
    }
    mount(false);
    CHECK(fs.free_page_count >= free_pages,
          "no page is lost; those behind the ends of files came back");
    CHECK_EQ(fs.free_node_count, free_nodes, "no node is lost");
    check_all();
}

TEST(files_are_what_a_simple_model_says)
{
    static void (*const steps[])(void) = { step_make,     step_make,  step_make,  step_remove,
                                           step_rename,   step_write, step_write, step_write,
                                           step_truncate, step_read,  step_read,  step_hold };

    begin();
    for (int i = 0; i < STEPS && !test_has_failed(); i++) {
        fs.now = (uint64_t)i;
        if (test_random(400) == 0) {
            step_die();
        } else {
            steps[test_random(sizeof(steps) / sizeof(steps[0]))]();
        }
    }
    check_all();
}

/* Remove all, files first, until nothing is left. */
static void empty(void)
{
    struct tmpfs_request request = { 0 };
    uint64_t position = 0;
    uint32_t number;

    for (bool is_left = true; is_left;) {
        is_left = false;
        for (uint32_t dir = 1; dir < fs.node_count; dir++) {
            if (tmpfs_node(&fs, dir) == NULL || tmpfs_node(&fs, dir)->kind != TMPFS_DIR) {
                continue;
            }
            position = 0;
            while ((number = tmpfs_list(&fs, dir, &position)) != 0) {
                const struct tmpfs_node *node = tmpfs_node(&fs, number);
                struct tmpfs_node copy = *node;
                struct tmpfs_place place = { dir, copy.name_length, copy.name };

                is_left = true;
                (void)!tmpfs_remove(&fs, &place, copy.kind == TMPFS_DIR, &request);
            }
        }
    }
}

TEST(what_is_removed_gives_all_memory_back)
{
    begin();
    uint32_t pages = fs.free_page_count;
    uint32_t nodes = fs.free_node_count;

    for (int i = 0; i < 5000 && !test_has_failed(); i++) {
        (test_random(2) == 0 ? step_make : step_write)();
    }
    CHECK(fs.free_page_count == 0, "it was full");
    empty();
    CHECK_EQ(fs.free_page_count, pages, "all pages are free again");
    CHECK_EQ(fs.free_node_count, nodes, "and all nodes");
}

TEST(links_hold_their_target)
{
    struct tmpfs_place place = { TMPFS_ROOT, 4, "link" };
    struct tmpfs_place target = { 0, 9, "../target" };
    struct tmpfs_request request = { .client = 1, .sequence = 5 };
    char text[16];
    uint64_t done = 0;
    uint32_t node = 0;

    begin();
    CHECK_EQ(tmpfs_make_link(&fs, &place, &target, &request), ERR_OK, "a link is made");
    CHECK_EQ(tmpfs_make_link(&fs, &place, &target, &request), ERR_EXISTS, "once");
    mount(false);
    CHECK(tmpfs_is_done(&fs, &request), "it is remembered over a death");
    CHECK_EQ(tmpfs_find(&fs, &place, &node), ERR_OK, "it is found");
    CHECK_EQ(tmpfs_read(&fs, node, 0, (struct tmpfs_bytes){ text, sizeof(text) }, &done), ERR_OK,
             "its target is read");
    CHECK(done == 9 && memcmp(text, "../target", 9) == 0, "as it was made");
}

/* A dying server may write anywhere: at its first page, that costs no file. */
TEST(a_damaged_head_loses_nothing)
{
    struct tmpfs_place place = { TMPFS_ROOT, 4, "file" };
    struct tmpfs_request request = { .client = 1, .sequence = 5 };
    uint32_t node;

    for (uint32_t at = 0; at < 32 && !test_has_failed(); at++) {
        struct tmpfs_report report;

        begin();
        CHECK_EQ(tmpfs_make(&fs, &place, TMPFS_FILE, &request, &node), ERR_OK, "a file is made");
        ((unsigned char *)kept)[at] ^= 0x10;
        CHECK_EQ(tmpfs_mount(&fs, kept, KEPT, memory, &report), ERR_OK, "it mounts");
        CHECK(report.is_mended && !report.is_new, "what was wrong is said");
        CHECK_EQ(tmpfs_find(&fs, &place, &node), ERR_OK, "the file is there");
        CHECK(tmpfs_is_done(&fs, &request), "and who made it");
        mount(false);
    }
    memset(kept, 0, 32);
    struct tmpfs_report report;

    CHECK_EQ(tmpfs_mount(&fs, kept, KEPT, memory, &report), ERR_OK, "without any head");
    CHECK_EQ(tmpfs_find(&fs, &place, &node), ERR_OK, "the file is there, too");
}

/* Whatever stands in kept memory: a mount ends, touches nothing else, and what it leaves is consistent. */
TEST(damage_is_found_and_never_believed)
{
    for (int round = 0; round < 100 && !test_has_failed(); round++) {
        struct tmpfs_report report;
        uint32_t flips = 1 + test_random(30);

        begin();
        for (int i = 0; i < 300; i++) {
            (test_random(3) == 0 ? step_write : step_make)();
        }
        for (uint32_t i = 0; i < flips; i++) {
            uint32_t at = test_random(3) == 0 ? test_random(KEPT) : PAGE + test_random(24 << 10);

            ((unsigned char *)kept)[at] ^= (unsigned char)(1 + test_random(255));
        }
        CHECK_EQ(tmpfs_mount(&fs, kept, KEPT, memory, &report), ERR_OK, "it mounts");
        for (uint32_t i = 1; i < fs.node_count; i++) {
            static unsigned char bytes[4 * PAGE];
            const struct tmpfs_node *node = tmpfs_node(&fs, i);
            uint64_t done;

            if (node != NULL && node->kind == TMPFS_FILE) {
                struct tmpfs_bytes into = { bytes, sizeof(bytes) };
                err_t err = tmpfs_read(&fs, i, 0, into, &done);

                CHECK(err == ERR_OK || (err == ERR_DAMAGED && node->is_damaged),
                      "it reads or says why");
            }
        }
        CHECK_EQ(tmpfs_mount(&fs, kept, KEPT, memory, &report), ERR_OK, "it mounts once more");
        CHECK_EQ(report.lost + report.orphans, 0, "what was wrong was put right");
        uint32_t before = fs.free_page_count;

        empty();
        CHECK(fs.free_page_count >= before, "what is left can be removed");
        CHECK_EQ(fs.free_page_count, fs.page_count - fs.page_first, "then all memory is free");
    }
}
