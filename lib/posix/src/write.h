/* SPDX-License-Identifier: MIT */
#pragma once

#include "descriptor.h"

/** file_write_here() - at the position of an open file, which goes on; as write(). With the lock held. */
long file_write_here(struct opening *opening, const void *from, uint64_t length);
