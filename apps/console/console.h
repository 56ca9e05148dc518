/* SPDX-License-Identifier: MIT */
/* Between the console's files. */
#pragma once

#include <stddef.h>

/** line_read() - show a prompt and read a line with editing; ends with 0, without the end of line. */
void line_read(const char *prompt, char *line, size_t size);

/** command_run() - do what a line says. The line is cut into words in place. */
void command_run(char *line);

/* Commands about files. */
void command_ls(const char *argument);
void command_cat(const char *argument);
void command_sum(const char *argument);
void command_sums(const char *argument);
void command_volume(const char *argument);
void command_patience(const char *argument);

/* log.c */
void command_log(const char *argument);

/** console_files() - what they all use; NULL (and said): there are none. */
struct files *console_files(void);

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
