/* SPDX-License-Identifier: MIT */
/* Values that cross the boundary between the kernel and programs. */
#pragma once

#include <stdint.h>

typedef uint64_t ns_t;        /* time since boot, or a length of time */
typedef uint64_t user_addr_t; /* an address in some program's space; never dereferenced */
typedef uint64_t phys_t;      /* a physical address */
typedef uint32_t cap_addr_t;  /* a slot of the program's capability table; 0 names nothing */

#define DEADLINE_NEVER UINT64_MAX

#define MSG_REGISTER_WORDS 8u
#define MSG_WORDS_MAX 64u
#define MSG_CAPS_MAX 4u
#define MSG_BUFFER_BYTES 1024u

/* Message info: label, words, capabilities. */
typedef uint64_t msg_info_t;
#define MSG_INFO(label, words, caps)                                                               \
    ((uint64_t)(label) | (uint64_t)(words) << 16 | (uint64_t)(caps) << 24)
#define MSG_LABEL(info) ((uint32_t)((info)&0xffffu))
#define MSG_WORDS(info) ((uint32_t)((info) >> 16 & 0xffu))
#define MSG_CAPS(info) ((uint32_t)((info) >> 24 & 0xfu))

/* Labels that only the kernel sends. Labels of programs are below. */
#define MSG_LABEL_FAULT 0xfffeu
#define MSG_LABEL_NOTIFIED 0xffffu

/* In send_caps: give the capability away instead of deriving a copy. */
#define MSG_CAP_MOVE 0x80000000u

/*
 * The pinned buffer. Words 0 to 7 of a message travel in registers; their places here are unused.
 * The owner may write it at any time; the kernel reads each member once per message.
 */
struct msg_buffer {
    uint64_t words[MSG_WORDS_MAX];
    uint32_t send_caps[MSG_CAPS_MAX];     /* slots, or'ed with MSG_CAP_MOVE */
    uint32_t receive_slots[MSG_CAPS_MAX]; /* empty slots; 0 ends the list */
    uint8_t reserved[MSG_BUFFER_BYTES - MSG_WORDS_MAX * 8 - MSG_CAPS_MAX * 8];
};
_Static_assert(sizeof(struct msg_buffer) == MSG_BUFFER_BYTES, "part of the ABI");

/*
 * What a foreign thread finds at its entry (thread.set_foreign), at the beginning of the 1 KiB that is pinned. The first five are what `iretq`
 * takes; the kernel never writes cs and ss.
 */
struct foreign_frame {
    uint64_t rip;
    uint64_t cs;
    uint64_t rflags;
    uint64_t rsp;
    uint64_t ss;
    uint64_t kind; /* enum fault; SYSCALL leaves the next two as they are */
    uint64_t address;
    uint64_t detail;
};
_Static_assert(sizeof(struct foreign_frame) == 64, "part of the ABI");

/*
 * The clock page, mapped read-only into programs: ns = (tsc - base_tsc) * mult >> shift, plus base_ns.
 */
struct clock_page {
    uint64_t abi_hash;
    uint64_t base_tsc;
    uint64_t base_ns;
    uint64_t mult;
    uint32_t shift;
    uint32_t reserved;
};
