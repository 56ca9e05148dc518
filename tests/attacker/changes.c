/* SPDX-License-Identifier: MIT */
/* A server of files that can be written: what it refuses it has not done. */
#include "attacker.h"

#include "file/change.h"
#include "pith/string.h"

static struct files files;

static err_t try_open(const char *path, uint32_t how)
{
    struct file file;
    err_t err = files_open(&files, path, how, &file);

    if (err == ERR_OK) {
        files_close(&file);
    }
    return err;
}

static void opens_refuse(void)
{
    static const struct {
        const char *why;
        uint32_t how;
        err_t wanted;
    } cases[] = {
        { "new: TRUNCATE without WRITE", FILES_CREATE | FILES_TRUNCATE, ERR_NO_RIGHT },
        { "new: the same, EXCLUSIVE", FILES_CREATE | FILES_TRUNCATE | FILES_EXCLUSIVE,
          ERR_NO_RIGHT },
        { "new: a directory", FILES_CREATE | FILES_DIRECTORY, ERR_WRONG_TYPE },
        { "new: a directory, to be written", FILES_CREATE | FILES_DIRECTORY | FILES_WRITE,
          ERR_WRONG_TYPE },
        { "not to be made", FILES_WRITE | FILES_TRUNCATE, ERR_NO_ENTRY },
    };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wants(cases[i].why, cases[i].wanted, try_open("/refused", cases[i].how));
        wants("what was refused is not there", ERR_NO_ENTRY, try_open("/refused", 0));
    }
}

static void bytes_want(uint64_t wanted)
{
    struct file file;

    wants("open it to be read", ERR_OK, files_open(&files, "/kept", 0, &file));
    wants("its bytes are as before", ERR_OK, file.bytes == wanted ? ERR_OK : ERR_DAMAGED);
    files_close(&file);
}

/* A file of some bytes keeps them. */
static void file_keeps(void)
{
    struct file file;
    uint64_t done = 0;

    wants("make a file", ERR_OK, files_open(&files, "/kept", FILES_CREATE | FILES_WRITE, &file));
    wants("write to it", ERR_OK, files_write(&file, 0, "bytes", 5, &done));
    files_close(&file);
    wants("TRUNCATE without WRITE", ERR_NO_RIGHT, try_open("/kept", FILES_TRUNCATE));
    wants("EXCLUSIVE", ERR_EXISTS,
          try_open("/kept", FILES_CREATE | FILES_EXCLUSIVE | FILES_WRITE | FILES_TRUNCATE));
    wants("as a directory", ERR_WRONG_TYPE,
          try_open("/kept", FILES_DIRECTORY | FILES_WRITE | FILES_TRUNCATE));
    bytes_want(5);
    wants("TRUNCATE", ERR_OK, try_open("/kept", FILES_WRITE | FILES_TRUNCATE));
    bytes_want(0);
    wants("remove it", ERR_OK, files_remove(&files, "/kept", false));
}

void attack_changes(void)
{
    wants("files", ERR_OK, files_connect(&files));
    opens_refuse();
    file_keeps();
}
