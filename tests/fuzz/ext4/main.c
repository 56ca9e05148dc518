/* SPDX-License-Identifier: MIT */
/*
 * random_ext4 [--seed N] [--seconds N] [--run N] [--keep FILE]
 *
 * Makes images with mkfs.ext4, damages them at random, and reads everything in them, under the sanitizers.
 * Run N of a seed does the same every time, as far as the images are the same; --run does one run alone.
 * On a failure the damaged image is kept in FILE.
 */
#include <fcntl.h>
#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ext4_test/tree.h"
#include "fuzz.h"

enum { SEEDS = 5, JOURNAL_BYTES = 64 << 10, STUCK_S = 60 };

static struct {
    struct seed *seed;
    const char *keep;
    uint64_t number;
    uint64_t run;
    uint64_t random;
    char text[200]; /* what to say of it on a failure */
} now;

uint32_t fuzz_random(uint32_t below)
{
    uint64_t mixed = now.random += 0x9e3779b97f4a7c15u;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((((mixed ^ (mixed >> 31)) >> 32) * below) >> 32);
}

static void text_write(int file, const char *text, size_t bytes)
{
    while (bytes > 0) {
        ssize_t written = write(file, text, bytes);

        if (written <= 0) {
            return;
        }
        text += written;
        bytes -= (size_t)written;
    }
}

/* Called when the program dies, however: in a signal handler, too. */
static void failure_show(void)
{
    text_write(STDERR_FILENO, now.text, strlen(now.text));
    if (now.keep != NULL && now.seed != NULL) {
        int file = open(now.keep, O_CREAT | O_TRUNC | O_WRONLY, 0644);

        text_write(file, (const char *)now.seed->image.bytes, now.seed->image.size);
        close(file);
    }
}

_Noreturn void fuzz_fail(const char *what)
{
    text_write(STDERR_FILENO, what, strlen(what));
    text_write(STDERR_FILENO, "\n", 1);
    failure_show();
    _exit(1);
}

static void stuck(int number)
{
    (void)number;
    fuzz_fail("a run does not end");
}

static void seed_make(struct seed *seed, const char *name, const char *options, const char *after)
{
    const char *why = "";

    seed->name = name;
    if (!folder_run("export E2FSPROGS_FAKE_TIME=1700000000; rm -f image; truncate -s 5M image && "
                    "mkfs.ext4 -q -F -U 11111111-2222-3333-4444-555555555555 -d tree %s "
                    "-E hash_seed=66666666-7777-8888-9999-aaaaaaaaaaaa image && "
                    "{ e2fsck -fyD image || [ $? = 1 ]; } && %s",
                    options, after) ||
        !image_load(&seed->image, folder_path("image")) ||
        image_mount(&seed->image, JOURNAL_BYTES, &why) != ERR_OK) {
        fprintf(stderr, "image %s cannot be made: %s\n", name, why);
        exit(2);
    }
    targets_find(seed);
    seed->whole = malloc(seed->image.size);
    if (seed->whole == NULL) {
        abort();
    }
    memcpy(seed->whole, seed->image.bytes, seed->image.size);
}

static void seeds_make(struct seed *seeds)
{
    const char *log =
        "printf 'jo -c -v 3\\njw -b 3000-3003 tree/files/65536-bytes\\njw -r 3001\\n"
        "jw -b 3100-3110 tree/files/65536-bytes\\njc\\n' > log && debugfs -w -f log image";
    const char *plain_log = "printf 'jo\\njw -b 3000-3003 tree/files/65536-bytes\\njw -r 3001\\n"
                            "jw -b 3100-3110 tree/files/65536-bytes\\njc\\n' > log && "
                            "debugfs -w -f log image";

    if (!tree_make("tree", 300) || !folder_run("find tree -exec touch -hd @1600000000 {} +")) {
        exit(2);
    }
    seed_make(&seeds[0], "usual", "-b 1024 -N 1500 -J size=1", "true");
    seed_make(&seeds[1], "ext3", "-b 1024 -N 1500 -t ext3 -J size=1", "true");
    seed_make(&seeds[2], "no-checksums", "-b 1024 -N 1500 -J size=1 -O ^metadata_csum,^64bit",
              "true");
    seed_make(&seeds[3], "journal", "-b 1024 -N 1500 -J size=1", log);
    seed_make(&seeds[4], "plain-journal", "-b 1024 -N 1500 -J size=1 -O ^metadata_csum", plain_log);
}

static uint32_t run_once(struct seed *seeds, uint64_t run)
{
    uint32_t found;

    now.run = run;
    now.random = now.number * 0x100000001b3u + run;
    now.seed = &seeds[fuzz_random(SEEDS)];
    snprintf(now.text, sizeof(now.text), "random_ext4: failed: --seed %llu --run %llu, image %s\n",
             (unsigned long long)now.number, (unsigned long long)run, now.seed->name);
    alarm(STUCK_S);
    mutate(now.seed);
    found = exercise(now.seed);
    mutate_undo(now.seed);
    alarm(0);
    return found;
}

int main(int argc, char **argv)
{
    static struct seed seeds[SEEDS];
    uint64_t seconds = 5;
    uint64_t only = UINT64_MAX;
    uint64_t runs = 0;
    uint64_t damaged = 0;
    time_t end;

    now.number = 1;
    for (int i = 1; i + 1 < argc; i += 2) {
        uint64_t value = strtoull(argv[i + 1], NULL, 0);

        if (strcmp(argv[i], "--seed") == 0) {
            now.number = value;
        } else if (strcmp(argv[i], "--seconds") == 0) {
            seconds = value;
        } else if (strcmp(argv[i], "--run") == 0) {
            only = value;
        } else if (strcmp(argv[i], "--keep") == 0) {
            now.keep = argv[i + 1];
        } else {
            fprintf(stderr, "unknown option %s\n", argv[i]);
            return 2;
        }
    }
    __sanitizer_set_death_callback(failure_show);
    signal(SIGALRM, stuck);
    seeds_make(seeds);
    if (only != UINT64_MAX) {
        run_once(seeds, only);
        return 0;
    }
    for (end = time(NULL) + (time_t)seconds; time(NULL) < end; runs++) {
        damaged += run_once(seeds, runs) != 0;
    }
    printf("note: random_ext4: %llu runs, damage found in %llu, seed %llu\n",
           (unsigned long long)runs, (unsigned long long)damaged, (unsigned long long)now.number);
    return runs == 0 || damaged == 0;
}
