/* SPDX-License-Identifier: MIT */
/* Errors listed, errors provoked. */
#include <stdbool.h>

#include "abi/names.h"
#include "boot_test/errors.h"
#include "boot_test/test.h"
#include "pith/debug.h"

#define SYSCALLS 0xffffu

static const struct {
    const char *name;
    uint16_t type;
    uint16_t label;
    uint16_t err;
} listed_errors[LISTED_COUNT] = {
#define LISTED(interface, op, error)                                                               \
    { #interface "." #op " " #error, OBJECT_##interface, interface##_##op, ERR_##error },
    METHOD_ERROR_LIST(LISTED)
#undef LISTED
#define LISTED(interface, op, error) { #op " " #error, SYSCALLS, SYSCALL_##op, ERR_##error },
        SYSCALL_ERROR_LIST(LISTED)
#undef LISTED
};

static bool is_provoked[LISTED_COUNT];

void errors_provoked(enum listed_error listed)
{
    is_provoked[listed] = true;
}

bool errors_provoked_by_method(uint32_t type, uint32_t label, uint32_t err)
{
    for (uint32_t i = 0; i < LISTED_COUNT; i++) {
        if (listed_errors[i].type == type && listed_errors[i].label == label &&
            listed_errors[i].err == err) {
            is_provoked[i] = true;
            return true;
        }
    }
    return false;
}

void errors_report(void)
{
    uint32_t provoked = 0;

    for (uint32_t i = 0; i < LISTED_COUNT; i++) {
        provoked += is_provoked[i];
        if (!is_provoked[i]) {
            test_note("not provoked: %s", listed_errors[i].name);
        }
    }
    debug_printf("errors listed %u, provoked %u\n", (unsigned)LISTED_COUNT, provoked);
}
