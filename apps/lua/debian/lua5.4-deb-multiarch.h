/* SPDX-License-Identifier: MIT */
/* Debian's build makes this header: the folder of libraries of this machine, for the paths of shared modules. */
#pragma once

#define DEB_HOST_MULTIARCH "x86_64-pith"
