/* SPDX-License-Identifier: MIT */
/* What lwIP asks of a C library's stdlib.h: the number in the name of an interface ("en1"). */
#pragma once

static inline int atoi(const char *text)
{
    int number = 0;

    while (*text >= '0' && *text <= '9' && number < 1000000) {
        number = number * 10 + (*text++ - '0');
    }
    return number;
}
