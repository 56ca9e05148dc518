/* SPDX-License-Identifier: MIT */
#pragma once

#include "file/file.h"

/** files_list_part() - fetch the next part of a directory into the list. */
MUST_CHECK err_t files_list_part(struct files_list *list);
