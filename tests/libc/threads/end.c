/* SPDX-License-Identifier: MIT */
#include "end.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void pause_ms(long ms)
{
    (void)nanosleep(&(struct timespec){ 0, ms * 1000000 }, NULL);
}

static void *exits(void *unused)
{
    (void)unused;
    pause_ms(5);
    printf("= a thread ends the program\n");
    exit(7);
}

static void *goes_on(void *unused)
{
    (void)unused;
    pause_ms(20);
    printf("= it goes on without its first thread\n");
    return NULL;
}

static void *faults(void *unused)
{
    volatile int *nowhere = unused;

    pause_ms(5);
    printf("= a thread faults\n");
    *nowhere = 1;
    return NULL;
}

int end_try(const char *how)
{
    void *(*run)(void *) = strcmp(how, "exit") == 0    ? exits
                           : strcmp(how, "fault") == 0 ? faults
                                                       : goes_on;
    pthread_t thread;

    if (pthread_create(&thread, NULL, run, NULL) != 0) {
        return 1;
    }
    if (run == goes_on) {
        pthread_exit(NULL);
    }
    for (;;) {
        pause_ms(100);
    }
}
