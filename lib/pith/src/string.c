/* SPDX-License-Identifier: MIT */
/*
 * Plain loops by bytes, or by words where that matters. They write (strlen: reads) volatile, or compilers would
 * see through them and call the very function that they are in.
 */
#include "pith/string.h"

#include <stdint.h>

/* From here on the processor's own loop is worth its beginning. The ABI keeps the direction flag clear. */
enum { REPEAT_MIN = 128 };

/* Words that may lie anywhere and be of any type. */
typedef volatile uint64_t __attribute__((may_alias, aligned(1))) word_t;

void *memcpy(void *restrict dst, const void *restrict src, size_t count)
{
    volatile unsigned char *to = dst;
    const unsigned char *from = src;

    if (count >= REPEAT_MIN) {
        size_t words = count / 8;

        __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
        count %= 8;
    }
    for (; count >= 8; count -= 8, to += 8, from += 8) {
        *(word_t *)(volatile void *)to = *(const word_t *)(const void *)from;
    }
    while (count-- > 0) {
        *to++ = *from++;
    }
    return dst;
}

void *memmove(void *dst, const void *src, size_t count)
{
    volatile unsigned char *to = dst;
    const unsigned char *from = src;

    if ((uintptr_t)to - (uintptr_t)from >= count) {
        return memcpy(dst, src, count);
    }
    while (count-- > 0) {
        to[count] = from[count];
    }
    return dst;
}

void *memset(void *dst, int value, size_t count)
{
    volatile unsigned char *to = dst;
    uint64_t word = 0x0101010101010101u * (unsigned char)value;

    if (count >= REPEAT_MIN) {
        size_t words = count / 8;

        __asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(word) : "memory");
        count %= 8;
    }
    for (; count >= 8; count -= 8, to += 8) {
        *(word_t *)(volatile void *)to = word;
    }
    while (count-- > 0) {
        *to++ = (unsigned char)value;
    }
    return dst;
}

int memcmp(const void *left, const void *right, size_t count)
{
    const unsigned char *a = left;
    const unsigned char *b = right;

    for (; count > 0; count--, a++, b++) {
        if (*a != *b) {
            return *a - *b;
        }
    }
    return 0;
}

size_t strlen(const char *text)
{
    const volatile char *at = text;
    size_t length = 0;

    while (at[length] != 0) {
        length++;
    }
    return length;
}

int strcmp(const char *left, const char *right)
{
    return strncmp(left, right, SIZE_MAX);
}

int strncmp(const char *left, const char *right, size_t count)
{
    for (; count > 0; count--, left++, right++) {
        if (*left != *right || *left == 0) {
            return (unsigned char)*left - (unsigned char)*right;
        }
    }
    return 0;
}
