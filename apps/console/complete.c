/* SPDX-License-Identifier: MIT */
#include "complete.h"

#include "console.h"
#include "file/file.h"
#include "pith/clock.h"
#include "pith/string.h"
#include "system/ask.h"

/* For a key: a server that is on its way back is not waited for. */
#define PATIENCE_NS (1 * NS_PER_S)

static void commands_offer(struct line_offers *offers)
{
    const char *name;

    for (size_t i = 0; (name = command_name(i)) != NULL; i++) {
        line_offer(offers, name, strlen(name), ' ');
    }
}

static void programs_offer(struct line_offers *offers)
{
    system_name_t name;

    for (uint64_t i = 0;; i++) {
        uint64_t words[8] = { i };

        if (system_ask(SYSTEM_PROGRAM, words, clock_now() + PATIENCE_NS)) {
            return;
        }
        system_name(words, name);
        line_offer(offers, name, strlen(name), ' ');
    }
}

static bool is_hidden(const struct files_name *name, const char *typed)
{
    return name->text[0] == '.' &&
           (typed[0] != '.' || strcmp(name->text, ".") == 0 || strcmp(name->text, "..") == 0);
}

static void names_offer(struct line_offers *offers, struct file *dir)
{
    static struct files_list list;
    static struct files_name name;

    files_list(&list, dir);
    while (files_next(&list, &name) == ERR_OK) {
        bool is_directory = name.kind == FILE_KIND_DIRECTORY;

        if (!is_hidden(&name, offers->typed + offers->start)) {
            line_offer(offers, name.text, name.length, is_directory ? '/' : ' ');
        }
    }
}

/* The word's part after its last slash, from the directory that stands before. */
static void paths_offer(struct line_offers *offers)
{
    char path[LINE_TEXT_BYTES] = "/";
    const char *word = offers->typed + offers->start;
    size_t length = strlen(word);
    struct files *files = files_if_any();
    struct file dir;

    while (length > 0 && word[length - 1] != '/') {
        length--;
    }
    if (length != 0) {
        memcpy(path, word, length);
        path[length] = 0;
    }
    offers->start += length;
    if (files == NULL) {
        return;
    }
    files->patience_ns = PATIENCE_NS;
    if (files_open(files, path, FILES_DIRECTORY, &dir) == ERR_OK) {
        names_offer(offers, &dir);
        files_close(&dir);
    }
}

/* The word before the cursor begins after the last blank; the command is the first word. */
void completions_offer(void *context, struct line_offers *offers)
{
    const char *typed = offers->typed;
    size_t first = 0, end;

    (void)context;
    while (typed[first] == ' ') {
        first++;
    }
    for (end = first; typed[end] != 0 && typed[end] != ' '; end++) {
    }
    for (size_t i = 0; typed[i] != 0; i++) {
        offers->start = typed[i] == ' ' ? i + 1 : offers->start;
    }
    if (typed[end] == 0) {
        commands_offer(offers);
        return;
    }
    switch (argument_of(&typed[first], end - first)) {
    case ARGUMENT_COMMAND:
        commands_offer(offers);
        break;
    case ARGUMENT_ANYBODY:
        line_offer(offers, "warden", strlen("warden"), ' ');
        programs_offer(offers);
        break;
    case ARGUMENT_PROGRAM:
        programs_offer(offers);
        break;
    case ARGUMENT_PATH:
        paths_offer(offers);
        break;
    default:
        break;
    }
}
