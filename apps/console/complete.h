/* SPDX-License-Identifier: MIT */
/* What Tab offers. */
#pragma once

#include "line/line.h"

/* What a command's arguments are. */
enum argument {
    ARGUMENT_NONE,
    ARGUMENT_COMMAND,
    ARGUMENT_PROGRAM,
    ARGUMENT_ANYBODY, /* a program, or the warden */
    ARGUMENT_PATH,
};

/** completions_offer() - for lib/line: the first word is a command, others are what the command says. */
void completions_offer(void *context, struct line_offers *offers);

/** argument_of() - what that command (so many bytes) takes. command_name() - of the n-th; NULL: past the last. */
enum argument argument_of(const char *command, size_t length);
const char *command_name(size_t number);
