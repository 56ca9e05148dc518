# SPDX-License-Identifier: MIT
module := drivers/console/virtio
kind := program
name := virtio_console
sources := main.c
uses := abi drivers/console/virtio/port lib/driver lib/pith lib/service lib/terminal lib/virtio
