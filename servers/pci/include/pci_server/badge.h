/* SPDX-License-Identifier: MIT */
/* Badges of the PCI server's endpoint: who may ask what. Any other badge may ask nothing. */
#pragma once

#define PCI_BADGE_WARDEN (1ull << 32) /* everything */
#define PCI_BADGE_DRIVER (1ull << 33) /* or'ed with the requester id: reads that one device */
