/* SPDX-License-Identifier: MIT */
/* What lwIP asks of a C library's string.h. */
#pragma once

#include "pith/string.h"
