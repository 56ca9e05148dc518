/* SPDX-License-Identifier: MIT */
/*
 * Two devices of QEMU that do DMA: `edu` copies up to 4 KiB between memory and a buffer of its own when told to
 * (docs/specs/edu.rst of QEMU); the UHCI, once started, reads its list of frames a thousand times a second.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "boot_test/make.h"

#define EDU_BYTES 2048u /* copied at most */

/** pci_find() - a function on bus 0 by vendor | device << 16; its source number. Ends the test if there is none. */
uint32_t pci_find(uint32_t id);
uint32_t pci_read(uint32_t source, uint32_t offset);
void pci_write(uint32_t source, uint32_t offset, uint32_t value);

/** edu_start() - finds it, lets it do DMA, maps its registers. Returns its source number. */
uint32_t edu_start(void);
void edu_register(uint32_t offset, uint32_t value);
/** edu_to_memory(), edu_from_memory() - copy, and wait for the end, whatever came of it. */
void edu_to_memory(uint64_t address, uint32_t bytes);
void edu_from_memory(uint64_t address, uint32_t bytes);
#define EDU_RAISE 0x60u
#define EDU_ACKNOWLEDGE 0x64u

/** edu_message_set() - what it writes when it interrupts. */
void edu_message_set(uint32_t source, uint64_t address, uint32_t data);
/** edu_message_off() - it uses its line again. */
void edu_message_off(uint32_t source);

/** uhci_find() - stops it, lets it do DMA. Returns its source number. */
uint32_t uhci_find(void);
void uhci_run(bool on);
