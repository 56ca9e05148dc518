/* SPDX-License-Identifier: MIT */
/* The one lock around everything that the program's threads share in here. It nests not. */
#pragma once

void posix_lock(void);
void posix_unlock(void);
