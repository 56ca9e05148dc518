/* SPDX-License-Identifier: MIT */
/* Tables made by sfdisk, compared with what sfdisk says of them; damage; and random damage. */
#include "partition/partition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ext4_test/tree.h"
#include "host_test/test.h"

enum { ROOM = 140, DISK_BYTES = 48 << 20, FUZZ_ROUNDS = 4000, READS_MAX = 1000 };

struct disk {
    uint8_t *bytes;
    struct partition_disk disk;
    uint32_t reads;
    uint64_t failing; /* sector that cannot be read; 0: none */
};

static struct partition list[ROOM];

static err_t disk_read(void *context, uint64_t sector, void *into)
{
    struct disk *disk = context;

    disk->reads++;
    CHECK(sector < disk->disk.sector_count, "reads lie on the disk");
    if (sector == disk->failing && sector != 0) {
        return ERR_IO;
    }
    memcpy(into, disk->bytes + sector * disk->disk.sector_bytes, disk->disk.sector_bytes);
    return ERR_OK;
}

static err_t table_read(struct disk *disk, struct partition_table *table)
{
    void *sector = malloc(disk->disk.sector_bytes);
    err_t err;

    *table = (struct partition_table){ .list = list, .room = ROOM, .sector = sector };
    disk->reads = 0;
    err = partition_table_read(&disk->disk, table);
    CHECK(table->why != NULL, "there is always a reason");
    CHECK(disk->reads < READS_MAX, "few sectors are read");
    free(sector);
    return err;
}

/* Run a command on the file `disk` and read it. */
static bool disk_make(struct disk *disk, uint32_t sector_bytes, const char *command)
{
    FILE *file;
    bool is_read;

    *disk = (struct disk){ .bytes = malloc(DISK_BYTES) };
    disk->disk = (struct partition_disk){ .context = disk,
                                          .read = disk_read,
                                          .sector_count = DISK_BYTES / sector_bytes,
                                          .sector_bytes = sector_bytes };
    if (!CHECK(folder_run("rm -f disk; truncate -s %d disk && %s", DISK_BYTES, command), command)) {
        return false;
    }
    file = fopen(folder_path("disk"), "rb");
    is_read = file != NULL && fread(disk->bytes, 1, DISK_BYTES, file) == DISK_BYTES;
    if (file != NULL) {
        (void)fclose(file);
    }
    return CHECK(is_read, "the disk is read");
}

static void entry_check(const struct partition_table *table, const char *line)
{
    unsigned number;
    unsigned long long start;
    unsigned long long size;
    char name[200] = "";

    if (sscanf(line, "disk%u : start= %llu, size= %llu", &number, &start, &size) != 3) {
        return;
    }
    if (strstr(line, "name=\"") != NULL) {
        CHECK_EQ(sscanf(strstr(line, "name=\""), "name=\"%199[^\"]", name), 1, "the name");
    }
    for (uint32_t i = 0; i < table->count; i++) {
        if (list[i].number == number) {
            CHECK_EQ(list[i].first, start, line);
            CHECK_EQ(list[i].count, size, line);
            CHECK(strcmp(list[i].name, name) == 0, line);
            CHECK_EQ(list[i].is_bootable,
                     strstr(line, "bootable") != NULL || strstr(line, "LegacyBIOS") != NULL, line);
            return;
        }
    }
    CHECK(strstr(line, "type=5") != NULL || strstr(line, "type=f") != NULL, line);
}

/* Compare with `sfdisk -d`. Extended partitions are not listed here. */
static void sfdisk_compare(const struct partition_table *table, uint32_t partitions)
{
    char line[1000];
    uint32_t lines = 0;
    FILE *file;

    if (!CHECK(folder_run("sfdisk -d disk >dump"), "sfdisk -d")) {
        return;
    }
    file = fopen(folder_path("dump"), "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        lines += strstr(line, "start=") != NULL;
        entry_check(table, line);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    CHECK_EQ(table->count, partitions, "count of partitions");
    CHECK(lines >= partitions, "sfdisk lists as many");
}

#define GPT                                                                                        \
    "printf 'label: gpt\\nsize=2048, name=\"first\"\\nsize=4096, type=U, "                         \
    "attrs=LegacyBIOSBootable, "                                                                   \
    "name=\"zw\xc3\xb6lf \xe2\x82\xac \xf0\x9f\x98\x80\"\\nstart=20000, size=1\\n"                 \
    "name=\"123456789012345678901234567890123456\"\\n' | sfdisk -q disk"

#define MBR                                                                                        \
    "printf 'label: dos\\nlabel-id: 0x12345678\\nsize=2048, type=83, bootable\\n"                  \
    "start=30000, size=60000, type=5\\nstart=10000, size=5000, "                                   \
    "type=c\\n\\nsize=3000\\nsize=4000\\n"                                                         \
    "size=100\\n' | sfdisk -q disk"

TEST(a_gpt_is_listed_as_sfdisk_does)
{
    struct partition_table table;
    struct disk disk;

    if (disk_make(&disk, 512, GPT)) {
        CHECK_EQ(table_read(&disk, &table), ERR_OK, table.why);
        CHECK_EQ(table.kind, PARTITION_GPT, "kind");
        CHECK(!table.is_backup, "from the first copy");
        sfdisk_compare(&table, 4);
    }
    free(disk.bytes);
}

TEST(an_mbr_with_logical_partitions_is_listed_as_sfdisk_does)
{
    struct partition_table table;
    struct disk disk;

    if (disk_make(&disk, 512, MBR)) {
        CHECK_EQ(table_read(&disk, &table), ERR_OK, table.why);
        CHECK_EQ(table.kind, PARTITION_MBR, "kind");
        CHECK_EQ(table.disk_id, 0x12345678, "the disk's number");
        sfdisk_compare(&table, 5);
    }
    free(disk.bytes);
}

TEST(a_gpt_with_sectors_of_4096_bytes_is_read)
{
    struct partition_table table;
    struct disk disk;

    if (disk_make(&disk, 4096,
                  "printf 'g\\nn\\n\\n\\n+8M\\nn\\n\\n\\n\\nw\\n' | fdisk -b 4096 disk")) {
        CHECK_EQ(table_read(&disk, &table), ERR_OK, table.why);
        CHECK_EQ(table.count, 2, "count of partitions");
        CHECK_EQ(list[0].count, 2048, "8 MiB");
    }
    free(disk.bytes);
}

TEST(the_backup_is_used_if_the_first_gpt_is_damaged)
{
    static const struct {
        uint32_t offset;
        const char *why;
    } cases[] = { { 512, "no GPT" },
                  { 512 + 60, "header" },
                  { 512 + 25, "header" },
                  { 1024 + 32, "entries" },
                  { 1024 + 127 * 128, "entries" } };
    struct partition_table table;
    struct disk disk;

    if (!disk_make(&disk, 512, GPT)) {
        return;
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        disk.bytes[cases[i].offset] ^= 1;
        CHECK_EQ(table_read(&disk, &table), ERR_OK, "by the backup");
        CHECK(table.is_backup, "from the second copy");
        CHECK(strstr(table.why, cases[i].why) != NULL, table.why);
        sfdisk_compare(&table, 4);
        disk.bytes[DISK_BYTES - 512 + 16] ^= 1;
        CHECK_EQ(table_read(&disk, &table), ERR_DAMAGED, "both copies");
        disk.bytes[DISK_BYTES - 512 + 16] ^= 1;
        disk.bytes[cases[i].offset] ^= 1;
    }
    disk.failing = 1;
    CHECK_EQ(table_read(&disk, &table), ERR_OK, "a sector that cannot be read");
    CHECK(table.is_backup, "from the second copy");
    disk.failing = 0;
    CHECK_EQ(table_read(&disk, &table), ERR_OK, "whole again");
    CHECK(!table.is_backup, "from the first copy");
    free(disk.bytes);
}

static void number_put(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, sizeof(value));
}

TEST(what_is_no_table_or_a_wrong_one_is_refused)
{
    struct partition_table table;
    struct disk disk;

    if (!disk_make(&disk, 512, "true")) {
        return;
    }
    CHECK_EQ(table_read(&disk, &table), ERR_NO_ENTRY, "nothing but zeros");
    free(disk.bytes);
    if (!disk_make(&disk, 512, MBR)) {
        return;
    }
    number_put(disk.bytes + 446 + 8, 11000);
    CHECK_EQ(table_read(&disk, &table), ERR_DAMAGED, "partitions overlap");
    number_put(disk.bytes + 446 + 8, 40000);
    CHECK_EQ(table_read(&disk, &table), ERR_DAMAGED, "one lies over the list of logical ones");
    number_put(disk.bytes + 446 + 8, DISK_BYTES / 512 - 1);
    CHECK_EQ(table_read(&disk, &table), ERR_DAMAGED, "one reaches beyond the disk");
    number_put(disk.bytes + 446 + 8, 2048);
    CHECK_EQ(table_read(&disk, &table), ERR_OK, "as it was");
    disk.bytes[446 + 16] = 0x31;
    CHECK_EQ(table_read(&disk, &table), ERR_NO_ENTRY, "the boot sector of something else");
    disk.bytes[446 + 16] = 0;
    /* The list of logical partitions goes in a circle. */
    number_put(disk.bytes + 30000 * 512 + 446 + 16 + 8, 0);
    CHECK_EQ(table_read(&disk, &table), ERR_DAMAGED, "a circle");
    free(disk.bytes);
}

TEST(a_list_that_is_too_short_is_told)
{
    struct partition_table table = { .list = list, .room = 3 };
    struct disk disk;

    if (disk_make(&disk, 512, GPT)) {
        table.sector = malloc(512);
        CHECK_EQ(partition_table_read(&disk.disk, &table), ERR_NO_MEMORY, "three are too few");
        CHECK_EQ(table.count, 4, "how many there are");
        free(table.sector);
    }
    free(disk.bytes);
}

static uint32_t crc32(const uint8_t *at, size_t bytes)
{
    uint32_t crc = UINT32_MAX;

    for (; bytes > 0; bytes--) {
        crc ^= *at++;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
        }
    }
    return ~crc;
}

/* Make the checksums of a GPT right again. */
static void seal(uint8_t *header, const uint8_t *entries)
{
    uint32_t bytes;

    memcpy(&bytes, header + 12, sizeof(bytes));
    number_put(header + 88, crc32(entries, (size_t)128 * 128));
    number_put(header + 16, 0);
    number_put(header + 16, crc32(header, bytes >= 92 && bytes <= 512 ? bytes : 92));
}

static void listed_check(const struct disk *disk, const struct partition_table *table)
{
    CHECK(table->count <= ROOM, "what is listed fits");
    for (uint32_t i = 0; i < table->count && i < ROOM; i++) {
        CHECK(list[i].count > 0 && list[i].first < disk->disk.sector_count &&
                  list[i].count <= disk->disk.sector_count - list[i].first,
              "every partition lies on the disk");
        CHECK(memchr(list[i].name, 0, sizeof(list[i].name)) != NULL, "a name ends");
    }
}

static void fuzz(const char *command, const uint32_t *places, uint32_t place_count)
{
    uint32_t accepted = 0;
    uint32_t refused = 0;
    struct partition_table table;
    struct disk disk;
    uint8_t *whole;

    if (!disk_make(&disk, 512, command)) {
        return;
    }
    whole = malloc(DISK_BYTES);
    memcpy(whole, disk.bytes, DISK_BYTES);
    for (int round = 0; round < FUZZ_ROUNDS && !test_has_failed(); round++) {
        static const uint32_t numbers[] = {
            0, 1, 0xffffffff, 0x7fffffff, 0x80000000, 128, 5, 0xee
        };
        uint32_t changes = 1 + test_random(4);

        while (changes-- > 0) {
            uint8_t *at = disk.bytes + places[test_random(place_count)] + test_random(48) * 4;

            number_put(at,
                       test_random(2) == 0 ? numbers[test_random(8)] : (uint32_t)test_random64());
        }
        if (round % 4 != 0) {
            seal(disk.bytes + 512, disk.bytes + 1024);
            seal(disk.bytes + DISK_BYTES - 512, disk.bytes + DISK_BYTES - 33 * 512);
        }
        if (table_read(&disk, &table) == ERR_OK) {
            listed_check(&disk, &table);
            accepted++;
        } else {
            refused++;
        }
        for (uint32_t i = 0; i < place_count; i++) {
            memcpy(disk.bytes + places[i], whole + places[i], 48 * 4);
        }
        memcpy(disk.bytes + 512, whole + 512, 512);
        memcpy(disk.bytes + DISK_BYTES - 512, whole + DISK_BYTES - 512, 512);
    }
    CHECK(accepted > 10 && refused > 10, "some damage matters, some does not");
    free(whole);
    free(disk.bytes);
}

TEST(random_damage_is_survived)
{
    static const uint32_t gpt[] = { 446 - 128, 512, 1024, DISK_BYTES - 512, DISK_BYTES - 33 * 512 };
    static const uint32_t mbr[] = { 446 - 128, 30000 * 512 + 446 - 128 };

    fuzz(GPT, gpt, sizeof(gpt) / sizeof(gpt[0]));
    fuzz(MBR, mbr, sizeof(mbr) / sizeof(mbr[0]));
}
