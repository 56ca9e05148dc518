# SPDX-License-Identifier: MIT
module := drivers/random/virtio
kind := program
name := virtio_random
sources := main.c
uses := abi drivers/random/virtio/source lib/driver lib/pith lib/service lib/virtio
