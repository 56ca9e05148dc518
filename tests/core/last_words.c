/* SPDX-License-Identifier: MIT */
/* See last_words.h. */
#include "last_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch_host/machine.h"
#include "core/panic.h"
#include "host_test/test.h"

static struct {
    struct last_words *words; /* shared */
    void (*next)(void);
    bool had_failed;
} state;

void *last_words_memory(size_t size_bytes)
{
    void *memory =
        mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return memory;
}

static _Noreturn void end(void)
{
    snprintf(state.words->printed, sizeof(state.words->printed), "%s", host_debug_output());
    state.words->has_failed = !state.had_failed && test_has_failed();
    exit(0); /* not _exit(): what coverage counts is written on the way out */
}

/* As a hardware layer does. */
static void on_panic(const char *text, const char *file, uint32_t line)
{
    void (*next)(void) = state.next;

    (void)file;
    (void)line;
    if (next != NULL) {
        state.next = NULL;
        next();
    }
    panic_record_seal();
    state.words->has_panicked = true;
    snprintf(state.words->text, sizeof(state.words->text), "%s", text);
    end();
}

void last_words_after(void (*next)(void))
{
    state.next = next;
}

const struct last_words *last_words_of(void (*run)(const void *argument), const void *argument)
{
    int status = 0;

    if (state.words == NULL) {
        state.words = last_words_memory(sizeof(*state.words));
    }
    memset(state.words, 0, sizeof(*state.words));
    fflush(NULL);
    pid_t child = fork();

    if (child == 0) {
        state.had_failed = test_has_failed();
        host_on_panic(on_panic);
        run(argument);
        end();
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0, "the process ends well");
    CHECK(!state.words->has_failed, "and its checks hold");
    return state.words;
}
