# SPDX-License-Identifier: MIT
module := drivers/net/virtio
kind := program
name := virtio_net
sources := main.c nic.c
uses := abi lib/driver lib/link lib/pith lib/service lib/virtio
