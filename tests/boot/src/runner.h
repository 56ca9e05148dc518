/* SPDX-License-Identifier: MIT */
/* What the runner does around each test. */
#pragma once

#include "boot_test/test.h"

/* All tests of the program: the linker puts their section between these. */
extern const struct boot_test __start_boot_tests[];
extern const struct boot_test __stop_boot_tests[];

void make_init(void);
void workers_init(void);

/** make_clean() - deletes all that the test made. */
void make_clean(void);
void workers_clean(void);
