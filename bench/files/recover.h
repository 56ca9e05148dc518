/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"

struct recover {
    void (*spin)(bool is_wanted);
    void (*read)(
        uint32_t turn); /* and check a page that is not in the cache: another one each turn */
};

/** bench_recover() - kill the driver again and again; print the median. Errors: those of the warden's interface. */
MUST_CHECK err_t bench_recover(const struct recover *with);
