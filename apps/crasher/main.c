/* SPDX-License-Identifier: MIT */
/* A program that does what its argument says, and is stopped for it. Shows that only it is. */
#include "pith/debug.h"
#include "pith/self.h"
#include "pith/string.h"

#include <stddef.h>
#include <stdint.h>

static void crash_null(void)
{
    volatile uintptr_t address = 8; /* as a variable, so that the compiler does not warn of it */

    *(volatile char *)address = 1;
}

static void crash_write(void)
{
    /* Its own code: mapped, but not writable. */
    *(volatile char *)(uintptr_t)crash_null = 0;
}

static void crash_exec(void)
{
    static const unsigned char data[16] = { 0xc3 }; /* a return, in a page that is no code */
    volatile uintptr_t address = (uintptr_t)data;

    ((void (*)(void))address)();
}

static void crash_illegal(void)
{
    __builtin_trap();
}

static void crash_divide(void)
{
    volatile int number = 100; /* of 1 / zero a compiler makes a comparison */
    volatile int zero = 0;

    /* cppcheck-suppress zerodiv */
    number = number / zero;
}

static void crash_general(void)
{
    volatile uintptr_t address = 1ull << 63; /* no address at all: not canonical */

    *(volatile char *)address = 1;
}

/* Deeper than any stack: ends at the place below it, where nothing is mapped. */
static uint32_t stack_use(uint32_t depth)
{
    volatile uint32_t below = depth > 0 ? stack_use(depth - 1) : 0;

    return below + 1;
}

static void crash_stack(void)
{
    volatile uint32_t depth = stack_use(UINT32_MAX);

    (void)depth;
}

int main(void)
{
    static const struct {
        const char *name;
        void (*crash)(void);
    } kinds[] = {
        { "null", crash_null },       { "write", crash_write },   { "exec", crash_exec },
        { "illegal", crash_illegal }, { "divide", crash_divide }, { "general", crash_general },
        { "stack", crash_stack },
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(self_args(), kinds[i].name) == 0) {
            debug_printf("crasher: %s\n", kinds[i].name);
            kinds[i].crash();
        }
    }
    debug_printf("crasher: nothing to do for \"%s\"\n", self_args());
    return 1;
}
