/* SPDX-License-Identifier: MIT */
/*
 * For tests: a death in the middle of what the warden does, at a step that was chosen by number beforehand. Steps are
 * counted in the kept page, so that a successor does not die of the same order.
 */
#include "warden.h"

#include "pith/debug.h"
#include "pith/start.h"

enum { STATUS_STEP = 98 };

void step(void)
{
    struct warden_steps *steps = &warden()->page->steps;

    if (steps->left == 0 || --steps->left != 0) {
        return;
    }
    debug_printf("warden: this is the step at which it %s\n",
                 steps->how == SYSTEM_HARM_HANG ? "hangs" : "dies");
    while (steps->how ==
           SYSTEM_HARM_HANG) { /* without `pause`, with which an emulator takes minutes */
    }
    program_exit(STATUS_STEP);
}
