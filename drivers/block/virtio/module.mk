# SPDX-License-Identifier: MIT
module := drivers/block/virtio
kind := program
name := virtio_block
sources := main.c
uses := abi drivers/block/virtio/disk lib/block lib/pith lib/service
