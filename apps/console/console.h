/* SPDX-License-Identifier: MIT */
/* Between the console's files. */
#pragma once

#include <stdint.h>

/** line_read() - show a prompt and read a line, with editing; ended with 0, empty if it was given up. Valid until the next call. */
const char *line_read(const char *prompt);

/** command_run() - do what a line says. */
void command_run(const char *line);

/** console_number() - that a text begins with; 0: it begins with none. */
uint64_t console_number(const char *text);

/* Commands, each with what stands behind its name. */
void command_history(const char *argument);
void command_top(const char *argument);
void command_programs(const char *argument);
void command_memory(const char *argument);
void command_ping_pong(const char *argument);
void command_crash(const char *argument);
void command_start(const char *argument);
void command_kill(const char *argument);
void command_fail(const char *argument);
void command_hang(const char *argument);
void command_recovery(const char *argument);
void command_strays(const char *argument);
void command_time(const char *argument);
void command_poweroff(const char *argument);

/* Commands about files. */
void command_ls(const char *argument);
void command_cat(const char *argument);
void command_sum(const char *argument);
void command_sums(const char *argument);
void command_volume(const char *argument);
void command_patience(const char *argument);

/* log.c */
void command_log(const char *argument);

/** console_files() - what they all use; NULL (and said): there are none. files_if_any() - says nothing. */
struct files *console_files(void);
struct files *files_if_any(void);

/* Commands that change files. */
void command_write(const char *argument);
void command_append(const char *argument);
void command_rm(const char *argument);
void command_rmdir(const char *argument);
void command_mkdir(const char *argument);
void command_mv(const char *argument);
void command_link(const char *argument);
void command_df(const char *argument);

/* Commands about programs started from files. */
void command_run_file(const char *argument);
void command_ps(const char *argument);
void command_await(const char *argument);
void command_stop(const char *argument);
void command_pool(const char *argument);
