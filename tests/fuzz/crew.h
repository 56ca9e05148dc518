/* SPDX-License-Identifier: MIT */
/* Who is there on every core when a run on several begins: see crew.c. */
#pragma once

/** Makes threads on all cores, and where they can meet. To be called once the root thread runs. */
void crew_make(void);
