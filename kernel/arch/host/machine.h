/* SPDX-License-Identifier: MIT */
/* The state of the simulated machine; private to kernel/arch/host. */
#pragma once

#include "arch/iommu.h"
#include "arch_host/machine.h"
#include "core/core.h"

/* A translation that the simulated processor remembers. level 0: a page, else a table it walked. */
struct host_tlb_entry {
    bool is_valid;
    uint8_t level;
    bool write;
    bool exec;
    bool dirty;
    user_addr_t start;
    uint64_t size_bytes;
    phys_t phys;
};

struct host_core {
    struct core core;
    ns_t armed_ns;
    bool is_poked;      /* another core wants it to look */
    uint32_t class_min; /* of interrupts that it takes */
    struct thread *entered;
    struct thread *fpu_owner;
    phys_t root;
    struct host_tlb_entry tlb[HOST_TLB_ENTRIES];
    uint32_t tlb_next;
};

struct host_line {
    uint32_t vector;
    bool is_routed;
    bool is_level;
    bool is_masked;
    bool is_raised;
};

struct host_source {
    uint32_t domain;
    phys_t root;
    bool is_muted;
};

/* What the unit remembers; domain 0: nothing. level as in struct host_tlb_entry. */
struct host_iotlb_entry {
    uint32_t domain;
    uint32_t level;
    bool may_write;
    uint64_t start;
    uint64_t size_bytes;
    phys_t phys;
};

#define HOST_IOTLB_ENTRIES 64u
#define HOST_DMA_FAULTS 40u

struct host_iommu {
    struct host_source sources[HOST_SOURCES];
    struct host_iotlb_entry tlb[HOST_IOTLB_ENTRIES];
    uint32_t tlb_next;
    struct arch_dma_fault faults[HOST_DMA_FAULTS];
    uint32_t fault_count;
    bool has_lost;
    bool is_deaf;
    bool is_again; /* the kernel said so */
};

struct host_state {
    bool has_iommu;
    struct host_iommu iommu;
    uint8_t *ram;
    uint8_t *devices; /* addresses without memory */
    uint64_t ram_bytes;
    ns_t now_ns;
    uint64_t tick_ns;
    uint32_t core_count;
    uint32_t active; /* the core that the kernel runs on */
    struct host_core cores[ARCH_CORES];
    struct host_line lines[HOST_LINES];
    bool msi[ARCH_IRQ_VECTORS];
    uint32_t msi_sources[ARCH_IRQ_VECTORS];
    bool msi_masked[ARCH_IRQ_VECTORS];
    bool in_service[ARCH_IRQ_VECTORS];
    uint8_t vector_core[ARCH_IRQ_VECTORS]; /* where it is delivered */
    uint64_t pokes;
    bool all_is_free; /* what arch_try_all() found last */
    void (*watch_before)(const struct core *core);
    void (*watch_after)(const struct core *core, bool was_alone);
    void (*watch_gave_up)(const struct core *core);
    uint32_t preempt_at;
    uint32_t preempt_looks;
    bool preempt_forced; /* an interrupt waits because a test said so */
    uint32_t debug_count;
    char debug_output[4096];
    char debug_input;
    void (*on_panic)(const char *text, const char *file, uint32_t line);
};

extern struct host_state host;

struct host_core *host_active(void);
_Noreturn void host_fail(const char *text);
/** The kernel is entered, with the core's own lock; and has done its work: what needs all locks is done at the end. */
void host_enter(struct core *core);
void host_finish(struct core *core);
/** All locks, and what is in the inboxes done. */
void host_take_all(struct core *core);
/* The entry gave up: now with all. */
void host_begin_anew(struct core *core);
void host_iommu_start(void);
/** Does the DMA remapping unit interrupt? */
bool host_iommu_interrupts(void);
/** The unit refuses a message, and records that whoever is muted. */
void host_message_refuse(uint32_t source, uint32_t entry);
