# SPDX-License-Identifier: MIT
module := tests/fuzz/virtio
kind := host_program
name := virtio_fuzz
sources := virtio_fuzz.c
uses := lib/virtio lib/virtio/fake tests/host
test_args := --runs 60000
