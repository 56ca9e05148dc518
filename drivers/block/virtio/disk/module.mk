# SPDX-License-Identifier: MIT
module := drivers/block/virtio/disk
kind := lib
sources := src/disk.c
uses := abi lib/block lib/driver lib/pith lib/virtio
tests := test/disk_test.c
test_uses := lib/block/fake lib/virtio/fake
