/* SPDX-License-Identifier: MIT */
/*
 * Death before every single store into kept memory (of those into pages of files, some). The memory cannot be written: each store faults, what is kept by
 * then is noted, and the store carried out, one instruction long. Afterwards a new server mounts each of the states that
 * were noted. A change must be there whole, and remembered as done, or not at all.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "host_test/test.h"
#include "tmpfs/tmpfs.h"

enum { KEPT = 64 << 10, PAGE = 4096, TRAP_FLAG = 0x100, POINTS_MAX = 12000 };

static unsigned char *kept;
static unsigned char *states; /* POINTS_MAX of them */
static void *memory;
static struct tmpfs fs;
static uint64_t stores; /* noted */
static uint64_t faults; /* in pages of files */
static const struct tmpfs_request request = { .client = 3, .sequence = 1000 };

static void on_fault(int number, siginfo_t *info, void *context)
{
    ucontext_t *user = context;
    unsigned char *at = info->si_addr;

    if (at < kept || at >= kept + KEPT || stores == POINTS_MAX - 1) {
        (void)signal(number, SIG_DFL);
        return;
    }
    /* Bytes of files come one by one from where the library likes to copy so: of these some. */
    if (at < kept + (size_t)fs.page_first * PAGE || faults++ % 61 == 0) {
        memcpy(states + stores++ * KEPT, kept, KEPT);
    }
    (void)mprotect(kept, KEPT, PROT_READ | PROT_WRITE);
    user->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

static void on_step(int number, siginfo_t *info, void *context)
{
    ucontext_t *user = context;

    (void)number;
    (void)info;
    (void)mprotect(kept, KEPT, PROT_READ);
    user->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
}

static void prepare(void)
{
    struct sigaction action = { .sa_flags = SA_SIGINFO | SA_NODEFER };

    if (kept == NULL) {
        kept = mmap(NULL, KEPT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        states = mmap(NULL, (size_t)POINTS_MAX * KEPT, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        memory = malloc(tmpfs_memory_bytes(KEPT));
    }
    action.sa_sigaction = on_fault;
    (void)sigaction(SIGSEGV, &action, NULL);
    action.sa_sigaction = on_step;
    (void)sigaction(SIGTRAP, &action, NULL);
}

static void mount(void)
{
    struct tmpfs_report report;

    CHECK_EQ(tmpfs_mount(&fs, kept, KEPT, memory, &report), ERR_OK, "it mounts");
    CHECK_EQ(report.lost + report.damaged, 0, "a death damages nothing");
}

static struct tmpfs_place place(uint32_t dir, const char *name)
{
    return (struct tmpfs_place){ dir, (uint32_t)strlen(name), name };
}

static uint32_t node_of(uint32_t dir, const char *name)
{
    struct tmpfs_place at = place(dir, name);
    uint32_t node = 0;

    return tmpfs_find(&fs, &at, &node) == ERR_OK ? node : 0;
}

static uint32_t make(uint32_t dir, const char *name, enum tmpfs_kind kind)
{
    static const struct tmpfs_request none;
    struct tmpfs_place at = place(dir, name);
    uint32_t node = 0;

    CHECK_EQ(tmpfs_make(&fs, &at, kind, &none, &node), ERR_OK, name);
    return node;
}

static void fill(uint32_t node, uint64_t position, uint64_t bytes, unsigned char with)
{
    static unsigned char data[4 * PAGE];
    uint64_t done;

    memset(data, with, sizeof(data));
    CHECK_EQ(tmpfs_write(&fs, node, position, (struct tmpfs_bytes){ data, bytes }, &done), ERR_OK,
             "it is written");
}

/* /dir, /dir/file of two pages, /other of three bytes, /empty */
static void set_up(void)
{
    memset(kept, 0, KEPT);
    mount();
    uint32_t dir = make(TMPFS_ROOT, "dir", TMPFS_DIR);

    fill(make(dir, "file", TMPFS_FILE), 0, 2 * PAGE, 'f');
    fill(make(TMPFS_ROOT, "other", TMPFS_FILE), 0, 3, 'o');
    (void)make(TMPFS_ROOT, "empty", TMPFS_DIR);
}

/* --- What is cut short. Each makes one call. --- */

static void act_make(void)
{
    struct tmpfs_place at = place(TMPFS_ROOT, "new");
    uint32_t node;

    (void)!tmpfs_make(&fs, &at, TMPFS_FILE, &request, &node);
}

static void act_make_link(void)
{
    struct tmpfs_place at = place(TMPFS_ROOT, "link");
    struct tmpfs_place target = place(0, "dir/file");

    (void)!tmpfs_make_link(&fs, &at, &target, &request);
}

static void act_remove(void)
{
    struct tmpfs_place at = place(node_of(TMPFS_ROOT, "dir"), "file");

    (void)!tmpfs_remove(&fs, &at, false, &request);
}

static void act_rename(void)
{
    struct tmpfs_place from = place(node_of(TMPFS_ROOT, "dir"), "file");
    struct tmpfs_place to = place(TMPFS_ROOT, "other");

    (void)!tmpfs_rename(&fs, &from, &to, &request);
}

static void act_grow(void)
{
    static unsigned char data[3 * PAGE];
    uint64_t done;

    memset(data, 'w', sizeof(data));
    (void)!tmpfs_write(&fs, node_of(TMPFS_ROOT, "other"), 2, (struct tmpfs_bytes){ data, 5000 },
                       &done);
}

static void act_shrink(void)
{
    (void)!tmpfs_truncate(&fs, node_of(node_of(TMPFS_ROOT, "dir"), "file"), 100);
}

static void act_cut(void)
{
    (void)!tmpfs_truncate(&fs, node_of(node_of(TMPFS_ROOT, "dir"), "file"), 0);
}

static void act_drop(void)
{
    struct tmpfs_place at = place(TMPFS_ROOT, "other");
    uint32_t node = node_of(TMPFS_ROOT, "other");

    tmpfs_hold(&fs, node);
    (void)!tmpfs_remove(&fs, &at, false, &request);
    tmpfs_drop(&fs, node);
}

/* --- What may be there afterwards: as before (false) or as after (true). --- */

static bool file_is(uint32_t node, uint64_t bytes, unsigned char with)
{
    unsigned char data[4 * PAGE];
    uint64_t done = 0;

    if (node == 0 || tmpfs_node(&fs, node)->bytes != bytes ||
        tmpfs_read(&fs, node, 0, (struct tmpfs_bytes){ data, sizeof(data) }, &done) != ERR_OK) {
        return false;
    }
    for (uint64_t i = 0; i < done; i++) {
        if (data[i] != with) {
            return false;
        }
    }
    return done == bytes;
}

static bool is_made(bool is_done)
{
    return file_is(node_of(TMPFS_ROOT, "new"), 0, 0) == is_done &&
           (node_of(TMPFS_ROOT, "new") != 0) == is_done;
}

static bool is_linked(bool is_done)
{
    uint32_t node = node_of(TMPFS_ROOT, "link");
    char text[16] = { 0 };
    uint64_t done = 0;

    if (!is_done) {
        return node == 0;
    }
    return node != 0 &&
           tmpfs_read(&fs, node, 0, (struct tmpfs_bytes){ text, sizeof(text) }, &done) == ERR_OK &&
           strcmp(text, "dir/file") == 0;
}

static bool is_removed(bool is_done)
{
    uint32_t node = node_of(node_of(TMPFS_ROOT, "dir"), "file");

    return is_done ? node == 0 : file_is(node, 2ull * PAGE, 'f');
}

static bool is_renamed(bool is_done)
{
    uint32_t old = node_of(node_of(TMPFS_ROOT, "dir"), "file");
    uint32_t other = node_of(TMPFS_ROOT, "other");

    return is_done ? old == 0 && file_is(other, 2ull * PAGE, 'f')
                   : file_is(old, 2ull * PAGE, 'f') && file_is(other, 3, 'o');
}

static bool is_dropped(bool is_done)
{
    uint32_t other = node_of(TMPFS_ROOT, "other");

    return is_done ? other == 0 : file_is(other, 3, 'o');
}

/* These change bytes, and nothing is remembered of them. */
static bool is_grown(bool is_done)
{
    uint32_t node = node_of(TMPFS_ROOT, "other");
    unsigned char data[4 * PAGE];
    uint64_t done = 0;
    err_t err = tmpfs_read(&fs, node, 0, (struct tmpfs_bytes){ data, sizeof(data) }, &done);
    bool is_right =
        err == ERR_OK && (done == 3 || done == 5002) && data[0] == 'o' && data[1] == 'o';

    (void)is_done;
    for (uint64_t i = 2; is_right && i < done; i++) {
        is_right = data[i] == 'w' || (i == 2 && data[i] == 'o' && done == 3);
    }
    /* What lies behind the end must read as zeros when the file is made longer. */
    is_right =
        is_right && tmpfs_truncate(&fs, node, 3ull * PAGE) == ERR_OK &&
        tmpfs_read(&fs, node, done, (struct tmpfs_bytes){ data, sizeof(data) }, &done) == ERR_OK;
    for (uint64_t i = 0; is_right && i < done; i++) {
        is_right = data[i] == 0;
    }
    return is_right;
}

static bool is_shrunk(bool is_done)
{
    uint32_t node = node_of(node_of(TMPFS_ROOT, "dir"), "file");
    unsigned char data[2 * PAGE];
    uint64_t done = 0;

    (void)is_done;
    if (file_is(node, 2ull * PAGE, 'f')) {
        return true;
    }
    bool is_right =
        file_is(node, 100, 'f') && tmpfs_truncate(&fs, node, 2ull * PAGE) == ERR_OK &&
        tmpfs_read(&fs, node, 100, (struct tmpfs_bytes){ data, sizeof(data) }, &done) == ERR_OK;

    for (uint64_t i = 0; is_right && i < done; i++) {
        is_right = data[i] == 0;
    }
    return is_right;
}

static bool is_cut(bool is_done)
{
    uint32_t node = node_of(node_of(TMPFS_ROOT, "dir"), "file");

    (void)is_done;
    return file_is(node, 2ull * PAGE, 'f') || file_is(node, 0, 0);
}

/* Make the call, noting what is kept before each store. */
static void act(void (*action)(void))
{
    stores = 0;
    (void)mprotect(kept, KEPT, PROT_READ);
    action();
    (void)mprotect(kept, KEPT, PROT_READ | PROT_WRITE);
}

TEST(a_death_at_any_store_leaves_all_or_nothing)
{
    static const struct {
        const char *name;
        void (*action)(void);
        bool (*is_right)(bool is_done);
        bool is_remembered;
    } cases[] = {
        { "make", act_make, is_made, true },        { "make link", act_make_link, is_linked, true },
        { "remove", act_remove, is_removed, true }, { "rename", act_rename, is_renamed, true },
        { "drop", act_drop, is_dropped, true },     { "write", act_grow, is_grown, false },
        { "shrink", act_shrink, is_shrunk, false }, { "cut", act_cut, is_cut, false },
    };
    uint64_t points = 0;

    prepare();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool was_done = false;

        set_up();
        act(cases[i].action);
        memcpy(states + stores * KEPT, kept, KEPT); /* and after the last one */
        for (uint64_t point = 0; point <= stores && !test_has_failed(); point++) {
            memcpy(kept, states + point * KEPT, KEPT);
            mount();
            bool is_done = tmpfs_is_done(&fs, &request);

            CHECK(is_done || !was_done, "done once, done at every later point");
            CHECK(cases[i].is_right(is_done), cases[i].name);
            CHECK(point < stores || is_done == cases[i].is_remembered, "a call that ended is done");
            was_done = is_done;
            points++;
        }
        CHECK(stores > 0, "it stores something");
    }
    printf("note: %llu points of death in %zu calls\n", (unsigned long long)points,
           sizeof(cases) / sizeof(cases[0]));
}
