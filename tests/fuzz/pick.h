/* SPDX-License-Identifier: MIT */
/* Finding capabilities, free slots, addresses and times that make a call nearly make sense. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cap/cap.h"
#include "generate.h"

struct thread;

/* What a capability should be like, in the eyes of the thread that will use it. */
typedef bool (*wish)(const struct cap *cap, const struct thread *caller);

bool wish_any(const struct cap *cap, const struct thread *caller);
bool is_stopped(const struct cap *cap, const struct thread *caller);
bool can_resume(const struct cap *cap, const struct thread *caller);
bool needs_table(const struct cap *cap, const struct thread *caller);
bool has_no_context(const struct cap *cap, const struct thread *caller);
bool is_native(const struct cap *cap, const struct thread *caller);
bool has_no_buffer(const struct cap *cap, const struct thread *caller);
bool is_below(const struct cap *cap, const struct thread *caller);
bool is_served_here(const struct cap *cap, const struct thread *caller);
bool is_unconfigured(const struct cap *cap, const struct thread *caller);
bool is_unbound(const struct cap *cap, const struct thread *caller);
bool holds_a_call(const struct cap *cap, const struct thread *caller);
bool is_empty_reply(const struct cap *cap, const struct thread *caller);
bool is_detached(const struct cap *cap, const struct thread *caller);
bool has_room(const struct cap *cap, const struct thread *caller);
bool is_device(const struct cap *cap, const struct thread *caller);
bool is_served(const struct cap *cap, const struct thread *caller);
bool is_claimed_port(const struct cap *cap, const struct thread *caller);
bool is_group(const struct cap *cap, const struct thread *caller);
bool is_or_may_be_group(const struct cap *cap, const struct thread *caller);
bool is_in_group(const struct cap *cap, const struct thread *caller);
/** A context of a thread, in no group. */
bool is_in_no_group(const struct cap *cap, const struct thread *caller);
bool is_free_irq(const struct cap *cap, const struct thread *caller);
bool is_claimed_irq(const struct cap *cap, const struct thread *caller);
bool is_unbound_notification(const struct cap *cap, const struct thread *caller);
/** A thread of another core that runs there now. */
bool runs_elsewhere(const struct cap *cap, const struct thread *caller);
/** An endpoint that may be called, whose server is on another core. */
bool is_served_elsewhere(const struct cap *cap, const struct thread *caller);

uint32_t slot_any(struct random *random, const struct cap_table *table);
/** A slot with a capability of the type that is as wished, or 0. */
uint32_t pick_as(struct random *random, const struct thread *caller, uint32_t type, wish wanted);
/** The same, mostly; any of the type if there is none as wished. */
uint32_t pick(struct random *random, const struct thread *caller, uint32_t type, wish wanted);
/** The first of count empty slots in a row, or any slot. */
uint32_t pick_empty(struct random *random, struct cap_table *table, uint32_t count);
/** A slot of a table with a capability of the type; any slot if there is none. */
uint32_t pick_of_type(struct random *random, struct cap_table *table, uint32_t type);
uint32_t pick_full(struct random *random, struct cap_table *table);
/** A capability to delete or give away: rarely one on which everything hangs. */
uint32_t pick_victim(struct random *random, struct cap_table *table);
uint64_t pick_address(struct random *random);
/** A source of DMA, mostly one of a few. */
uint32_t pick_source(struct random *random);
ns_t pick_deadline(struct random *random);
ns_t pick_deadline_as(struct random *random, const struct habits *habits);
/** A number as an attacker might try it. */
uint64_t strange(struct random *random);
