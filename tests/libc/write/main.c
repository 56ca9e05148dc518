/* SPDX-License-Identifier: MIT */
/*
 * Changes a tree in all the ways that there are, and says what comes of it, line by line; signals and select() besides. The scenario
 * musl_write.py builds it for this machine's C library as well, and compares. Arguments: an empty directory; `again` reads
 * what the last run left, `full` leaves no room.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { LARGE = 300000, PIECE = 7000, NAMES = 100 };

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

static uint32_t mix(uint32_t sum, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sum = (sum ^ bytes[i]) * 16777619u;
    }
    return sum;
}

static void file_say(const char *name)
{
    unsigned char piece[PIECE];
    struct stat status = { 0 };
    uint32_t sum = 2166136261u;
    long total = 0;
    long count;
    int fd = open(name, O_RDONLY);

    while ((count = read(fd, piece, sizeof(piece))) > 0) {
        sum = mix(sum, piece, (size_t)count);
        total += count;
    }
    printf("= %s: %s, %ld bytes, %08x; stat %s %ld\n", name, why(fd), total, sum,
           why(stat(name, &status)), (long)status.st_size);
    if (total > 0 && total < 60) {
        printf("=   %.*s|\n", (int)total, piece);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static unsigned char byte_of(size_t at)
{
    return (unsigned char)(at * 2654435761u >> 11);
}

static void large_try(void)
{
    static unsigned char bytes[LARGE];
    long done = 0;
    int fd = open("large", O_WRONLY | O_CREAT | O_TRUNC, 0644);

    for (size_t i = 0; i < LARGE; i++) {
        bytes[i] = byte_of(i);
    }
    for (long count = 1; done < LARGE && count > 0; done += count) {
        size_t most = LARGE - done < 70001 ? (size_t)(LARGE - done) : 70001;

        count = write(fd, bytes + done, most);
    }
    printf("= large: %ld written, at %ld, sync %s %s\n", done, (long)lseek(fd, 0, SEEK_CUR),
           why(fsync(fd)), why(fdatasync(fd)));
    printf("= in the middle: %ld, at %ld\n", (long)pwrite(fd, "HERE", 4, 150000),
           (long)lseek(fd, 0, SEEK_CUR));
    printf("= read of what is written only: %s\n", why(read(fd, bytes, 1)));
    printf("= close: %s\n", why(close(fd)));
    file_say("large");
}

static void places_try(void)
{
    struct iovec parts[3] = { { (char *)"one ", 4 }, { (char *)"", 0 }, { (char *)"two", 3 } };
    char text[40] = "";
    int fd = open("places", O_RDWR | O_CREAT, 0600);

    printf("= writev %ld, at %ld\n", (long)writev(fd, parts, 3), (long)lseek(fd, 0, SEEK_CUR));
    printf("= back to 2: %ld, write %ld\n", (long)lseek(fd, 2, SEEK_SET), (long)write(fd, "XY", 2));
    printf("= read on: %ld %s\n", (long)read(fd, text, 10), text);
    printf("= far behind: %ld, write %ld, end %ld\n", (long)lseek(fd, 10000, SEEK_SET),
           (long)write(fd, "far", 3), (long)lseek(fd, 0, SEEK_END));
    printf("= the hole: %ld %d\n", (long)pread(fd, text, 1, 5000), text[0]);
    printf("= pwrite before the beginning: %s\n", why(pwrite(fd, "x", 1, -1)));
    printf("= nothing: %ld\n", (long)write(fd, "x", 0));
    printf("= cut: %s, at %ld, end %ld\n", why(ftruncate(fd, 5)), (long)lseek(fd, 0, SEEK_CUR),
           (long)lseek(fd, 0, SEEK_END));
    printf("= longer: %s, end %ld\n", why(ftruncate(fd, 8)), (long)lseek(fd, 0, SEEK_END));
    printf("= to less than nothing: %s\n", why(ftruncate(fd, -1)));
    close(fd);
    file_say("places");
    printf("= truncate by name: %s, of nothing: %s, of a directory: %s\n",
           why(truncate("places", 3)), why(truncate("nobody", 3)), why(truncate(".", 3)));
    file_say("places");
}

static void append_try(void)
{
    int fd = open("notes", O_WRONLY | O_CREAT | O_APPEND, 0600);
    int other = open("notes", O_WRONLY | O_APPEND);

    printf("= two append: %ld %ld %ld\n", (long)write(fd, "a1 ", 3), (long)write(other, "b1 ", 3),
           (long)write(fd, "a2 ", 3));
    printf("= from the beginning: %ld, write %ld, at %ld\n", (long)lseek(fd, 0, SEEK_SET),
           (long)write(fd, "a3", 2), (long)lseek(fd, 0, SEEK_CUR));
    printf("= flags: %d\n", fcntl(fd, F_GETFL) & (O_APPEND | O_ACCMODE));
    printf("= no longer: %s, write %ld\n", why(fcntl(other, F_SETFL, 0)),
           (long)write(other, "c", 1));
    close(fd);
    close(other);
    file_say("notes");
}

static void open_try(void)
{
    static const struct {
        const char *what, *name;
        int flags;
    } cases[] = {
        { "what is there, to write", "notes", O_WRONLY },
        { "what is there, anew", "notes", O_RDWR | O_CREAT | O_EXCL },
        { "what is not there", "nobody", O_WRONLY },
        { "nowhere", "no/where", O_WRONLY | O_CREAT },
        { "in a file", "notes/x", O_WRONLY | O_CREAT },
        { "a directory", ".", O_WRONLY },
        { "a new one to read", "fresh", O_RDONLY | O_CREAT },
        { "to empty it", "notes", O_WRONLY | O_TRUNC },
        { "over a link", "way", O_WRONLY | O_CREAT | O_TRUNC },
        { "a link itself", "way", O_WRONLY | O_NOFOLLOW },
        { "a link anew", "way", O_WRONLY | O_CREAT | O_EXCL },
    };

    printf("= symlink: %s, again: %s\n", why(symlink("places", "way")), why(symlink("x", "way")));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = open(cases[i].name, cases[i].flags, 0600);

        printf("= %s: %s\n", cases[i].what, why(fd));
        if (fd >= 0) {
            close(fd);
        }
    }
    file_say("notes");
    file_say("fresh");
    file_say("places");
    int fd = open("large", O_RDONLY);

    printf("= write to what is read: %s, cut it: %s\n", why(write(fd, "x", 1)),
           why(ftruncate(fd, 0)));
    close(fd);
    printf("= access: %s %s\n", why(access("notes", W_OK)), why(access("nobody", W_OK)));
}

static int name_compare(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void names_say(const char *path)
{
    static char *names[NAMES];
    int count = 0;
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir != NULL && count < NAMES && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            names[count++] = strdup(entry->d_name);
        }
    }
    qsort(names, (size_t)count, sizeof(names[0]), name_compare);
    printf("= in %s:", path);
    for (int i = 0; i < count; i++) {
        printf(" %s", names[i]);
        free(names[i]);
    }
    printf("\n");
    if (dir != NULL) {
        closedir(dir);
    }
}

static void names_try(void)
{
    static char long_name[300];

    memset(long_name, 'n', sizeof(long_name) - 1);
    printf("= mkdir: %s %s %s\n", why(mkdir("dir", 0700)), why(mkdir("dir/inner/", 0700)),
           why(mkdir("dir", 0700)));
    printf("= mkdir nowhere: %s, in a file: %s, of nothing: %s, too long: %s\n",
           why(mkdir("no/where", 0700)), why(mkdir("notes/x", 0700)), why(mkdir("", 0700)),
           why(mkdir(long_name, 0700)));
    int dir = open("dir", O_RDONLY | O_DIRECTORY);
    int fd = openat(dir, "file", O_WRONLY | O_CREAT, 0600);

    printf("= in it: %s %s %s\n", why(fd), why(write(fd, "inside", 6)), why(close(fd)));
    printf("= mkdirat %s, symlinkat %s\n", why(mkdirat(dir, "other", 0700)),
           why(symlinkat("file", dir, "link")));
    names_say("dir");
    printf("= rmdir: %s, of a file: %s, of nothing: %s\n", why(rmdir("dir")),
           why(rmdir("dir/file")), why(rmdir("nobody")));
    printf("= unlink of a directory: %s, of nothing: %s\n", why(unlink("dir")),
           why(unlink("nobody")));
    printf("= rename: %s, of nothing: %s, to nowhere: %s\n", why(rename("dir/file", "dir/moved")),
           why(rename("nobody", "x")), why(rename("notes", "no/where")));
    printf("= renameat: %s\n", why(renameat(dir, "moved", dir, "file")));
    printf("= a file over a directory: %s, the other way: %s\n", why(rename("notes", "dir")),
           why(rename("dir", "notes")));
    printf("= over one that is not empty: %s\n", why(rename("dir/inner", "dir")));
    printf("= over an empty one: %s\n", why(rename("dir/inner", "dir/other")));
    printf("= into itself: %s, to itself: %s\n", why(rename("dir", "dir/self")),
           why(rename("notes", "notes")));
    names_say("dir");
    printf("= unlinkat: %s %s %s\n", why(unlinkat(dir, "link", 0)),
           why(unlinkat(dir, "other", AT_REMOVEDIR)), why(unlinkat(dir, "file", AT_REMOVEDIR)));
    close(dir);
    file_say("dir/file");
    printf("= unlink: %s, rmdir: %s\n", why(unlink("dir/file")), why(rmdir("dir/")));
    names_say(".");
}

/* A file that has no name any more is there for those who have it open. */
static void nameless_try(void)
{
    char text[8] = "";
    int fd = open("short", O_RDWR | O_CREAT, 0600);

    printf("= unlink of an open one: %ld %s\n", (long)write(fd, "still", 5), why(unlink("short")));
    printf("= read: %ld %s, write %ld\n", (long)pread(fd, text, 5, 0), text,
           (long)pwrite(fd, "more", 4, 5));
    close(fd);
    file_say("short");
}

static void streams_try(void)
{
    FILE *file = fopen("stream", "w+");
    char line[80];
    long sum = 0;
    int number;

    for (int i = 0; i < 2000; i++) {
        fprintf(file, "line %d of many\n", i);
    }
    rewind(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        sum += sscanf(line, "line %d", &number) == 1 ? number : 1000000;
    }
    printf("= lines: sum %ld, at %ld, error %d\n", sum, ftell(file), ferror(file) != 0);
    fseek(file, 5, SEEK_SET);
    fputs("ZERO", file);
    printf("= fclose %d\n", fclose(file));
    file = fopen("stream", "a");
    fputs("the end\n", file);
    printf("= appended at %ld", ftell(file));
    printf(", %d\n", fclose(file));
    file_say("stream");
    file = fopen("stream", "wx");
    printf("= exclusively: %d %s\n", file == NULL, error_text());
    printf("= remove: %s %s\n", why(remove("stream")), why(remove("stream")));
}

/* --- Signals, as far as they are kept --- */

static void on_signal(int number)
{
    (void)number;
}

static void signals_try(void)
{
    struct sigaction action = { .sa_handler = SIG_IGN, .sa_flags = SA_RESTART }, old;
    sigset_t set, before;

    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR2);
    printf("= ignore: %s\n", why(sigaction(SIGUSR1, &action, &old)));
    printf("= it was default: %d\n", old.sa_handler == SIG_DFL);
    action.sa_handler = on_signal;
    printf("= handle: %s\n", why(sigaction(SIGUSR1, &action, &old)));
    printf("= it was ignored: %d, restart %d, mask %d %d\n", old.sa_handler == SIG_IGN,
           (old.sa_flags & SA_RESTART) != 0, sigismember(&old.sa_mask, SIGUSR2),
           sigismember(&old.sa_mask, SIGUSR1));
    printf("= it is handled: %s %d\n", why(sigaction(SIGUSR1, NULL, &old)),
           old.sa_handler == on_signal);
    printf("= not to be caught: %s %s, none: %s\n", why(sigaction(SIGKILL, &action, NULL)),
           why(sigaction(SIGSTOP, &action, NULL)), why(sigaction(65, &action, NULL)));
    printf("= signal(): %d\n", signal(SIGPIPE, SIG_IGN) == SIG_DFL);
    printf("= raise what is ignored: %d\n", raise(SIGPIPE));
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGKILL);
    printf("= block: %s\n", why(sigprocmask(SIG_BLOCK, &set, &before)));
    printf("= before: %d\n", sigismember(&before, SIGTERM));
    printf("= raise what is blocked: %d, pending %s", raise(SIGTERM), why(sigpending(&set)));
    printf(" %d %d\n", sigismember(&set, SIGTERM), sigismember(&set, SIGINT));
    printf("= blocked now: %s", why(sigprocmask(SIG_BLOCK, NULL, &set)));
    printf(" %d %d\n", sigismember(&set, SIGTERM), sigismember(&set, SIGKILL));
    printf("= in no way: %s\n", why(sigprocmask(77, &set, NULL)));
    printf("= no longer: %s\n", why(signal(SIGTERM, SIG_IGN) == SIG_ERR ? -1 : 0));
    printf("= is there one: %s\n", why(kill(getpid(), 0)));
}

static void select_try(void)
{
    struct timeval time = { 0, 30000 };
    int fd = open("notes", O_RDWR);
    unsigned number = (unsigned)fd;
    fd_set in, out, other;

    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&other);
    FD_SET(number, &in);
    FD_SET(number, &out);
    int count = select(fd + 1, &in, &out, &other, &time);

    printf("= files are ready: %d, %d %d\n", count, FD_ISSET(number, &in) != 0,
           FD_ISSET(number, &out) != 0);
    FD_ZERO(&in);
    printf("= of nothing: %d\n", select(0, NULL, NULL, NULL, &time));
    close(fd);
    FD_SET(number, &in);
    printf("= of what is closed: %s\n", why(select(fd + 1, &in, NULL, NULL, &time)));
    printf("= of less than nothing: %s\n", why(select(-1, NULL, NULL, NULL, &time)));
}

/* Until no room is left, which this machine has too much of. */
static void full_try(void)
{
    static char bytes[PIECE];
    int fd = open("full", O_WRONLY | O_CREAT, 0600);
    long total = 0;
    long count;

    while ((count = write(fd, bytes, sizeof(bytes))) > 0) {
        total += count;
    }
    printf("= full: %s, %d", why(count), total > LARGE);
    printf(", mkdir: %s", why(mkdir("full-dir", 0700)));
    printf(", close: %s, unlink: %s\n", why(close(fd)), why(unlink("full")));
    fd = open("full", O_WRONLY | O_CREAT, 0600);
    printf("= and room again: %ld", (long)write(fd, bytes, sizeof(bytes)));
    printf(" %s %s\n", why(close(fd)), why(unlink("full")));
    printf("= a signal that ends it\n");
    fflush(stdout);
    (void)raise(SIGTERM);
}

int main(int count, char **arguments)
{
    printf("= to the top: %s\n", why(chdir(count > 1 ? arguments[1] : "/")));
    if (count > 2 && strcmp(arguments[2], "full") == 0) {
        full_try();
        return 1;
    }
    if (count > 2) {
        file_say("large");
        file_say("notes");
        names_say(".");
        printf("= done\n");
        return 0;
    }
    large_try();
    places_try();
    append_try();
    open_try();
    names_try();
    nameless_try();
    streams_try();
    signals_try();
    select_try();
    printf("= done\n");
    return 0;
}
