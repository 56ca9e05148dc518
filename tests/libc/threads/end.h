/* SPDX-License-Identifier: MIT */
#pragma once

/** end_try() - the ways in which a program with threads ends: "exit", "leave", "fault". */
int end_try(const char *how);
