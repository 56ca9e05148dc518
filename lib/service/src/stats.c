/* SPDX-License-Identifier: MIT */
#include "service/stats.h"

static struct program_stats nowhere;

struct program_stats *program_stats = &nowhere;
