/* SPDX-License-Identifier: MIT */
/* The whole tree, name by name, through the library and through the host's own file system. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "ext4/names.h"
#include "ext4_test/image.h"
#include "ext4_test/tree.h"
#include "host_test/test.h"

enum { PATH_BYTES = 9000, PIECES = 20 };

struct name {
    uint32_t inode;
    uint8_t type;
    char text[EXT4_NAME_MAX + 1];
};

struct names {
    struct name *list;
    unsigned count;
    unsigned room;
    unsigned stop_at; /* the visitor refuses once in a while, to go on from there */
};

struct comparison {
    struct image *image;
    char path[PATH_BYTES];
    size_t root_length;
    unsigned files;
};

static bool same(const struct comparison *comparison, uint64_t got, uint64_t want, const char *what)
{
    if (got != want) {
        char text[PATH_BYTES + 64];

        snprintf(text, sizeof(text), "%s of %s", what, comparison->path);
        return CHECK_EQ(got, want, text);
    }
    return true;
}

static bool name_note(void *context, const struct ext4_entry *entry)
{
    struct names *names = context;
    struct name *name;

    if (names->count == names->stop_at) {
        names->stop_at += 1 + test_random(400);
        return false;
    }
    if (names->count == names->room) {
        names->room = names->room * 2 + 16;
        names->list = realloc(names->list, names->room * sizeof(*names->list));
        if (names->list == NULL) {
            abort();
        }
    }
    name = &names->list[names->count++];
    *name = (struct name){ .inode = entry->inode, .type = entry->type };
    memcpy(name->text, entry->name, entry->name_length);
    return true;
}

static void names_read(struct comparison *comparison, struct ext4_file *dir, struct names *names)
{
    uint64_t position = 0;

    *names = (struct names){ .stop_at = test_random(5) };
    while (position < dir->inode.size_bytes) {
        if (!same(comparison,
                  ext4_dir_read(&comparison->image->fs, dir, &position, name_note, names), ERR_OK,
                  "reading the directory")) {
            break;
        }
    }
}

static void piece_compare(struct comparison *comparison, struct ext4_file *file, int host,
                          uint64_t offset, size_t bytes)
{
    uint8_t *want = calloc(1, bytes + 1);
    uint8_t *got = calloc(1, bytes + 1);
    ssize_t read_bytes = pread(host, want, bytes, (off_t)offset);
    size_t done = 0;

    if (same(comparison,
             ext4_read(&comparison->image->fs, file, offset, (struct ext4_memory){ got, bytes },
                       &done),
             ERR_OK, "reading") &&
        same(comparison, done, (uint64_t)read_bytes, "bytes read")) {
        same(comparison, memcmp(got, want, done) == 0, true, "contents");
    }
    free(want);
    free(got);
}

static void contents_compare(struct comparison *comparison, struct ext4_file *file)
{
    int host = open(comparison->path, O_RDONLY | O_NOFOLLOW | O_NOATIME);
    uint64_t size = file->inode.size_bytes;

    if (host < 0) {
        host = open(comparison->path, O_RDONLY | O_NOFOLLOW);
    }
    for (uint64_t at = 0; at <= size && !test_has_failed(); at += 1 << 20) {
        piece_compare(comparison, file, host, at, 1 << 20);
    }
    for (int i = 0; i < PIECES && size > 0 && !test_has_failed(); i++) {
        uint64_t offset = test_random64() % (size + 10);

        piece_compare(comparison, file, host, offset, 1 + test_random(9000));
    }
    close(host);
}

static void target_compare(struct comparison *comparison, struct ext4_file *file)
{
    char want[PATH_BYTES];
    char got[PATH_BYTES];
    ssize_t length = readlink(comparison->path, want, sizeof(want));
    size_t got_length = 0;

    same(comparison,
         ext4_symlink_read(&comparison->image->fs, file, (struct ext4_memory){ got, sizeof(got) },
                           &got_length),
         ERR_OK, "reading the target");
    if (same(comparison, got_length, (uint64_t)length, "length of the target")) {
        same(comparison, memcmp(got, want, got_length) == 0, true, "target");
    }
    if (length > 0) {
        same(comparison,
             ext4_symlink_read(&comparison->image->fs, file,
                               (struct ext4_memory){ got, (size_t)length - 1 }, &got_length),
             ERR_RANGE, "refusing too little memory for the target");
    }
}

static void metadata_compare(struct comparison *comparison, const struct ext4_inode *inode,
                             const struct stat *host)
{
    same(comparison, inode->mode, host->st_mode, "mode");
    same(comparison, inode->uid, host->st_uid, "owner");
    same(comparison, inode->gid, host->st_gid, "group");
    same(comparison, (uint64_t)inode->modified.seconds, (uint64_t)host->st_mtim.tv_sec, "time");
    if (!S_ISDIR(host->st_mode)) {
        same(comparison, inode->size_bytes, (uint64_t)host->st_size, "size");
        same(comparison, inode->links, host->st_nlink, "links");
    }
    if (S_ISBLK(host->st_mode) || S_ISCHR(host->st_mode)) {
        same(comparison, inode->device_major, major(host->st_rdev), "major number");
        same(comparison, inode->device_minor, minor(host->st_rdev), "minor number");
    }
}

static unsigned dir_compare(struct comparison *comparison, struct ext4_file *dir, uint32_t parent);

/* The library must come to the same file by its whole path. */
static void path_compare(struct comparison *comparison, uint32_t inode)
{
    static struct ext4_walk walk;
    const char *path = comparison->path + comparison->root_length;

    same(comparison, ext4_walk_start(&walk, EXT4_ROOT_INODE, path, strlen(path)), ERR_OK, "path");
    same(comparison, ext4_walk_finish(&comparison->image->fs, &walk, false), ERR_OK, "path's end");
    same(comparison, walk.file.inode.number, inode, "inode by path");
}

static uint8_t type_of(uint32_t mode)
{
    static const uint8_t types[16] = {
        [1] = EXT4_TYPE_FIFO,   [2] = EXT4_TYPE_CHARACTERS, [4] = EXT4_TYPE_DIR,
        [6] = EXT4_TYPE_BLOCKS, [8] = EXT4_TYPE_FILE,       [10] = EXT4_TYPE_SYMLINK,
        [12] = EXT4_TYPE_SOCKET
    };

    return types[mode >> 12 & 15];
}

static bool has_types(const struct comparison *comparison)
{
    enum { INCOMPAT_FILETYPE = 2 };

    return (comparison->image->super.incompat & INCOMPAT_FILETYPE) != 0;
}

/* One name; gives whether it is a directory. */
static bool file_compare(struct comparison *comparison, struct ext4_file *dir,
                         const struct name *found)
{
    const char *name = found->text;
    uint32_t inode = found->inode;
    struct ext4_file file;
    struct ext4_entry entry;
    struct stat host;

    comparison->files++;
    if (!same(comparison, ext4_lookup(&comparison->image->fs, dir, name, strlen(name), &entry),
              ERR_OK, "looking up") ||
        !same(comparison, entry.inode, inode, "inode by name") ||
        !same(comparison, (uint64_t)lstat(comparison->path, &host), 0, "on the host: lstat") ||
        !same(comparison, ext4_open(&comparison->image->fs, inode, &file), ERR_OK, "opening")) {
        return false;
    }
    metadata_compare(comparison, &file.inode, &host);
    same(comparison, found->type, has_types(comparison) ? type_of(host.st_mode) : 0,
         "type by name");
    same(comparison, entry.type, found->type, "type when looked up");
    if (S_ISREG(host.st_mode) && !test_has_failed()) {
        contents_compare(comparison, &file);
    } else if (S_ISLNK(host.st_mode)) {
        target_compare(comparison, &file);
    } else if (S_ISDIR(host.st_mode)) {
        path_compare(comparison, inode);
        same(comparison, file.inode.links, dir_compare(comparison, &file, dir->inode.number) + 2,
             "links of a directory");
        return true;
    }
    return false;
}

static unsigned host_count(const char *path)
{
    DIR *dir = opendir(path);
    unsigned count = 0;

    while (dir != NULL && readdir(dir) != NULL) {
        count++;
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return count;
}

/* Gives how many directories are in it. */
static unsigned dir_compare(struct comparison *comparison, struct ext4_file *dir, uint32_t parent)
{
    size_t length = strlen(comparison->path);
    bool is_root = dir->inode.number == EXT4_ROOT_INODE;
    unsigned dirs = 0;
    struct names names;
    struct ext4_entry entry;

    names_read(comparison, dir, &names);
    same(comparison, names.count, host_count(comparison->path) + is_root, "count of entries");
    for (unsigned i = 0; i < names.count && !test_has_failed(); i++) {
        const char *name = names.list[i].text;

        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
            same(comparison, names.list[i].inode, name[1] == 0 ? dir->inode.number : parent, name);
        } else if (is_root && strcmp(name, "lost+found") == 0) {
            dirs++;
        } else {
            snprintf(comparison->path + length, sizeof(comparison->path) - length, "/%s", name);
            dirs += file_compare(comparison, dir, &names.list[i]);
            comparison->path[length] = 0;
        }
    }
    same(comparison, ext4_lookup(&comparison->image->fs, dir, "not there", 9, &entry), ERR_NO_ENTRY,
         "looking up what is not there");
    free(names.list);
    return dirs;
}

unsigned tree_compare(struct image *image, const char *path)
{
    struct comparison comparison = { .image = image };
    struct ext4_file root;
    uint64_t where;

    comparison.root_length = (size_t)snprintf(comparison.path, sizeof(comparison.path), "%s", path);
    if (same(&comparison, ext4_open(&image->fs, EXT4_ROOT_INODE, &root), ERR_OK, "root")) {
        same(&comparison, root.inode.links, dir_compare(&comparison, &root, EXT4_ROOT_INODE) + 2,
             "links of the root");
    }
    CHECK(atomic_load(&image->fs.damage.count) == 0, ext4_damage_last(&image->fs.damage, &where));
    CHECK_EQ(image->held, 0, "every block was given back");
    return comparison.files;
}
