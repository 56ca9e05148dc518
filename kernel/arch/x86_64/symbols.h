/* SPDX-License-Identifier: MIT */
/* The table of symbols by which a panic names addresses. */
#pragma once

#include <stdint.h>

/* Made by tools/symbols.py in the second link. */
struct symbol_table {
    uint64_t base;
    uint32_t count;
    uint32_t reserved;
    struct {
        uint32_t offset, name;
    } entries[];
};
extern const struct symbol_table kernel_symbol_table;
