# SPDX-License-Identifier: MIT
module := tests/boot/iommu
kind := program
name := test_iommu
sources := devices.c dma_test.c messages_test.c storm_test.c
uses := lib/pith tests/boot
