# SPDX-License-Identifier: MIT
module := lib/driver
kind := lib
target_sources := src/driver.c src/dma.c src/irq.c src/ports.c
uses := abi lib/pci lib/pith
