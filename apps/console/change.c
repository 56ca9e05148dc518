/* SPDX-License-Identifier: MIT */
/* Commands that change files, in systems whose files can be changed. */
#include "file/change.h"

#include "console.h"
#include "io.h"
#include "pith/string.h"

#include "abi/names.h"

/* The first word of an argument, ended; what follows it is returned. */
static const char *word_cut(const char *argument, char word[FILES_PATH_MAX + 1])
{
    size_t length = 0;

    while (*argument != 0 && *argument != ' ' && length < FILES_PATH_MAX) {
        word[length++] = *argument++;
    }
    word[length] = 0;
    while (*argument == ' ') {
        argument++;
    }
    return argument;
}

static void outcome_show(const char *path, err_t err)
{
    if (err) {
        console_printf("%s: %s\n", path, error_text(err));
    }
}

/* A line, from that position on. */
static err_t line_write(struct file *file, uint64_t position, const char *text)
{
    size_t length = strlen(text);
    uint64_t done = 0;
    err_t err = ERR_OK;

    if (length != 0) {
        err = files_write(file, position, text, length, &done);
    }
    if (err == ERR_OK && done == length) {
        err = files_write(file, position + done, "\n", 1, &done);
    } else if (err == ERR_OK) {
        err = ERR_NO_SPACE;
    }
    return err;
}

static void line_put(const char *argument, uint32_t flags)
{
    static char path[FILES_PATH_MAX + 1];
    const char *text = word_cut(argument, path);
    struct files *files = console_files();
    struct file file;

    if (files == NULL) {
        return;
    }
    err_t err = files_open(files, path, FILES_WRITE | FILES_CREATE | flags, &file);

    if (err == ERR_OK) {
        err = line_write(&file, file.bytes, text);
        files_close(&file);
    }
    outcome_show(path, err);
}

void command_write(const char *argument)
{
    line_put(argument, FILES_TRUNCATE);
}

void command_append(const char *argument)
{
    line_put(argument, 0);
}

void command_rm(const char *argument)
{
    struct files *files = console_files();

    if (files != NULL) {
        outcome_show(argument, files_remove(files, argument, false));
    }
}

void command_rmdir(const char *argument)
{
    struct files *files = console_files();

    if (files != NULL) {
        outcome_show(argument, files_remove(files, argument, true));
    }
}

void command_mkdir(const char *argument)
{
    struct files *files = console_files();

    if (files != NULL) {
        outcome_show(argument, files_make_directory(files, argument));
    }
}

void command_mv(const char *argument)
{
    static char from[FILES_PATH_MAX + 1];
    const char *to = word_cut(argument, from);
    struct files *files = console_files();

    if (files != NULL) {
        outcome_show(from, files_rename(files, from, to));
    }
}

void command_link(const char *argument)
{
    static char path[FILES_PATH_MAX + 1];
    const char *target = word_cut(argument, path);
    struct files *files = console_files();

    if (files != NULL) {
        outcome_show(path, files_make_link(files, path, target));
    }
}

void command_df(const char *argument)
{
    const char *path = argument[0] != 0 ? argument : "/";
    struct files *files = console_files();
    struct files_space space;

    if (files == NULL) {
        return;
    }
    err_t err = files_space(files, path, &space);

    if (err) {
        outcome_show(path, err);
        return;
    }
    console_printf("%lu of %lu KiB unused", (unsigned long)(space.unused / 1024),
                   (unsigned long)(space.bytes / 1024));
    if (space.names != 0) {
        console_printf(", %lu of %lu names", (unsigned long)space.names_unused,
                       (unsigned long)space.names);
    }
    console_printf("\n");
}
