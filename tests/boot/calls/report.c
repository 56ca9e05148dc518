/* SPDX-License-Identifier: MIT */
/* This program answers for the errors: it says which were provoked. */
#include "boot_test/errors.h"
#include "boot_test/test.h"

void boot_test_report(void)
{
    errors_report();
}
