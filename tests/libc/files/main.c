/* SPDX-License-Identifier: MIT */
/*
 * Reads a tree in all the ways that there are, and says what it finds, line by line. The scenario musl.py builds it
 * for this machine's C library as well, and compares. Arguments: the top of the tree, and `pith` for what only a
 * disk that cannot be written answers.
 */
#define _DEFAULT_SOURCE /* madvise() */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PIECE = 5000, MAP_PAGE = 4096, NAMES = 400, TYPE_SHIFT = 12 };

static const char *top;

/* An error by its number: texts differ from one C library to the next. */
static const char *error_text(void)
{
    static char texts[4][16];
    static unsigned next;
    char *text = texts[next++ % 4];

    (void)snprintf(text, sizeof(texts[0]), "errno %d", errno);
    return text;
}

static const char *why(long result)
{
    return result >= 0 ? "well" : error_text();
}

/* A checksum that anybody can write. */
static uint32_t mix(uint32_t sum, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sum = (sum ^ bytes[i]) * 16777619u;
    }
    return sum;
}

static void file_read(const char *name)
{
    unsigned char piece[PIECE];
    uint32_t sum = 2166136261u;
    long total = 0;
    long count;
    int fd = open(name, O_RDONLY);

    while ((count = read(fd, piece, sizeof(piece))) > 0) {
        sum = mix(sum, piece, (size_t)count);
        total += count;
    }
    printf("= read %s: %ld bytes, %08x, %s\n", name, total, sum, why(count));
    printf("= its end again: %ld, close %s\n", (long)read(fd, piece, 1), why(close(fd)));
}

static void file_places(const char *name)
{
    char first[16] = "", second[16] = "", text[33] = "";
    struct iovec parts[2] = { { first, 7 }, { second, 8 } };
    int fd = open(name, O_RDONLY);
    long end = lseek(fd, 0, SEEK_END);
    long past = lseek(fd, 1000, SEEK_END);

    printf("= end %ld, past it %ld, read there %ld\n", end, past, (long)read(fd, text, 10));
    printf("= before the beginning: %s\n", why(lseek(fd, -1, SEEK_SET)));
    printf("= nowhere: %s\n", why(lseek(fd, 0, 77)));
    printf("= to 3: %ld, readv %ld", (long)lseek(fd, 3, SEEK_SET), (long)readv(fd, parts, 2));
    printf(" at %ld: %s|%s\n", (long)lseek(fd, 0, SEEK_CUR), first, second);
    printf("= pread %ld", (long)pread(fd, text, 20, 1));
    printf(" leaves %ld: %s\n", (long)lseek(fd, 0, SEEK_CUR), text);
    printf("= pread past the end %ld\n", (long)pread(fd, text, 20, end + 5));
    printf("= before it: %s\n", why(pread(fd, text, 20, -1)));
    printf("= write: %s\n", why(write(fd, "x", 1)));
    printf("= terminal: %d %s\n", isatty(fd), error_text());
    close(fd);
    printf("= closed: %s\n", why(lseek(fd, 0, SEEK_SET)));
}

/* All of a file from a place on, twice: what is written to a copy is nobody else's. */
static void file_map(const char *name, long from, int type)
{
    int fd = open(name, O_RDONLY);
    long bytes = lseek(fd, 0, SEEK_END) - from;
    int prot = type == MAP_PRIVATE ? PROT_READ | PROT_WRITE : PROT_READ;
    unsigned char *first = mmap(NULL, (size_t)bytes, prot, type, fd, from);
    unsigned char *second = mmap(NULL, (size_t)bytes, PROT_READ, type, fd, from);

    close(fd);
    if (first == MAP_FAILED || second == MAP_FAILED) {
        printf("= map %s: %s\n", name, error_text());
        return;
    }
    printf("= map %s from %ld: %ld bytes, %08x", name, from, bytes,
           mix(2166136261u, first, (size_t)bytes));
    if (type == MAP_PRIVATE) {
        memset(first, 7, (size_t)bytes);
    }
    printf(", %08x, behind it %u", mix(2166136261u, second, (size_t)bytes),
           bytes % MAP_PAGE != 0 ? second[bytes] : 0u);
    printf(", unmap %s", why(munmap(first, (size_t)bytes)));
    printf(", %s\n", why(munmap(second, (size_t)bytes)));
}

/* A file that is only read, from which pages are taken in the middle, some twice. */
static void file_view(const char *name)
{
    int fd = open(name, O_RDONLY);
    size_t bytes = (size_t)lseek(fd, 0, SEEK_END);
    unsigned char *start = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    size_t hole = (size_t)5 * MAP_PAGE, end = (size_t)40 * MAP_PAGE;

    close(fd);
    if (start == MAP_FAILED) {
        printf("= view %s: %s\n", name, error_text());
        return;
    }
    printf("= view %s: %08x", name, mix(2166136261u, start, bytes));
    printf(", advice %s", why(madvise(start, bytes, MADV_DONTNEED)));
    printf(", unmap %s", why(munmap(start + hole, end - hole)));
    printf(" %s", why(munmap(start + hole + MAP_PAGE, MAP_PAGE)));
    printf(": %08x", mix(2166136261u, start, hole));
    printf(" %08x", mix(2166136261u, start + end, bytes - end));
    printf(", all %s\n", why(munmap(start, bytes)));
}

/* What it shares with others is never its own to write. */
static void view_refuses(void)
{
    int fd = open("sizes/300000", O_RDONLY);
    void *start = mmap(NULL, 300000, PROT_READ, MAP_PRIVATE, fd, 0);

    close(fd);
    printf("= a view is not written: %s, read %s",
           why(mprotect(start, 300000, PROT_READ | PROT_WRITE)),
           why(mprotect(start, 300000, PROT_READ)));
    printf(", past it %s", why(mprotect(start, 400000, PROT_READ)));
    printf(", unmap %s\n", why(munmap(start, 300000)));
}

static const char *mapped(size_t bytes, int prot, int type, int fd, long from)
{
    return mmap(NULL, bytes, prot, type, fd, from) == MAP_FAILED ? error_text() : "well";
}

static void maps_try(void)
{
    int fd = open("sizes/4097", O_RDONLY);
    int directory = open("many", O_RDONLY);

    file_map("sizes/1", 0, MAP_PRIVATE);
    file_map("sizes/4096", 0, MAP_SHARED);
    file_map("sizes/4097", 4096, MAP_PRIVATE);
    file_map("sizes/300000", 200704, MAP_SHARED);
    file_map("sizes/300000", 0, MAP_PRIVATE);
    file_view("sizes/300000");
    printf("= map nothing: %s\n", mapped(0, PROT_READ, MAP_PRIVATE, fd, 0));
    printf("= map off a page: %s\n", mapped(10, PROT_READ, MAP_PRIVATE, fd, 10));
    printf("= map a directory: %s\n", mapped(10, PROT_READ, MAP_PRIVATE, directory, 0));
    printf("= map what is not open: %s\n", mapped(10, PROT_READ, MAP_PRIVATE, 77, 0));
    printf("= map to write: %s\n", mapped(10, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    printf("= map in no way: %s\n", mapped(10, PROT_READ, 0, fd, 0));
    close(directory);
    close(fd);
}

static void status_say(const char *name)
{
    struct stat file = { 0 }, link = { 0 };
    int result = stat(name, &file);

    printf("= stat %s: %s", name, why(result));
    if (result == 0) {
        printf(", mode %o, %ld links, %ld bytes, time %ld.%09ld, user %u:%u",
               (unsigned)file.st_mode, (long)file.st_nlink,
               S_ISDIR(file.st_mode) ? 0 : (long)file.st_size, (long)file.st_mtim.tv_sec,
               file.st_mtim.tv_nsec, file.st_uid, file.st_gid);
    }
    result = lstat(name, &link);
    printf("; lstat %s, mode %o, same %d\n", why(result), (unsigned)link.st_mode,
           file.st_ino == link.st_ino);
}

static void status_agrees(const char *name)
{
    struct stat by_name, by_number, at;
    int dir = open(".", O_RDONLY | O_DIRECTORY);
    int fd = openat(dir, name, O_RDONLY);

    printf("= openat %s\n", why(fd));
    if (stat(name, &by_name) == 0 && fstat(fd, &by_number) == 0 &&
        fstatat(dir, name, &at, 0) == 0) {
        printf("= agree: %d %d %d\n", by_name.st_ino == by_number.st_ino,
               at.st_ino == by_name.st_ino, by_name.st_size == by_number.st_size);
    }
    printf("= faccessat %s\n", why(faccessat(dir, name, R_OK, 0)));
    printf("= a file for a directory: %s\n", why(openat(fd, "x", O_RDONLY)));
    close(fd);
    close(dir);
    printf("= fstat of nothing: %s\n", why(fstat(fd, &at)));
    printf("= openat of nothing: %s\n", why(openat(dir, "x", O_RDONLY)));
}

static int name_compare(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void directory_read(const char *path)
{
    static char *names[NAMES];
    int count = 0;
    int wrong_types = 0;
    DIR *dir = opendir(path);
    struct dirent *entry;
    struct stat status;

    if (dir == NULL) {
        printf("= opendir %s: %s\n", path, error_text());
        return;
    }
    while (count < NAMES && (entry = readdir(dir)) != NULL) {
        names[count++] = strdup(entry->d_name);
        if (fstatat(dirfd(dir), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
            (entry->d_type != 0 &&
             (mode_t)entry->d_type << TYPE_SHIFT != (status.st_mode & S_IFMT))) {
            wrong_types++;
        }
    }
    qsort(names, (size_t)count, sizeof(names[0]), name_compare);
    printf("= opendir %s: %d names, %d wrong\n", path, count, wrong_types);
    for (int i = 0; i < count; i++) {
        uint32_t sum = mix(2166136261u, (const unsigned char *)names[i], strlen(names[i]));

        printf("=   %u %08x\n", (unsigned)strlen(names[i]), sum);
        free(names[i]);
    }
    closedir(dir);
}

/* Places of a directory lead back to the same names. */
static void directory_places(const char *path)
{
    DIR *dir = opendir(path);
    char name[256] = "";
    long place = 0;
    int count = 0;
    int same;
    struct dirent *entry;

    for (; count < 40 && (entry = readdir(dir)) != NULL; count++) {
        if (count == 30) {
            strcpy(name, entry->d_name);
        }
        if (count == 29) {
            place = telldir(dir);
        }
    }
    seekdir(dir, place);
    entry = readdir(dir);
    same = entry != NULL && strcmp(entry->d_name, name) == 0;
    rewinddir(dir);
    for (count = 0; readdir(dir) != NULL; count++) {
    }
    printf("= places of %s: %d, %d names again\n", path, same, count);
    closedir(dir);
}

static void link_say(const char *name)
{
    char target[256] = "";
    long length = readlink(name, target, sizeof(target) - 1);
    char cut[4] = "";
    long shorter = readlink(name, cut, 3);

    printf("= readlink %s: %s %s, cut %ld %s\n", name, why(length), target, shorter, cut);
}

static void working_say(const char *what)
{
    char path[512] = "";
    const char *here = getcwd(path, sizeof(path));
    size_t length = strcmp(top, "/") == 0 ? 0 : strlen(top);

    printf("= %s: %s\n", what,
           here == NULL        ? error_text()
           : path[length] == 0 ? "/"
                               : path + length);
}

static void working_try(void)
{
    char small[2];

    printf("= chdir %s\n", why(chdir("deep/a/b")));
    working_say("down");
    file_read("here");
    printf("= chdir up: %s\n", why(chdir("../..")));
    working_say("up");
    printf("= chdir over a link: %s\n", why(chdir("../links/to deep/a")));
    working_say("the link is gone");
    printf("= chdir to a file: %s\n", why(chdir("b/here")));
    printf("= chdir to nothing: %s\n", why(chdir("no")));
    printf("= too little room: %d\n", getcwd(small, sizeof(small)) == NULL && errno == ERANGE);
    int dir = open("..", O_RDONLY);

    printf("= fchdir: %s\n", why(fchdir(dir)));
    close(dir);
    working_say("up again");
    printf("= back: %s\n", why(chdir(top)));
    working_say("back");
}

static void copies_try(const char *name)
{
    char text[8] = "";
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    int copy = dup(fd);
    int far = fcntl(fd, F_DUPFD, 50);

    printf("= copies: %d %d, flags %d %d\n", copy > fd, far, fcntl(fd, F_GETFD),
           fcntl(copy, F_GETFD));
    printf("= read 5: %ld, then at %ld\n", (long)read(fd, text, 5), (long)lseek(copy, 0, SEEK_CUR));
    close(fd);
    printf("= after close at %ld, %ld\n", (long)lseek(far, 0, SEEK_CUR), (long)read(copy, text, 3));
    printf("= dup2 %d, itself %d, of nothing: %s\n", dup2(copy, far), dup2(far, far),
           why(dup2(fd, copy)));
    printf("= at %ld, modes %d\n", (long)lseek(far, 0, SEEK_CUR),
           fcntl(far, F_GETFL) & (O_ACCMODE | O_APPEND));
    printf("= no such command: %s\n", why(fcntl(far, 9999)));
    close(copy);
    close(far);
    printf("= all closed: %s\n", why(fcntl(far, F_GETFD)));
}

static void errors_try(void)
{
    static const char *const names[] = {
        "",          "nothing",     "sizes/1/x", "links/loop",      "links/nowhere",
        "nothing/x", "sizes/4096/", "deep/",     "deep/../sizes/1", "//sizes"
    };
    static char long_name[400];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int fd = open(names[i], O_RDONLY);

        printf("= open '%s': %s\n", names[i][0] == '/' ? "//" : names[i],
               names[i][0] == '/' ? "" : why(fd));
        close(fd);
    }
    memset(long_name, 'n', sizeof(long_name) - 1);
    printf("= a long name: %s\n", why(open(long_name, O_RDONLY)));
    printf("= a link itself: %s\n", why(open("links/short", O_RDONLY | O_NOFOLLOW)));
    printf("= no directory: %s\n", why(open("sizes/1", O_RDONLY | O_DIRECTORY)));
    printf("= a directory to write: %s\n", why(open("deep", O_WRONLY)));
    printf("= it is there: %s\n", why(open("sizes/1", O_RDONLY | O_CREAT | O_EXCL, 0600)));
    printf("= access %s, %s\n", why(access("sizes/1", R_OK)), why(access("nothing", F_OK)));
    printf("= access of a program: %s, %s\n", why(access("sizes/run", X_OK)),
           why(access("deep", X_OK)));
    printf("= access in no way: %s\n", why(access("deep", 99)));
}

static void stream_try(const char *name)
{
    FILE *file = fopen(name, "r");
    char line[200];
    long lines = 0;
    long sum = 0;
    int number;

    while (fgets(line, sizeof(line), file) != NULL) {
        lines++;
        sum += sscanf(line, "line %d", &number) == 1 ? number : 1000000;
    }
    printf("= %ld lines, sum %ld, end %d, error %d\n", lines, sum, feof(file) != 0, ferror(file));
    fseek(file, -10, SEEK_END);
    printf("= the last ten at %ld: %s", ftell(file), fgets(line, sizeof(line), file));
    fclose(file);
}

/* The disk is read-only, and what there is not is not pretended. */
static void refusals_try(void)
{
    char small[1];

    printf("= write: %s\n", why(open("sizes/1", O_WRONLY)));
    printf("= both: %s\n", why(open("sizes/1", O_RDWR)));
    printf("= cut: %s\n", why(open("sizes/1", O_RDONLY | O_TRUNC)));
    printf("= new: %s\n", why(open("new", O_WRONLY | O_CREAT, 0600)));
    printf("= new, nowhere: %s\n", why(open("no/new", O_WRONLY | O_CREAT, 0600)));
    printf("= access to write: %s\n", why(access("sizes/1", W_OK)));
    printf("= mkdir %s\n", why(mkdir("x", 0700)));
    printf("= rename %s\n", why(rename("sizes/1", "x")));
    printf("= unlink %s\n", why(unlink("sizes/1")));
    printf("= window of a file: %s\n", why(ioctl(open("sizes/1", O_RDONLY), TIOCGWINSZ, NULL)));
    printf("= a directory is not read: %s\n", why(read(open("deep", O_RDONLY), small, 1)));
    printf("= output is a terminal: %d\n", isatty(1));
    view_refuses();
}

/* All descriptors, then all handles of the server. */
static void limits_try(void)
{
    int count = 0;

    while (open("sizes/1", O_RDONLY) >= 0) {
        count++;
    }
    printf("= as many as there are: %d, %s\n", count > 40, error_text());
    for (int fd = 3; fd < 1000; fd++) {
        close(fd);
    }
    file_read("sizes/1");
}

int main(int count, char **arguments)
{
    top = count > 1 ? arguments[1] : "/";
    printf("= to the top: %s\n", why(chdir(top)));
    file_read("sizes/0");
    file_read("sizes/1");
    file_read("sizes/4096");
    file_read("sizes/300000");
    file_read("nothing");
    file_places("lines");
    maps_try();
    status_say("sizes/4097");
    status_say("sizes/run");
    status_say("deep");
    status_say("links/short");
    status_say("links/nowhere");
    status_say("nothing");
    status_agrees("lines");
    directory_read("many");
    directory_read("empty");
    directory_read("odd");
    directory_read("nothing");
    directory_read("lines");
    directory_places("many");
    link_say("links/short");
    link_say("links/absolute");
    link_say("sizes/1");
    link_say("nothing");
    working_try();
    copies_try("lines");
    errors_try();
    stream_try("lines");
    if (count > 2) {
        refusals_try();
        limits_try();
    }
    printf("= done\n");
    return 0;
}
