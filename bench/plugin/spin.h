/* SPDX-License-Identifier: MIT */
/* Blocks of code that only burn time while others wait for a device. */
#pragma once

#include <stdbool.h>

#include "decode.h"
#include "qemu_plugin.h"

#define CODE_SPIN 0xffffu /* bench/marks: MARK_SPIN() */

static inline bool block_is_spin(struct qemu_plugin_tb *block)
{
    unsigned code;

    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);

        if (insn_is_marker(qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn), &code) &&
            code == CODE_SPIN) {
            return true;
        }
    }
    return false;
}
