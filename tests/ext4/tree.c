/* SPDX-License-Identifier: MIT */
/* A tree with a file of every kind. All of it is the same in every run. */
#include "ext4_test/tree.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

enum { NAME_BYTES = 256, DEPTH = 30, FRAGMENTS = 500, FRAGMENT_BYTES = 4096 };

static unsigned mistakes;

static void must(bool done, const char *what)
{
    if (!done) {
        perror(what);
        mistakes++;
    }
}

static uint8_t byte_at(const char *name, size_t at)
{
    uint64_t mixed = (at + 1) * 0x9e3779b97f4a7c15u + (unsigned char)name[0] * 0x94d049bb133111ebu;

    return (uint8_t)(mixed >> 32 ^ mixed >> 41);
}

/* Write bytes that depend on name and place, from a place on. */
static void piece_write(const char *name, off_t from, size_t bytes)
{
    int file = open(name, O_CREAT | O_WRONLY, 0644);
    uint8_t *data = malloc(bytes + 1);

    must(file >= 0 && data != NULL, name);
    for (size_t i = 0; data != NULL && i < bytes; i++) {
        data[i] = byte_at(name, (size_t)from + i);
    }
    must(pwrite(file, data, bytes, from) == (ssize_t)bytes, name);
    free(data);
    close(file);
}

static void folder_enter(const char *name)
{
    must(mkdir(name, 0755) == 0 && chdir(name) == 0, name);
}

static void folder_leave(void)
{
    must(chdir("..") == 0, "..");
}

static void files_make(void)
{
    static const size_t sizes[] = {
        0, 1, 59, 60, 1023, 1024, 1025, 4095, 4096, 4097, 65536, 300000
    };

    folder_enter("files");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char name[NAME_BYTES];

        snprintf(name, sizeof(name), "%zu-bytes", sizes[i]);
        piece_write(name, 0, sizes[i]);
    }
    piece_write("sparse", 0, 100);
    piece_write("sparse", 1 << 20, 5000);
    must(truncate("sparse", (5 << 20) + 77) == 0, "sparse");
    piece_write("late", 9 << 20, 10);
    piece_write("all-hole", 0, 0);
    must(truncate("all-hole", 3 << 20) == 0, "all-hole");
    for (off_t i = 0; i < FRAGMENTS; i++) {
        piece_write("fragments", i * 2 * FRAGMENT_BYTES, FRAGMENT_BYTES);
    }
    folder_leave();
}

static void links_make(void)
{
    char target[1000];

    folder_enter("links");
    for (size_t length = 57; length < 63; length++) {
        char name[NAME_BYTES];

        memset(target, 'x', sizeof(target));
        target[length] = 0;
        snprintf(name, sizeof(name), "length-%zu", length);
        must(symlink(target, name) == 0, name);
    }
    memset(target, 'y', sizeof(target) - 1);
    target[sizeof(target) - 1] = 0;
    must(symlink(target, "length-999") == 0, "length-999");
    /* A long one that leads somewhere: ././././...files/4096-bytes */
    for (size_t i = 0; i < 100; i++) {
        memcpy(target + 2 * i, "./", 2);
    }
    snprintf(target + 200, sizeof(target) - 200, "../files/4096-bytes");
    must(symlink(target, "long") == 0, "long");
    must(symlink("../files/4096-bytes", "relative") == 0, "relative");
    must(symlink("/files//4096-bytes", "absolute") == 0, "absolute");
    must(symlink("../files", "to-dir") == 0, "to-dir");
    must(symlink("to-dir/../files/./1-bytes", "through") == 0, "through");
    must(symlink("through", "through-2") == 0, "through-2");
    must(symlink("loop-b", "loop-a") == 0 && symlink("loop-a", "loop-b") == 0, "loop");
    must(symlink("missing", "dangling") == 0, "dangling");
    must(symlink("../files/1-bytes/", "slash-file") == 0, "slash-file");
    must(link("../files/4096-bytes", "hard-1") == 0, "hard-1");
    must(link("../files/4096-bytes", "hard-2") == 0, "hard-2");
    folder_leave();
}

static void names_make(void)
{
    static const char *const names[] = { " ",          "a b",         "-rf",      "new\nline",
                                         "tab\t",      "back\\slash", "\xff\xfe", "\x80\x81 high",
                                         "z\xc3\xa4h", "*",           "..." };
    char name[NAME_BYTES];

    folder_enter("names");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        piece_write(names[i], 0, 10 * i);
    }
    for (unsigned length = 1; length < NAME_BYTES; length += 11) {
        memset(name, 'n', length);
        name[length] = 0;
        piece_write(name, 0, length);
    }
    memset(name, '\xe9', NAME_BYTES - 1);
    name[NAME_BYTES - 1] = 0;
    piece_write(name, 0, 3);
    folder_leave();
}

static void special_make(void)
{
    static const struct timespec old[2] = { { -1000000000, 0 }, { -1000000000, 0 } };

    folder_enter("special");
    must(mkfifo("fifo", 0640) == 0, "fifo");
    if (geteuid() == 0 && mknod("device", S_IFBLK | 0600, makedev(259, 70000)) == 0) {
        must(mknod("null", S_IFCHR | 0666, makedev(1, 3)) == 0, "null");
        piece_write("owned", 0, 10);
        must(chown("owned", 70000, 80000) == 0, "owned");
    }
    piece_write("mode", 0, 1);
    must(chmod("mode", 06751) == 0, "mode");
    piece_write("old", 0, 1);
    must(utimensat(AT_FDCWD, "old", old, 0) == 0, "old");
    must(mkdir("sticky", 0755) == 0 && chmod("sticky", 01777) == 0, "sticky");
    folder_leave();
}

static void deep_make(void)
{
    for (int i = 0; i < DEPTH; i++) {
        folder_enter("deep");
    }
    piece_write("bottom", 0, 5);
    for (int i = 0; i < DEPTH; i++) {
        folder_leave();
    }
}

/* Short names, and long ones that need an index of more than one level if blocks are small. */
static void crowds_make(unsigned entries)
{
    char name[NAME_BYTES];

    folder_enter("crowd");
    for (unsigned i = 0; i < entries; i++) {
        snprintf(name, sizeof(name), "entry-%u", i * 7919);
        must(link("../files/1-bytes", name) == 0 || close(creat(name, 0644)) == 0, name);
    }
    folder_leave();
    folder_enter("long-crowd");
    for (unsigned i = 0; i < entries / 4; i++) {
        memset(name, 'a' + (char)(i % 26), 200);
        snprintf(name + 200, sizeof(name) - 200, "-%u", i);
        must(symlink("x", name) == 0, name);
    }
    folder_leave();
}

bool tree_make(const char *name, unsigned entries)
{
    int before = open(".", O_RDONLY | O_DIRECTORY);
    char root[NAME_BYTES * 4];

    snprintf(root, sizeof(root), "%s", folder_path(name));
    folder_enter(root);
    files_make();
    links_make();
    names_make();
    special_make();
    deep_make();
    crowds_make(entries);
    must(mkdir("empty", 0700) == 0, "empty");
    must(before >= 0 && fchdir(before) == 0 && close(before) == 0, "back");
    return mistakes == 0;
}
