/* SPDX-License-Identifier: MIT */
/*
 * Threads in all the ways that there are, and what comes of it, line by line: the scenario musl.py builds it for this
 * machine's C library as well, and compares. Arguments: a way to end (end.h), or `pith` for what is so only there.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include "end.h"

enum { THREADS = 6, ROUNDS = 3000, ITEMS = 600, ROOM = 5, LIVES = 100, ALL_THREADS = 8 };

static pthread_t threads[ALL_THREADS + 1];

static void all_run(void *(*run)(void *), int count)
{
    for (long i = 0; i < count; i++) {
        int err = pthread_create(&threads[i], NULL, run, (void *)i);

        if (err != 0) {
            printf("= pthread_create: %d\n", err);
            exit(1);
        }
    }
}

static long all_join(int count)
{
    long sum = 0;

    for (int i = 0; i < count; i++) {
        void *result = NULL;

        (void)pthread_join(threads[i], &result);
        sum += (long)result;
    }
    return sum;
}

/* --- Mutexes --- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long counter, inside, overlaps;

static void *count_up(void *number)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        overlaps += ++inside != 1;
        counter++;
        if (i % 16 == 0) {
            sched_yield(); /* while it is held */
        }
        inside--;
        pthread_mutex_unlock(&mutex);
    }
    return number;
}

static void mutexes_try(void)
{
    all_run(count_up, THREADS);
    long sum = all_join(THREADS);

    printf("= %ld counted, %ld overlaps, results %ld\n", counter, overlaps, sum);

    pthread_mutexattr_t attributes;
    pthread_mutex_t again, checking;
    struct timespec soon;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&again, &attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&checking, &attributes);
    printf("= again: %d", pthread_mutex_lock(&again));
    printf(" %d %d", pthread_mutex_lock(&again), pthread_mutex_unlock(&again));
    printf(" %d\n", pthread_mutex_unlock(&again));
    printf("= checked: %d", pthread_mutex_lock(&checking));
    printf(" %d", pthread_mutex_lock(&checking) == EDEADLK);
    printf(" %d", pthread_mutex_unlock(&checking));
    printf(" %d\n", pthread_mutex_unlock(&checking) == EPERM);
    pthread_mutex_lock(&mutex);
    clock_gettime(CLOCK_REALTIME, &soon);
    printf("= busy: %d", pthread_mutex_trylock(&mutex) == EBUSY);
    printf(", late: %d\n", pthread_mutex_timedlock(&mutex, &soon) == ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
}

/* --- Conditions: some make, some take, through little room --- */

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t filled, emptied;
    int items[ROOM];
    int first, count, made, taken;
} store = { .mutex = PTHREAD_MUTEX_INITIALIZER,
            .filled = PTHREAD_COND_INITIALIZER,
            .emptied = PTHREAD_COND_INITIALIZER };

static void item_make(void)
{
    while (store.count == ROOM) {
        pthread_cond_wait(&store.emptied, &store.mutex);
    }
    if (store.made < ITEMS) {
        store.items[(store.first + store.count++) % ROOM] = ++store.made;
        pthread_cond_signal(&store.filled);
    }
}

static long item_take(void)
{
    long item = 0;

    while (store.count == 0 && store.taken < ITEMS) {
        pthread_cond_wait(&store.filled, &store.mutex);
    }
    if (store.count > 0) {
        item = store.items[store.first];
        store.first = (store.first + 1) % ROOM;
        store.count--;
        if (++store.taken == ITEMS) {
            pthread_cond_broadcast(&store.filled);
        }
        pthread_cond_signal(&store.emptied);
    }
    return item;
}

static void *make_or_take(void *number)
{
    long sum = 0;
    int goes_on = 1;

    while (goes_on) {
        pthread_mutex_lock(&store.mutex);
        if ((long)number % 2 == 0) {
            item_make();
            goes_on = store.made < ITEMS;
        } else {
            sum += item_take();
            goes_on = store.taken < ITEMS;
        }
        pthread_mutex_unlock(&store.mutex);
    }
    return (void *)sum;
}

static void conditions_try(void)
{
    struct timespec soon;

    all_run(make_or_take, THREADS);
    printf("= %ld is the sum of what was made and taken\n", all_join(THREADS));
    pthread_mutex_lock(&store.mutex);
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 3000000;
    soon.tv_sec += soon.tv_nsec / 1000000000;
    soon.tv_nsec %= 1000000000;
    printf("= nobody signals: %d\n",
           pthread_cond_timedwait(&store.filled, &store.mutex, &soon) == ETIMEDOUT);
    pthread_mutex_unlock(&store.mutex);
}

/* --- Barriers, semaphores, locks for readers --- */

static pthread_barrier_t barrier;
static sem_t semaphore;
static pthread_rwlock_t readers = PTHREAD_RWLOCK_INITIALIZER;
static int steps[THREADS];
static long serials, disorder, shared, torn;

static void *in_step(void *number)
{
    long me = (long)number;
    long is_serial = 0;

    for (int round = 0; round < 50; round++) {
        steps[me] = round;
        is_serial += pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
        for (int i = 0; i < THREADS; i++) {
            if (steps[i] != round) {
                __atomic_fetch_add(&disorder, 1, __ATOMIC_RELAXED);
            }
        }
        pthread_barrier_wait(&barrier);
    }
    __atomic_fetch_add(&serials, is_serial, __ATOMIC_RELAXED);
    sem_post(&semaphore);
    return NULL;
}

static void *read_or_write(void *number)
{
    for (int i = 0; i < 300; i++) {
        if ((long)number % 3 == 0) {
            pthread_rwlock_wrlock(&readers);
            shared++;
            sched_yield();
            shared++;
            pthread_rwlock_unlock(&readers);
        } else {
            pthread_rwlock_rdlock(&readers);
            if (shared % 2 != 0) {
                __atomic_fetch_add(&torn, 1, __ATOMIC_RELAXED);
            }
            pthread_rwlock_unlock(&readers);
        }
    }
    return NULL;
}

static void others_try(void)
{
    pthread_barrier_init(&barrier, NULL, THREADS);
    sem_init(&semaphore, 0, 0);
    all_run(in_step, THREADS);
    for (int i = 0; i < THREADS; i++) {
        sem_wait(&semaphore);
    }
    (void)all_join(THREADS);
    printf("= in step: %ld serials, %ld out of step, semaphore empty %d\n", serials, disorder,
           sem_trywait(&semaphore) == -1 && errno == EAGAIN);
    all_run(read_or_write, THREADS);
    (void)all_join(THREADS);
    printf("= written %ld, torn %ld\n", shared, torn);
}

/* --- What each thread has for itself --- */

static _Thread_local long mine = 5;
static _Thread_local char much[3000];
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static long onces, destroyed, strange;

static void once_run(void)
{
    onces++;
}

static void value_destroy(void *value)
{
    __atomic_fetch_add(&destroyed, (long)value, __ATOMIC_RELAXED);
}

static void *for_itself(void *number)
{
    long me = (long)number;
    double sum = 0;

    pthread_once(&once, once_run);
    pthread_setspecific(key, (void *)(me + 1));
    if (mine != 5 || much[0] != 0 || much[2999] != 0) {
        __atomic_fetch_add(&strange, 1, __ATOMIC_RELAXED);
    }
    mine += me;
    memset(much, (int)me + 1, sizeof(much));
    for (int i = 1; i < 4000; i++) {
        sum += 1.0 / ((double)i * (double)(i + me + 1));
        if (i % 500 == 0) {
            errno = (int)me;
            sched_yield();
            if (errno != (int)me || mine != 5 + me || much[me * 100] != me + 1 ||
                pthread_getspecific(key) != (void *)(me + 1)) {
                __atomic_fetch_add(&strange, 1, __ATOMIC_RELAXED);
            }
        }
    }
    pthread_exit((void *)(long)(sum * 1e9));
}

static void own_try(void)
{
    pthread_key_create(&key, value_destroy);
    all_run(for_itself, THREADS);
    long sum = all_join(THREADS);

    printf("= own: sums %ld, once %ld, destroyed %ld, strange %ld, mine %ld\n", sum, onces,
           destroyed, strange, mine);
}

/* --- Lives --- */

static void *use_stack(void *number)
{
    char large[60000];

    memset(large, (int)(long)number, sizeof(large));
    for (size_t i = 1; i < sizeof(large); i++) {
        large[i] = (char)(large[i] + large[i - 1]);
    }
    return (void *)(long)(large[sizeof(large) - 1] != 77);
}

static void *post(void *unused)
{
    (void)unused;
    sem_post(&semaphore);
    return NULL;
}

static unsigned long memory_free(void)
{
    struct sysinfo info;

    return sysinfo(&info) == 0 ? info.freeram : 0;
}

static long lives(void)
{
    long count = 0;

    for (int i = 0; i < LIVES; i++) {
        all_run(use_stack, 2);
        count += all_join(2);
    }
    return count;
}

static void lives_try(int is_pith)
{
    pthread_attr_t detached;
    long count = lives();
    unsigned long before = memory_free();

    printf("= %ld lives", count);
    printf(", and %ld\n", lives());
    if (is_pith) {
        printf("= memory is the same: %d\n", before != 0 && memory_free() == before);
    }
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    for (int i = 0; i < LIVES; i++) {
        (void)pthread_create(&threads[0], &detached, post, NULL);
        sem_wait(&semaphore);
    }
    (void)nanosleep(&(struct timespec){ 0, 50000000 }, NULL);
    printf("= %d detached\n", LIVES);
    if (is_pith) {
        printf("= memory is still the same: %d\n", memory_free() == before);
    }
}

static void *wait_for_post(void *unused)
{
    sem_wait(&semaphore);
    return unused;
}

/* The description says how many there may be. */
static void limit_try(void)
{
    all_run(wait_for_post, ALL_THREADS);
    printf("= one more: %d\n", pthread_create(&threads[ALL_THREADS], NULL, post, NULL));
    for (int i = 0; i < ALL_THREADS; i++) {
        sem_post(&semaphore);
    }
    (void)all_join(ALL_THREADS);
    all_run(use_stack, ALL_THREADS);
    printf("= and all again: %ld\n", all_join(ALL_THREADS));
}

int main(int count, char **arguments)
{
    int is_pith = count > 1 && strcmp(arguments[1], "pith") == 0;

    if (count > 1 && !is_pith) {
        return end_try(arguments[1]);
    }
    mutexes_try();
    conditions_try();
    others_try();
    own_try();
    lives_try(is_pith);
    if (is_pith) {
        limit_try();
    }
    printf("= done\n");
    return 0;
}
