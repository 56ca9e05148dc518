/* SPDX-License-Identifier: MIT */
#include "core/print.h"

#include <stddef.h>

#include "arch/arch.h"

/* Where what is printed is kept as well; NULL: nowhere. */
struct print_record {
    char *start;
    uint32_t size_bytes;
    uint32_t used_bytes;
};
static struct print_record record;

void print_char(char character)
{
    if (record.start != NULL && record.used_bytes < record.size_bytes) {
        record.start[record.used_bytes++] = character;
    }
    arch_debug_put(character);
}

void print_text(const char *text)
{
    for (; *text != 0; text++) {
        print_char(*text);
    }
}

void print_decimal(const char *before, uint64_t value)
{
    char digits[20];
    uint32_t count = 0;

    print_text(before);
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (count > 0) {
        print_char(digits[--count]);
    }
}

void print_hex(const char *before, uint64_t value, uint32_t digits)
{
    print_text(before);
    for (uint32_t at = 16; at-- > 0;) {
        uint64_t rest = value >> (4 * at);

        if (rest != 0 || at < digits) {
            print_char("0123456789abcdef"[rest & 15]);
        }
    }
}

void print_record_open(char *start, uint32_t size_bytes)
{
    record.start = start;
    record.size_bytes = size_bytes;
    record.used_bytes = 0;
}

uint32_t print_record_close(void)
{
    record.start = NULL;
    return record.used_bytes;
}
