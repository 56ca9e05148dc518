/* SPDX-License-Identifier: MIT */
/* What the warden has to say, on the debug UART and in the log. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "log/record.h"

/** is_log_server() - whether that program serves "log". */
bool is_log_server(uint32_t program);

/** log_keep() - what this program, the log server, reads our lines from. */
MUST_CHECK err_t log_keep(uint32_t program);
/** say() - a line to the debug UART and to the log, without an end of line. The hand's alone. Waits for nobody. */
__attribute__((format(printf, 2, 3))) void say(enum log_level level, const char *text, ...);
