/* SPDX-License-Identifier: MIT */
/*
 * The random caller: long random runs of user programs, interrupts and time on the simulated machine,
 * with the invariants of the whole object graph checked in between. Each run is a process of its own,
 * so that whatever goes wrong in it can be said, repeated and made shorter.
 *
 *     random_calls --calls 1000000 --seed 1     as many calls, then `ok`
 *     random_calls --seed 7 --run 3 --trace     one run again, every step printed
 *     random_calls --cores 2                    on a machine with two cores; else runs have one or two
 *
 * The same seed gives the same steps. Ends with `N passed, N failed`: the runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "arch_host/machine.h"
#include "execute.h"
#include "generate.h"
#include "graph/invariants.h"
#include "shared_memory.h"
#include "step.h"
#include "watch.h"

enum { SPARSE_EVERY = 256 };

struct options {
    uint64_t calls;
    uint64_t seed;
    uint64_t only_run; /* UINT64_MAX: all */
    uint32_t run_steps;
    uint32_t cores; /* 0: as it comes */
    uint32_t check_every;
    uint32_t spaces_every;
    uint32_t shrink_seconds; /* 0: leave it as long as it is */
    bool trace;
    bool quiet;
};

/* Shared by the watcher and the run it watches. */
struct shared {
    struct tally tally;
    uint32_t step;  /* in the present run */
    uint32_t cores; /* of its machine */
    uint32_t count; /* of steps to replay */
    bool failed;
    char why[700];
};

static struct options options = {
    .calls = 300000,
    .seed = 1,
    .only_run = UINT64_MAX,
    .run_steps = 20000,
    .check_every = 1,
    .spaces_every = 16,
    .shrink_seconds = 60,
};
static struct shared *shared;
static uint32_t sparse_until; /* shortening: before this step check only now and then */
static struct step *steps;    /* of the run under scrutiny; shared too */

/* A run does not give its memory back: it ends. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

/* --- One run, in its own process ----------------------------------------------------------------- */

static void run_failed(const char *why)
{
    shared->failed = true;
    snprintf(shared->why, sizeof(shared->why), "%s", why);
    fflush(stdout);
    _exit(3);
}

static void on_panic(const char *text, const char *file, uint32_t line)
{
    char why[300];

    snprintf(why, sizeof(why), "panic: %s (%s:%u)", text, file, line);
    run_failed(why);
}

static void check(uint32_t at)
{
    struct tally *tally = &shared->tally;
    struct invariants_count count;
    const char *why;

    if (options.check_every == 0 ||
        at % (at < sparse_until ? SPARSE_EVERY : options.check_every) != 0) {
        return;
    }
    if (!invariants_hold(at % options.spaces_every == 0 || sparse_until != 0, &why, &count)) {
        run_failed(why);
    }
    tally->checks++;
    tally->objects_max = count.objects > tally->objects_max ? count.objects : tally->objects_max;
    tally->types_max = count.types > tally->types_max ? count.types : tally->types_max;
    tally->depth_max = count.depth > tally->depth_max ? count.depth : tally->depth_max;
    tally->edges_max = count.edges > tally->edges_max ? count.edges : tally->edges_max;
}

static void do_step(const struct step *step, uint32_t at)
{
    const char *why = "";

    shared->step = at;
    if (options.trace) {
        printf("%u ", at);
        step_print(step);
    }
    bool watched = options.check_every == 1 && at > sparse_until;

    if (watched) {
        watch_before();
    }
    if (!step_run(step, &why)) {
        run_failed(why);
    }
    check(at);
    if (watched) {
        if (!watch_after(&why)) {
            run_failed(why);
        }
        shared->tally.alone += watch_alone();
        shared->tally.gave_up += watch_gave_up();
    }
}

static void run_random(uint64_t seed, bool record)
{
    struct random random = { seed };
    struct habits habits;
    struct step step;

    generate_begin(&random, &habits, options.cores);
    shared->cores = habits.cores;
    steps_begin(&shared->tally, habits.cores);
    check(0);
    for (uint32_t i = 0; i < options.run_steps; i++) {
        generate_step(&random, &habits, &step);
        if (record) {
            steps[i] = step;
        }
        do_step(&step, i);
        if (steps_are_over() && step.kind == STEP_NOTHING) {
            break;
        }
    }
    steps_end();
}

static void run_recorded(uint32_t count)
{
    steps_begin(&shared->tally, shared->cores);
    check(0);
    for (uint32_t i = 0; i < count; i++) {
        do_step(&steps[i], i);
    }
    steps_end();
}

/* True if the run ended well. recorded: repeat steps[0..count); else make new ones, and keep them if asked. */
static bool run_apart(uint64_t seed, bool record, bool recorded, uint32_t count, bool silent)
{
    int status;

    shared->failed = false;
    shared->why[0] = 0;
    fflush(stdout);
    pid_t child = fork();

    if (child == 0) {
        if (silent && freopen("/dev/null", "w", stderr) == NULL) {
            _exit(4);
        }
        host_on_panic(on_panic);
        if (recorded) {
            run_recorded(count);
        } else {
            run_random(seed, record);
        }
        exit(0); /* so that coverage is written */
    }
    if (child < 0 || waitpid(child, &status, 0) < 0) {
        perror("random_calls");
        exit(2);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return true;
    }
    if (!shared->failed) {
        snprintf(shared->why, sizeof(shared->why), "%s %d: a sanitizer stopped it, or it crashed",
                 WIFSIGNALED(status) ? "signal" : "status",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    return false;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* --- Making a failing run shorter ------------------------------------------------------------------ */

/* Is it the same failure? Numbers of objects differ when steps are left out: compare without digits. */
static bool is_same(const char *left, const char *right)
{
    while (*left != 0 && *right != 0) {
        if (*left >= '0' && *left <= '9') {
            left++;
        } else if (*right >= '0' && *right <= '9') {
            right++;
        } else if (*left++ != *right++) {
            return false;
        }
    }
    return true;
}

static bool still_fails(struct step *kept, uint32_t count, const char *why)
{
    memcpy(steps, kept, count * sizeof(*kept));
    sparse_until = count > 32 ? count - 32 : 1;
    bool fails = !run_apart(0, false, true, count, true) && is_same(shared->why, why);

    sparse_until = 0;
    return fails;
}

/* Leaves out pieces of half the length, then of a quarter, ..., as long as it fails in the same way. */
static uint32_t shrink(struct step *kept, uint32_t count, const char *why)
{
    struct step *tried = malloc((size_t)count * sizeof(*tried));
    double end = seconds() + options.shrink_seconds;

    for (uint32_t piece = count / 2; piece > 0 && tried != NULL; piece /= 2) {
        for (uint32_t at = 0; at + piece <= count && seconds() < end;) {
            memcpy(tried, kept, at * sizeof(*kept));
            memcpy(tried + at, kept + at + piece, (count - at - piece) * sizeof(*kept));
            if (still_fails(tried, count - piece, why)) {
                count = shared->step + 1 < count - piece ? shared->step + 1 : count - piece;
                memcpy(kept, tried, count * sizeof(*kept));
            } else {
                at += piece;
            }
        }
    }
    free(tried);
    return count;
}

static void show_failure(uint64_t run, uint64_t seed)
{
    char why[sizeof(shared->why)];
    uint32_t count;

    printf("FAIL random_calls: seed %llu, run %llu, step %u: %s\n",
           (unsigned long long)options.seed, (unsigned long long)run, shared->step, shared->why);
    if (options.shrink_seconds == 0) {
        return;
    }
    /* Again, now keeping the steps. */
    if (run_apart(seed, true, false, 0, true)) {
        printf("  it did not fail again: the run depends on something else than its seed\n");
        return;
    }
    memcpy(why, shared->why, sizeof(why));
    count = shared->step + 1;
    struct step *kept = malloc(count * sizeof(*kept));

    if (kept == NULL) {
        return;
    }
    memcpy(kept, steps, count * sizeof(*kept));
    count = shrink(kept, count, why);
    printf("  the same with %u steps:\n", count);
    for (uint32_t i = 0; i < count; i++) {
        printf("  %u ", i);
        step_print(&kept[i]);
    }
    memcpy(steps, kept, count * sizeof(*kept));
    printf("  and what the sanitizer says:\n");
    (void)run_apart(0, false, true, count, false);
    printf("  %s\n", shared->why);
    free(kept);
}

/* --- All runs -------------------------------------------------------------------------------------- */

static void show_pairs(const struct tally *tally)
{
    uint32_t pairs = 0;
    uint32_t ops = 0;

    for (uint32_t op = 0; op < STEP_OPS; op++) {
        bool seen = false;

        for (uint32_t err = 0; err < STEP_ERRORS; err++) {
            pairs += tally->pairs[op][err] != 0;
            seen = seen || tally->pairs[op][err] != 0;
        }
        ops += seen;
    }
    printf("note: %u operations, %u pairs of operation and error seen\n", ops, pairs);
    if (options.quiet) {
        return;
    }
    for (uint32_t op = 0; op < STEP_OPS; op++) {
        printf("  %-26s", step_op_name(op));
        for (uint32_t err = 0; err < STEP_ERRORS; err++) {
            if (tally->pairs[op][err] != 0) {
                printf(" %u:%llu", err, (unsigned long long)tally->pairs[op][err]);
            }
        }
        printf("\n");
    }
}

static void show_tally(double started)
{
    const struct tally *tally = &shared->tally;
    double took = seconds() - started;

    printf("note: %llu calls (%.0f per second), %llu restarts, %llu interrupts, %llu faults, %llu "
           "reflected, %llu checks\n",
           (unsigned long long)tally->calls, (double)tally->calls / took,
           (unsigned long long)tally->restarts, (unsigned long long)tally->interrupts,
           (unsigned long long)tally->faults, (unsigned long long)tally->reflections,
           (unsigned long long)tally->checks);
    printf("note: %llu calls on several cores, %llu to another core, %llu pokes\n",
           (unsigned long long)tally->calls_of_several, (unsigned long long)tally->crossings,
           (unsigned long long)tally->pokes);
    printf(
        "note: %llu entries needed their core's own lock only, and changed nothing of others; %llu "
        "gave up, and changed nothing\n",
        (unsigned long long)tally->alone, (unsigned long long)tally->gave_up);
    printf("note: at most %u objects of %u types, %u edges, depth %u at once\n", tally->objects_max,
           tally->types_max, tally->edges_max, tally->depth_max);
    show_pairs(tally);
}

static uint64_t number(const char *text)
{
    return text == NULL ? 0 : strtoull(text, NULL, 0);
}

static void read_options(int count, char **words)
{
    const char *seed = getenv("TEST_SEED");

    if (seed != NULL) {
        options.seed = strcmp(seed, "random") == 0 ? (uint64_t)time(NULL) : number(seed);
    }
    for (int i = 1; i < count; i++) {
        const char *value = i + 1 < count ? words[i + 1] : NULL;

        if (strcmp(words[i], "--calls") == 0) {
            options.calls = number(value);
        } else if (strcmp(words[i], "--seed") == 0) {
            options.seed = number(value);
        } else if (strcmp(words[i], "--run") == 0) {
            options.only_run = number(value);
        } else if (strcmp(words[i], "--steps") == 0) {
            options.run_steps = (uint32_t)number(value);
        } else if (strcmp(words[i], "--cores") == 0) {
            options.cores = (uint32_t)number(value);
        } else if (strcmp(words[i], "--check-every") == 0) {
            options.check_every = (uint32_t)number(value);
        } else if (strcmp(words[i], "--spaces-every") == 0) {
            options.spaces_every = (uint32_t)number(value);
        } else if (strcmp(words[i], "--shrink") == 0) {
            options.shrink_seconds = (uint32_t)number(value);
        } else if (strcmp(words[i], "--trace") == 0) {
            options.trace = true;
            continue;
        } else if (strcmp(words[i], "--quiet") == 0) {
            options.quiet = true;
            continue;
        } else {
            printf("random_calls: --calls N --seed N --run N --steps N --cores N --check-every N "
                   "--spaces-every N --shrink SECONDS --trace --quiet\n");
            exit(2);
        }
        i++;
    }
}

int main(int count, char **words)
{
    double started = seconds();
    uint64_t passed = 0;
    uint64_t failed = 0;

    read_options(count, words);
    shared = shared_memory_make(sizeof(*shared));
    steps = shared_memory_make(options.run_steps * sizeof(*steps));
    for (uint64_t run = 0; shared->tally.calls < options.calls && failed == 0; run++) {
        uint64_t seed = options.seed * 0x100000001b3u + run;

        if (options.only_run != UINT64_MAX && run != options.only_run) {
            if (run > options.only_run) {
                break;
            }
            continue;
        }
        if (run_apart(seed, false, false, 0, !options.trace)) {
            passed++;
        } else {
            show_failure(run, seed);
            failed++;
        }
    }
    show_tally(started);
    if (failed == 0) {
        printf("ok random_calls\n");
    }
    printf("%llu passed, %llu failed\n", (unsigned long long)passed, (unsigned long long)failed);
    return failed == 0 && passed != 0 ? 0 : 1;
}
