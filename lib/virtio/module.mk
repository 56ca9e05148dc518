# SPDX-License-Identifier: MIT
module := lib/virtio
kind := lib
sources := src/device.c src/layout.c src/queue.c src/simple.c
target_sources := src/pci_device.c src/simple_pci.c
uses := abi lib/driver lib/pci
tests := test/device_test.c test/queue_test.c
test_uses := lib/virtio/fake
