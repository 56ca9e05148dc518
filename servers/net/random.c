/* SPDX-License-Identifier: MIT */
/*
 * Numbers that nobody outside can guess: SipHash of a counter, under a key from the system's source, if it has one, and from the
 * processor's generator. Where there is neither the key is from the time stamp counter alone, which is said.
 */
#include "net.h"

#include <cpuid.h>

#include "lwip_port/isn.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "random/random.h"

#include "abi/names.h"

/* The network does not wait for ever for a device. */
enum { SOURCE_PATIENCE_MS = 500 };
enum { LEAF_FEATURES = 1, RDRAND_BIT = 30, TRIES = 16 };

static struct {
    uint64_t key[2];
    uint64_t count;
} generator;

static bool has_generator(void)
{
    uint32_t a;
    uint32_t b;
    uint32_t c = 0;
    uint32_t d;

    return __get_cpuid(LEAF_FEATURES, &a, &b, &c, &d) != 0 && (c >> RDRAND_BIT & 1) != 0;
}

static bool word_get(uint64_t *word)
{
    unsigned long long value;

    for (uint32_t i = 0; i < TRIES; i++) {
        if (__builtin_ia32_rdrand64_step(&value) != 0) {
            *word = value;
            return true;
        }
    }
    return false;
}

/* Each helps if the other does not: they are put together so that neither can undo the other. */
void random_start(void)
{
    uint64_t words[2] = { 0 };
    err_t err = random_get(words, sizeof(words), clock_now() + SOURCE_PATIENCE_MS * NS_PER_MS);

    generator.key[0] = __builtin_ia32_rdtsc();
    generator.key[1] = clock_now();
    if ((!has_generator() || !word_get(&generator.key[0]) || !word_get(&generator.key[1])) && err) {
        debug_printf("net: no source of random numbers (%s): sequence numbers can be guessed\n",
                     error_name(err));
    }
    if (err == ERR_OK) {
        generator.key[0] ^= words[0];
        generator.key[1] ^= words[1];
    }
}

uint32_t random_next(void *unused)
{
    (void)unused;
    generator.count++;
    return (uint32_t)siphash(generator.key, &generator.count, sizeof(generator.count));
}
