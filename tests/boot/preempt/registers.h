/* SPDX-License-Identifier: MIT */
/* A loop that ends with ud2 when one of its registers does not hold what rdi does. */
#pragma once

extern const char keep_registers[];
