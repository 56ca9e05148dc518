/* SPDX-License-Identifier: MIT */
/* lwIP includes it and uses nothing of it. */
#pragma once
