/* SPDX-License-Identifier: MIT */
/* Commands about files, in systems that have some. */
#include "file/file.h"

#include "console.h"
#include "io.h"
#include "pith/clock.h"
#include "pith/file_calls.h"
#include "pith/self.h"
#include "pith/string.h"
#include "service/stats.h"
#include "sha256/sha256.h"

#include "abi/names.h"

enum {
    LINK_BYTES = 1024,
    DEPTH_MAX = 60, /* a directory is open at each level: fewer than a server's handles */
    FIRST_PRINTED = 0x20,
    LAST_PRINTED = 0x7e,
    SECONDS_MAX = 1000000,
};

#define PROGRESS_NS (1 * NS_PER_S)

static ns_t patience_ns = 30 * NS_PER_S;

static struct files files;

struct files *files_if_any(void)
{
    static bool is_done;

    is_done = is_done || files_connect(&files) == ERR_OK;
    files.patience_ns = patience_ns;
    return is_done ? &files : NULL;
}

struct files *console_files(void)
{
    struct files *found = files_if_any();

    if (found == NULL) {
        console_printf("there are no files in this system\n");
    }
    return found;
}

static bool is_connected(void)
{
    return console_files() != NULL;
}

/* A name as it is, but for what a terminal or a reader of lines would take for something else. */
static void name_print(const char *name)
{
    for (; *name != 0; name++) {
        unsigned char c = (unsigned char)*name;

        if (c >= FIRST_PRINTED && c <= LAST_PRINTED && c != '\\') {
            console_write(name, 1);
        } else {
            console_printf("\\x%02x", (unsigned)c);
        }
    }
}

static const char *path_or_root(const char *argument)
{
    return argument[0] != 0 ? argument : "/";
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static char kind_letter(uint32_t kind)
{
    static const char letters[] = "?-dlo";

    return kind < sizeof(letters) - 1 ? letters[kind] : '?';
}

static const char *why(err_t err)
{
    return err == ERR_GONE ? "there is no file system, or the file is no longer what it was"
                           : error_text(err);
}

void command_patience(const char *argument)
{
    uint64_t seconds = console_number(argument);

    if (seconds != 0 && seconds < SECONDS_MAX) {
        patience_ns = seconds * NS_PER_S;
    }
    console_printf("%lu s\n", (unsigned long)(patience_ns / NS_PER_S));
}

/* --- ls --- */

static void entry_show(const char *dir, const struct files_name *name)
{
    static char path[FILES_PATH_MAX];
    size_t length = strlen(dir);
    char target[LINK_BYTES];
    struct file file;

    if (length + 1 + name->length >= sizeof(path)) {
        return;
    }
    memcpy(path, dir, length + 1);
    path[length] = '/';
    memcpy(path + length + 1, name->text, name->length + 1);
    err_t err = files_open(&files, path, FILES_NO_FOLLOW, &file);

    if (err) {
        console_printf("? %12s ", error_name(err));
        name_print(name->text);
        console_printf("\n");
        return;
    }
    console_printf("%c %12lu ", kind_letter(file.kind), (unsigned long)file.bytes);
    name_print(name->text);
    if (file.kind == FILE_KIND_SYMLINK && files_link(&file, target, sizeof(target)) == ERR_OK) {
        console_printf(" -> ");
        name_print(target);
    }
    console_printf("\n");
    files_close(&file);
}

void command_ls(const char *argument)
{
    const char *path = path_or_root(argument);
    static struct files_list list;
    static struct files_name name;
    struct file dir;

    if (!is_connected()) {
        return;
    }
    err_t err = files_open(&files, path, FILES_DIRECTORY, &dir);

    if (err) {
        console_printf("%s: %s\n", path, why(err));
        return;
    }
    files_list(&list, &dir);
    while ((err = files_next(&list, &name)) == ERR_OK) {
        if (!is_dots(name.text)) {
            entry_show(path, &name);
        }
    }
    if (err != ERR_NO_ENTRY) {
        console_printf("%s: %s\n", path, why(err));
    }
    files_close(&dir);
}

/* --- cat --- */

static bool text_show(void *context, const struct file *file, uint64_t position, const void *data,
                      uint32_t bytes)
{
    (void)context;
    (void)file;
    (void)position;
    console_write(data, bytes);
    return true;
}

void command_cat(const char *argument)
{
    if (!is_connected()) {
        return;
    }
    err_t err = files_all(&files, argument, text_show, NULL);

    if (err) {
        console_printf("%s: %s\n", argument, why(err));
    }
}

/* --- sum, sums --- */

struct summing {
    struct sha256 hash;
    ns_t next_ns; /* when to say how far it is */
    bool is_told;
};

static bool sum_add(void *context, const struct file *file, uint64_t position, const void *data,
                    uint32_t bytes)
{
    struct summing *summing = context;
    ns_t now = clock_now();

    sha256_add(&summing->hash, data, bytes);
    stats_progress();
    if (summing->is_told && now >= summing->next_ns) {
        console_printf("%lu of %lu KiB\n", (unsigned long)((position + bytes) / 1024),
                       (unsigned long)(file->bytes / 1024));
        summing->next_ns = now + PROGRESS_NS;
    }
    return true;
}

/* Prints the checksum, or in its place the error; then the path. */
static void sum_show(const char *path, bool is_told)
{
    struct summing summing = { .next_ns = clock_now() + PROGRESS_NS, .is_told = is_told };
    unsigned char digest[SHA256_BYTES];

    sha256_start(&summing.hash);
    err_t err = files_all(&files, path, sum_add, &summing);

    if (err) {
        console_printf("%s", error_name(err));
    } else {
        sha256_finish(&summing.hash, digest);
        for (uint32_t i = 0; i < SHA256_BYTES; i++) {
            console_printf("%02x", (unsigned)digest[i]);
        }
    }
    console_printf("  ");
    name_print(path);
    console_printf("\n");
}

void command_sum(const char *argument)
{
    if (!is_connected()) {
        return;
    }
    ns_t start = clock_now();

    sum_show(argument, true);
    console_printf("%lu ms; %lu calls repeated, %lu files opened again\n",
                   (unsigned long)((clock_now() - start) / NS_PER_MS),
                   (unsigned long)files.repeated, (unsigned long)files.reopened);
}

/* A walk over a tree: one directory open at each level, whose path is in the level's own place in walk_paths. */
struct level {
    struct file dir;
    struct files_list list;
    char *path; /* followed by that of the next level */
    size_t length;
};

static struct level levels[DEPTH_MAX];
static char walk_paths[16 * FILES_PATH_MAX];

/* The path of a name at a level, in the place of the next level; false: too long or too deep. */
static bool path_step(uint32_t depth, const struct files_name *name)
{
    const struct level *level = &levels[depth];
    char *next = level->path + level->length + 1;
    size_t bytes = level->length + name->length + 2;

    if (depth + 1 >= DEPTH_MAX || bytes > FILES_PATH_MAX ||
        bytes > (size_t)(walk_paths + sizeof(walk_paths) - next)) {
        return false;
    }
    memcpy(next, level->path, level->length);
    next[level->length] = '/';
    memcpy(next + level->length + 1, name->text, name->length + 1);
    levels[depth + 1].path = next;
    levels[depth + 1].length = bytes - 1;
    return true;
}

static bool level_enter(uint32_t depth)
{
    struct level *level = &levels[depth];
    err_t err = files_open(&files, level->length == 0 ? "/" : level->path,
                           FILES_DIRECTORY | FILES_NO_FOLLOW, &level->dir);

    if (err) {
        console_printf("%s  ", error_name(err));
        name_print(level->path);
        console_printf("\n");
        return false;
    }
    files_list(&level->list, &level->dir);
    return true;
}

static void link_show(const char *path)
{
    char target[LINK_BYTES];
    struct file file;
    err_t err = files_open(&files, path, FILES_NO_FOLLOW, &file);

    if (err == ERR_OK) {
        err = files_link(&file, target, sizeof(target));
        files_close(&file);
    }
    console_printf("%s  ", err ? error_name(err) : "link");
    name_print(path);
    console_printf(" -> ");
    name_print(err ? "" : target);
    console_printf("\n");
}

/* Sums of all regular files below a directory, and the targets of all links. */
void command_sums(const char *argument)
{
    static struct files_name name;
    uint32_t depth = 0;
    size_t length = strlen(argument);

    if (!is_connected() || length >= FILES_PATH_MAX) {
        return;
    }
    length = strcmp(argument, "/") == 0 ? 0 : length;
    memcpy(walk_paths, argument, length);
    walk_paths[length] = 0;
    levels[0].path = walk_paths;
    levels[0].length = length;
    if (!level_enter(0)) {
        return;
    }
    for (;;) {
        err_t err = files_next(&levels[depth].list, &name);

        if (err) {
            if (err != ERR_NO_ENTRY) {
                console_printf("%s  ", error_name(err));
                name_print(levels[depth].path);
                console_printf("\n");
            }
            files_close(&levels[depth].dir);
            if (depth == 0) {
                break;
            }
            depth--;
        } else if (is_dots(name.text)) {
            continue;
        } else if (!path_step(depth, &name)) {
            console_printf("TOO_DEEP  ");
            name_print(name.text);
            console_printf("\n");
        } else if (name.kind == FILE_KIND_DIRECTORY) {
            depth += level_enter(depth + 1);
        } else if (name.kind == FILE_KIND_SYMLINK) {
            link_show(levels[depth + 1].path);
        } else {
            sum_show(levels[depth + 1].path, false);
        }
    }
    console_printf("end of sums\n");
}

void command_volume(const char *argument)
{
    uint32_t block_bytes, cache_pages, handles, granted;
    uint64_t blocks, hits, misses, damaged;

    struct file file;

    if (!is_connected()) {
        return;
    }
    err_t err = files_open(&files, path_or_root(argument), 0, &file);

    if (err == ERR_OK) {
        cap_addr_t server = file.server != NULL ? file.server->cap : 0;

        files_close(&file);
        err = file_info(server, clock_now() + NS_PER_S, &block_bytes, &blocks, &cache_pages, &hits,
                        &misses, &damaged, &handles, &granted);
    }

    if (err) {
        console_printf("%s\n", why(err));
        return;
    }
    console_printf(
        "%lu blocks of %u bytes; cache of %u pages, %lu hits, %lu misses; %lu damages met; "
        "%u handles, %u pages granted\n",
        (unsigned long)blocks, block_bytes, cache_pages, (unsigned long)hits, (unsigned long)misses,
        (unsigned long)damaged, handles, granted);
}
