# SPDX-License-Identifier: MIT
module := drivers/block/virtio
kind := program
name := virtio_block
sources := main.c disk.c
uses := abi lib/block lib/driver lib/pith lib/service lib/virtio
