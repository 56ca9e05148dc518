/* SPDX-License-Identifier: MIT */
/*
 * A program with a view (docs/names.md), which goes past lib/file: it must reach nothing at three file servers but what is
 * below its roots, and change nothing there, whatever it sends. tests/scenario/names.py makes the files: those that
 * must not be reached begin with SECRET, and stand beside the directories of the view under names that begin so.
 */
#include "attacker.h"

#include "file/wire.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/file_calls.h"
#include "pith/names_calls.h"
#include "pith/self.h"
#include "pith/string.h"
#include "service/session.h"

enum {
    SERVERS = 3,
    WITH_LINKS = 2,
    ROOTS = 9,
    OPS = 18,
    PIECES_MAX = 6,
    NAMES_OPS = 8,
    READ_AT = 4096,
    LIST_BYTES = 2048
};

#define CALL_NS (3 * NS_PER_S)
#define SECRET "SECRET"

/* Mount 0 is of the first, mount 1 of the second, and so on. */
static struct at_server {
    const char *interface;
    uint32_t root; /* that it may have there */
    cap_addr_t cap;
    struct session session;
} servers[] = { { .interface = "file", .root = 1 },
                { .interface = "tmp", .root = 2 },
                { .interface = "boot", .root = 3 } };

static uint32_t reached; /* files and directories that it may reach */

static ns_t soon(void)
{
    return clock_now() + CALL_NS;
}

static uint32_t text_put(struct at_server *server, uint32_t offset, const char *text)
{
    memcpy((char *)session_data(&server->session) + offset, text, strlen(text));
    return (uint32_t)strlen(text);
}

struct found {
    uint32_t handle, kind, walked;
};

static err_t open_by(struct at_server *server, uint32_t root, const char *path, uint32_t flags,
                     struct found *found)
{
    uint32_t length = text_put(server, 0, path), traits;
    uint64_t bytes, modified, inode;

    return file_open(server->cap, soon(), root, 0, length, flags, 0, &found->handle, &found->kind,
                     &bytes, &modified, &inode, &found->walked, &traits);
}

static bool begins_with_secret(const char *text, uint32_t bytes)
{
    return bytes >= sizeof(SECRET) - 1 && memcmp(text, SECRET, sizeof(SECRET) - 1) == 0;
}

/* Does a listing name what stands beside the roots? */
static bool lists_secret(const char *part, uint32_t used)
{
    struct file_entry entry;

    for (uint32_t at = 0; at + sizeof(entry) <= used; at += entry.bytes) {
        memcpy(&entry, part + at, sizeof(entry));
        if (entry.bytes == 0 || begins_with_secret(part + at + sizeof(entry), entry.name_length)) {
            return true;
        }
    }
    return false;
}

/* What was opened is read, and closed. */
static void found_check(struct at_server *server, const struct found *found)
{
    char *data = (char *)session_data(&server->session) + READ_AT;
    uint32_t done = 0, end;
    uint64_t next;
    bool is_secret = false;

    if (found->kind == FILE_KIND_REGULAR && file_read(server->cap, soon(), found->handle, 0,
                                                      sizeof(SECRET), READ_AT, &done) == ERR_OK) {
        is_secret = begins_with_secret(data, done);
    } else if (found->kind == FILE_KIND_DIRECTORY &&
               file_list(server->cap, soon(), found->handle, 0, LIST_BYTES, READ_AT, &done, &next,
                         &end) == ERR_OK) {
        is_secret = lists_secret(data, done);
    }
    wants("what is reached is within the view", ERR_OK, is_secret ? ERR_NO_RIGHT : ERR_OK);
    wants("it is closed", ERR_OK, file_close(server->cap, soon(), found->handle));
    reached += found->kind != FILE_KIND_SYMLINK;
}

static void open_wants(err_t wanted, struct at_server *server, uint32_t root, const char *path)
{
    struct found found;
    err_t err = open_by(server, root, path, 0, &found);

    wants(path, wanted, err);
    if (err == ERR_OK) {
        found_check(server, &found);
    }
}

/* Every change there is, of names that are there or could be. */
static void changes_want(err_t wanted, struct at_server *server, uint32_t root)
{
    uint32_t length = text_put(server, 0, "/note"), walked, walked_to;
    uint32_t length_to = text_put(server, READ_AT, "/newer");
    struct found found;
    cap_addr_t cap = server->cap;

    wants("make a file", wanted, open_by(server, root, "/new", FILE_HOW_CREATE, &found));
    wants("open to write", wanted, open_by(server, root, "/note", FILE_HOW_WRITE, &found));
    wants("make a directory", wanted,
          file_make_directory(cap, soon(), root, READ_AT, length_to, 0, &walked));
    wants("make a link", wanted,
          file_make_link(cap, soon(), root, READ_AT, length_to, 0, length, 0, &walked));
    text_put(server, 0, "/note");
    wants("remove", wanted, file_remove(cap, soon(), root, 0, length, 0, 0, &walked));
    wants("rename", wanted,
          file_rename(cap, soon(), root, 0, length, root, READ_AT, length_to, 0, &walked,
                      &walked_to));
}

static err_t directory_make(struct at_server *server)
{
    uint32_t length = text_put(server, 0, "/newer"), walked;

    return file_make_directory(server->cap, soon(), server->root, 0, length, 0, &walked);
}

static void attack_without_roots(void)
{
    for (struct at_server *server = servers; server < servers + SERVERS; server++) {
        for (uint32_t root = 0; root < ROOTS; root++) {
            open_wants(ERR_NO_RIGHT, server, root, "/");
        }
        wants("give a root", ERR_NO_RIGHT,
              file_give_root(server->cap, soon(), 1, 1, 0, 0, 0, 0, 0, 0));
    }
    changes_want(ERR_NO_RIGHT, &servers[1], 0);
}

static err_t mount_ask(uint32_t number)
{
    uint64_t w[8];

    return names_mount(self_cap("names"), soon(), number, &w[0], &w[1], &w[2], &w[3], &w[4], &w[5],
                       &w[6], &w[7]);
}

static void attack_by_numbers(void)
{
    static const uint32_t wrong[] = { SERVERS, 8, 100, UINT32_MAX };

    for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        wants("a mount that is not there", ERR_NO_ENTRY, mount_ask(wrong[i]));
        wants("its root", ERR_NO_ENTRY, names_attach(self_cap("names"), soon(), wrong[i]));
    }
    for (uint32_t i = 0; i < SERVERS; i++) {
        wants("a mount", ERR_OK, mount_ask(i));
        wants("its root", ERR_OK, names_attach(self_cap("names"), soon(), i));
    }
}

static void attack_with_roots(void)
{
    for (struct at_server *server = servers; server < servers + SERVERS; server++) {
        for (uint32_t root = 0; root < ROOTS; root++) {
            open_wants(root == server->root ? ERR_OK : ERR_NO_RIGHT, server, root, "/");
        }
        open_wants(ERR_RANGE, server, server->root, "/..");
        open_wants(ERR_RANGE, server, server->root, "/../SECRET");
        open_wants(ERR_RANGE, server, server->root, "text/../../SECRET");
        open_wants(ERR_NO_ENTRY, server, server->root, "/SECRET");
        err_t wanted = server < servers + WITH_LINKS ? ERR_OK : ERR_NO_ENTRY;

        open_wants(wanted, server, server->root, "/up");        /* the link itself */
        open_wants(wanted, server, server->root, "/up/SECRET"); /* a server goes no further */
        open_wants(wanted, server, server->root, "/absolute");
        wants("give a root", ERR_NO_RIGHT,
              file_give_root(server->cap, soon(), 1, 1, 0, 0, 0, 0, 0, 0));
    }
    changes_want(ERR_READ_ONLY, &servers[1], servers[1].root);
    wants("make a directory in the boot archive", ERR_READ_ONLY, directory_make(&servers[2]));
    changes_want(ERR_NO_RIGHT, &servers[1], 0);
}

static void path_make(char path[64])
{
    static const char *const pieces[] = { "..",   ".",      "",    "/",    "up",   "absolute",
                                          "text", "SECRET", "dir", "note", "deep", "/.." };
    uint32_t count = 1 + below(below(2) == 0 ? 2 : PIECES_MAX);

    path[0] = 0;
    for (uint32_t i = 0; i < count; i++) {
        const char *piece = pieces[below(sizeof(pieces) / sizeof(pieces[0]))];
        size_t length = strlen(path);

        path[length] = '/';
        memcpy(path + length + 1, piece, strlen(piece) + 1);
    }
}

static void any_path(void)
{
    struct at_server *server = &servers[below(SERVERS)];
    uint32_t root = below(2) == 0 ? server->root : below(ROOTS);
    char path[64];
    struct found found;

    path_make(path);
    err_t err = open_by(server, root, path, below(2) == 0 ? 0 : below(64), &found);

    if (err == ERR_OK) {
        found_check(server, &found);
    } else {
        wants_listed(path, err);
    }
}

static void any_words(void)
{
    uint64_t words[8];

    for (uint32_t i = 0; i < 8; i++) {
        words[i] = random64() >> below(64);
    }
    wants_listed("garbage", raw_call(self_cap("names"), below(NAMES_OPS), words));
}

/* Half of it nearly right. What is opened by chance is closed. */
static void any_call(void)
{
    const struct at_server *server = &servers[below(SERVERS)];
    uint32_t op = below(OPS);
    uint64_t words[8];

    for (uint32_t i = 0; i < 8; i++) {
        words[i] = random64() >> below(64);
    }
    if (below(2) == 0) {
        words[0] = server->root;
        words[1] = below(READ_AT);
        words[2] = 1 + below(READ_AT);
    }
    err_t err = raw_call(server->cap, op, words);

    wants_listed("garbage", err);
    if (op == FILE_OPEN && err == ERR_OK) {
        wants("it is closed", ERR_OK, file_close(server->cap, soon(), (uint32_t)words[0]));
    }
}

static void any_change(void)
{
    struct at_server *server = &servers[below(SERVERS)];
    uint32_t root = below(ROOTS), root_to = below(ROOTS), walked, walked_to;
    char path[64];

    path_make(path);
    uint32_t length = text_put(server, 0, path);

    path_make(path);
    uint32_t length_to = text_put(server, READ_AT, path);
    err_t err = below(2) == 0
                    ? file_remove(server->cap, soon(), root, 0, length, below(2), 0, &walked)
                    : file_rename(server->cap, soon(), root, 0, length, root_to, READ_AT, length_to,
                                  0, &walked, &walked_to);

    wants("nothing is changed", ERR_OK, err == ERR_OK ? ERR_NO_RIGHT : ERR_OK);
    wants_listed("a change", err);
}

void attack_views(uint32_t count)
{
    for (struct at_server *server = servers; server < servers + SERVERS; server++) {
        uint32_t number = 0;
        err_t err = session_find(server->interface, false, 0, &number);

        server->cap = self_cap(server->interface);
        if (err == ERR_OK) {
            err = session_open(&server->session, number);
        }
        wants("a session", ERR_OK, err);
        if (err) {
            return;
        }
    }
    attack_without_roots();
    attack_by_numbers();
    attack_with_roots();
    for (uint32_t i = 0; i < count; i++) {
        any_path();
        any_words();
        any_call();
        any_change();
    }
    debug_printf("attacker: reached %u\n", reached);
}
