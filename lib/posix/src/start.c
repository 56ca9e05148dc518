/* SPDX-License-Identifier: MIT */
/*
 * From lib/pith's start to a main() with arguments and environment, as the parent gave them, and the
 * few things that a kernel of Linux tells a C library.
 */
#include "pith/start.h"

#include <stddef.h>

#include "abi/kernel_calls.h"
#include "libc_start.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/object.h"
#include "pith/self.h"
#include "pith/space.h"
#include "pith/string.h"

enum { ARGUMENTS_MAX = 32, WORDS_MAX = 510 };
enum { AUX_PAGE_BYTES = 6, AUX_RANDOM = 25, STATUS_NO_STACK = 251 };
enum { STACK_MIN = 64 * 1024, STACK_MAX = 1024 * 1024, STACK_SHARE = 8 };

/* What a C library expects on the stack, in this order: arguments, 0, environment, 0, pairs of aux, 0. */
static uintptr_t first[WORDS_MAX + 2 + 6];

static char words[PROGRAM_ARGS_BYTES];
static uint64_t random[2];

/* Linked in by program.ld, so that this file is. */
const char posix_is_linked = 1;

static int arguments_split(char *text)
{
    const struct program_info *program = self()->program;
    int count = 0;

    first[count++] = (uintptr_t)(program != NULL ? program->name : "root");
    while (count < ARGUMENTS_MAX) {
        while (*text == ' ') {
            *text++ = 0;
        }
        if (*text == 0) {
            break;
        }
        first[count++] = (uintptr_t)text;
        while (*text != ' ' && *text != 0) {
            text++;
        }
    }
    return count;
}

/* The next text of the page of words; its end once there are no more. */
static char *word_next(char *text, const char *end)
{
    while (text < end && *text != 0) {
        text++;
    }
    return text < end ? text + 1 : text;
}

/* Arguments, 0, environment: from the page of words. Gives the number of arguments; *used counts all. */
static int words_take(const struct program_info *program, uint32_t *used)
{
    char *text = (char *)PROGRAM_WORDS_ADDR;
    const char *end = text + program->word_bytes;

    for (uint32_t i = 0; i < program->argument_count && *used < WORDS_MAX; i++) {
        first[(*used)++] = (uintptr_t)text;
        text = word_next(text, end);
    }
    int count = (int)*used;

    first[(*used)++] = 0;
    for (uint32_t i = 0; i < program->environment_count && *used < WORDS_MAX; i++) {
        first[(*used)++] = (uintptr_t)text;
        text = word_next(text, end);
    }
    return count;
}

/* There is no source of randomness yet: this tells two starts apart, and hides nothing. */
static void random_fill(void)
{
    random[0] = clock_now() * 0x9e3779b97f4a7c15u;
    random[1] = (random[0] ^ random[0] >> 31) * 0xbf58476d1ce4e5b9u;
}

/* A stack for main(): a share of the program's memory, and a page below it where nothing is. Gives its end. */
static err_t stack_create(uintptr_t *end)
{
    const struct program_info *program = self()->program;
    uint64_t bytes = program != NULL ? program->memory_bytes / STACK_SHARE : STACK_MAX;
    user_addr_t at = 0;
    cap_addr_t frame;
    err_t err;

    bytes = bytes < STACK_MIN ? STACK_MIN : bytes > STACK_MAX ? STACK_MAX : bytes;
    bytes &= ~(PAGE_BYTES - 1);
    err = object_create(OBJECT_FRAME, bytes / PAGE_BYTES << 8 | PAGE_CLASS_4K, &frame);
    if (err == ERR_OK) {
        err = region_reserve(bytes + PAGE_BYTES, &at);
    }
    if (err == ERR_OK) {
        err = region_map(at + PAGE_BYTES, frame, 0, (uint32_t)(bytes / PAGE_BYTES),
                         PROT_READ | PROT_WRITE);
    }
    *end = at + PAGE_BYTES + bytes;
    return err;
}

int program_main(void)
{
    const struct program_info *program = self()->program;
    size_t length = strlen(self_args());
    uintptr_t stack;
    uint32_t used = 0;
    int count;

    random_fill();
    if (program != NULL && program->word_bytes != 0) {
        count = words_take(program, &used);
    } else {
        memcpy(words, self_args(), length < sizeof(words) ? length : sizeof(words) - 1);
        count = arguments_split(words);
        used = (uint32_t)count + 1;
    }
    uintptr_t *aux = first + used + 1;

    aux[0] = AUX_PAGE_BYTES;
    aux[1] = PAGE_BYTES;
    aux[2] = AUX_RANDOM;
    aux[3] = (uintptr_t)random;
    if (stack_create(&stack) != ERR_OK) {
        debug_printf("%s: there is no memory for a stack\n", (const char *)first[0]);
        program_exit(STATUS_NO_STACK);
    }
    /* main() is declared without arguments for programs without a C library. */
    posix_main_enter(thread_first(), stack, (main_function_t)(uintptr_t)main, count,
                     (char **)first);
}
