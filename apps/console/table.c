/* SPDX-License-Identifier: MIT */
/* Which commands there are. */
#include "console.h"

#include "complete.h"
#include "io.h"
#include "line/line.h"
#include "pith/string.h"

struct command {
    const char *name;
    const char *arguments;
    const char *what; /* in a line */
    const char *more; /* NULL: there is no more to say */
    enum argument takes;
    void (*run)(const char *argument);
};

static void command_help(const char *argument);

static const struct command commands[] = {
    { "help", "[COMMAND]", "show this, or more about a command", NULL, ARGUMENT_COMMAND,
      command_help },
    { "history", "", "the lines that were typed", "Up, Down and Ctrl-R bring them back.",
      ARGUMENT_NONE, command_history },

    { "programs", "", "what runs, how often it was restarted, what it uses",
      "States: stopped, running, faulted, ended, waiting (for its restart), degraded (it died too "
      "often,\nand stays down until it is started).",
      ARGUMENT_NONE, command_programs },
    { "top", "[TIMES]", "what runs, by processor time, every second until a key is pressed",
      "Of each program: state, percent of the processor on its own budget, memory, messages a "
      "second\n(calls answered, ring entries and signals taken), restarts, priority. What it does "
      "for others\nin calls counts as theirs.",
      ARGUMENT_NONE, command_top },
    { "memory", "", "all memory, by owner", NULL, ARGUMENT_NONE, command_memory },
    { "recovery", "", "deaths, and how long programs were down", NULL, ARGUMENT_NONE,
      command_recovery },
    { "strays", "", "what devices reached for that they were not given", NULL, ARGUMENT_NONE,
      command_strays },
    { "log", "[PROGRAM]", "what was said, by all or by one; `warden` too", NULL, ARGUMENT_ANYBODY,
      command_log },
    { "ping-pong", "", "measure calls between two programs", NULL, ARGUMENT_NONE,
      command_ping_pong },
    { "time", "", "since boot", NULL, ARGUMENT_NONE, command_time },

    { "start", "NAME [ARGUMENTS]", "start a program of the system", NULL, ARGUMENT_PROGRAM,
      command_start },
    { "kill", "NAME", "end a program, for good", "`start` brings it back.", ARGUMENT_PROGRAM,
      command_kill },
    { "fail", "NAME", "make a program die, as by a fault; `warden` too",
      "It is started again, as the system says.", ARGUMENT_ANYBODY, command_fail },
    { "hang", "NAME [HOW]", "make a program hang; `warden` too",
      "HOW is loop (in its main loop), lock (with a lock in its hand), irq (at an interrupt), call "
      "(in\na call, on the caller's time) or wait (for what never comes). It is found, and "
      "replaced.",
      ARGUMENT_ANYBODY, command_hang },
    { "crash", "[HOW]", "crash a program",
      "HOW is null, write, exec, illegal, divide, general or stack.", ARGUMENT_NONE,
      command_crash },

    { "ls", "[PATH]", "what is in a directory", NULL, ARGUMENT_PATH, command_ls },
    { "cat", "PATH", "show a file", NULL, ARGUMENT_PATH, command_cat },
    { "sum", "PATH", "the SHA-256 of a file", NULL, ARGUMENT_PATH, command_sum },
    { "sums", "PATH", "of all files below a directory", NULL, ARGUMENT_PATH, command_sums },
    { "write", "PATH TEXT", "make a file with that line in it", NULL, ARGUMENT_PATH,
      command_write },
    { "append", "PATH TEXT", "add a line to a file", NULL, ARGUMENT_PATH, command_append },
    { "rm", "PATH", "take off a file", NULL, ARGUMENT_PATH, command_rm },
    { "rmdir", "PATH", "take off an empty directory", NULL, ARGUMENT_PATH, command_rmdir },
    { "mkdir", "PATH", "make a directory", NULL, ARGUMENT_PATH, command_mkdir },
    { "mv", "PATH PATH", "give something another name", NULL, ARGUMENT_PATH, command_mv },
    { "link", "PATH TARGET", "make a symbolic link", NULL, ARGUMENT_PATH, command_link },
    { "df", "[PATH]", "how much room there is", NULL, ARGUMENT_PATH, command_df },
    { "volume", "[PATH]", "about the file system and its cache", NULL, ARGUMENT_PATH,
      command_volume },
    { "patience", "[SECONDS]", "how long one of these may wait for the disk", NULL, ARGUMENT_NONE,
      command_patience },

    { "run", "[OPTIONS] PATH [ARGUMENTS] [&]", "start a program from a file",
      "Options: memory=KIB budget=US time=MS uses=INTERFACE, and NAME=VALUE for its environment. "
      "With &\nit is not waited for.",
      ARGUMENT_PATH, command_run_file },
    { "ps", "", "processes: running, and ended but not waited for", NULL, ARGUMENT_NONE,
      command_ps },
    { "wait", "PID", "until a process ends", NULL, ARGUMENT_NONE, command_await },
    { "stop", "PID", "end a process", NULL, ARGUMENT_NONE, command_stop },
    { "pool", "", "about the process manager and its memory", NULL, ARGUMENT_NONE, command_pool },

    { "poweroff", "", "end", NULL, ARGUMENT_NONE, command_poweroff },
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const struct command *command_find(const char *name, size_t length)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strncmp(commands[i].name, name, length) == 0 && commands[i].name[length] == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

const char *command_name(size_t number)
{
    return number < COMMANDS ? commands[number].name : NULL;
}

enum argument argument_of(const char *command, size_t length)
{
    const struct command *found = command_find(command, length);

    return found != NULL ? found->takes : ARGUMENT_NONE;
}

uint64_t console_number(const char *text)
{
    uint64_t number = 0;

    for (; *text >= '0' && *text <= '9' && number < 1ull << 40; text++) {
        number = number * 10 + (uint64_t)(*text - '0');
    }
    return number;
}

static void command_help(const char *argument)
{
    const struct command *command = command_find(argument, strlen(argument));

    if (argument[0] == 0) {
        for (size_t i = 0; i < COMMANDS; i++) {
            console_printf("%-10s %s\n", commands[i].name, commands[i].what);
        }
        return;
    }
    if (command == NULL) {
        console_printf("%s: no such command; help lists them\n", argument);
        return;
    }
    console_printf("%s %s\n%s\n", command->name, command->arguments, command->what);
    if (command->more != NULL) {
        console_printf("%s\n", command->more);
    }
}

void command_run(const char *line)
{
    static char argument[LINE_TEXT_BYTES];
    size_t length = 0, end;

    while (*line == ' ') {
        line++;
    }
    while (line[length] != 0 && line[length] != ' ') {
        length++;
    }
    const struct command *command = command_find(line, length);

    if (length == 0) {
        return;
    }
    if (command == NULL) {
        console_printf("%.*s: no such command; try help\n", (int)length, line);
        return;
    }
    line += length;
    while (*line == ' ') {
        line++;
    }
    /* Tab leaves a blank after a word. */
    for (end = strlen(line); end > 0 && line[end - 1] == ' '; end--) {
    }
    memcpy(argument, line, end);
    argument[end] = 0;
    command->run(argument);
}
