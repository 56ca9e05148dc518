/* SPDX-License-Identifier: MIT */
/* Between the files of this program. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"

/** random64(), below() - the same numbers in every run. */
uint64_t random64(void);
uint32_t below(uint32_t limit);

/** wants() - says so, and counts, if what came is not what the interface lists. */
void wants(const char *what, err_t wanted, err_t got);

/** wants_listed() - any error that an interface may list will do; silence, death and a made-up number will not. */
void wants_listed(const char *what, err_t got);

/** raw_call() - a message of any label and eight words; gives the answer's label, or why there is none. */
err_t raw_call(cap_addr_t endpoint, uint32_t label, uint64_t words[8]);

/* Each makes that many attacks of its kind. */
void attack_files(uint32_t count);
void attack_rings(const char *interface, uint32_t count);
void attack_random(uint32_t count);
void attack_system(uint32_t count);
void attack_views(uint32_t count);
void attack_net(uint32_t count);

/** attack_changes() - what a server of files refuses it has not done. */
void attack_changes(void);

/** attack_net_greedy() - takes all that the network server gives, for ever. */
void attack_net_greedy(void);
