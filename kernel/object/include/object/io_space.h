/* SPDX-License-Identifier: MIT */
/*
 * What devices reach by DMA. Runs of frames and tables hang in it as in an address space of programs.
 * Invariants: the sources are exactly those that the units send to the domain; domain is not 0 exactly while there are
 * sources, and then the machine's table of domains names this object.
 */
#pragma once

#include "cap/cap.h"
#include "object/vspace.h"

struct core;

#define IO_SOURCES_MAX 32u
#define IO_FAULTS_MAX 16u /* of a source, unread: then it is muted */
#define IO_DOMAINS_MAX 128u

struct dma_faults {
    uint32_t count;
    uint32_t source; /* of the first, as are address and reason */
    uint32_t reason;
    uint32_t lost; /* of struct dma, when these were last read */
    uint64_t address;
};

struct io_source {
    uint16_t id;
    uint8_t faults; /* unread */
    bool is_muted;
};

struct io_space {
    struct vspace space; /* first: io_space_of() */
    uint32_t domain;
    uint32_t source_count;
    struct io_source sources[IO_SOURCES_MAX];
    struct dma_faults faults;
    struct cap notification_cap; /* embedded; type NONE: nobody is told */
};

#define IO_SPACE_BYTES VSPACE_IO_BYTES
_Static_assert(sizeof(struct io_space) <= 4096, "the root table is the page after it");

/* What the machine knows about DMA. */
struct dma {
    struct io_space
        *domains[IO_DOMAINS_MAX]; /* borrowed: a space leaves its domain before it dies */
    struct dma_faults strays;     /* of sources that are in no space */
    uint32_t lost;                /* how often units recorded less than there was */
    uint32_t in_a_row;            /* records taken, with more behind each */
};

static inline struct io_space *io_space_of(struct vspace *space)
{
    return (struct io_space *)(void *)space;
}

/** An empty one; the memory behind the struct is zero. */
void io_space_init(const struct core *core, struct io_space *io);
/** Detaches all sources, then lets go of all runs. Returns ERR_OK or KERNEL_RESTART. */
MUST_CHECK err_t io_space_destroy(struct core *core, struct io_space *io);

/** Takes what the units recorded and tells those whom it concerns. Returns ERR_OK or KERNEL_RESTART. */
MUST_CHECK err_t dma_faults_take(struct core *core);
/** On their interrupt: one record, if there is one; then another interrupt follows. */
void dma_fault_take(struct core *core);
#define DMA_FAULTS_IN_A_ROW_MAX 32u
