/* SPDX-License-Identifier: MIT */
#include "sample.h"

#include "pith/string.h"

/* What the next step asks for. */
enum part {
    PART_NOTHING,
    PART_INTERFACES,
    PART_PROGRAMS,
    PART_OWNERS,
    PART_LINES,
    PART_RECOVERIES
};

static struct {
    struct sample samples[3];
    uint32_t latest, before, making; /* which is which; a permutation */
    enum part part;
} all = { .latest = 0, .before = 1, .making = 2 };

const struct sample *sample_latest(void)
{
    return &all.samples[all.latest];
}

const struct sample *sample_before(void)
{
    return &all.samples[all.before];
}

/* RANGE: past the last. */
static err_t ask(enum system_op op, uint64_t number, uint64_t words[8])
{
    memset(words, 0, 8 * sizeof(words[0]));
    words[0] = number;
    return system_ask(op, words, clock_now() + CALL_NS);
}

static err_t times_ask(uint64_t number, enum system_times what, uint64_t times[16])
{
    err_t err = ERR_OK;

    for (uint32_t first = 0; err == ERR_OK && first < SYSTEM_TIMES_BUCKETS; first += 8) {
        uint64_t words[8] = { number, what, first };

        err = system_ask(SYSTEM_TIMES, words, clock_now() + CALL_NS);
        memcpy(&times[first], words, sizeof(words));
    }
    return err;
}

static err_t counts_ask(uint32_t number, struct sample_program *program)
{
    err_t err = ask(SYSTEM_COUNTS, number, program->counts);

    program->is_counted = err == ERR_OK;
    if (err == ERR_GONE) {
        memset(program->counts, 0, sizeof(program->counts));
        memset(program->times, 0, sizeof(program->times));
        return ERR_OK;
    }
    return err ? err : times_ask(number, SYSTEM_TIMES_CALLS, program->times);
}

static err_t program_ask(struct sample *sample)
{
    uint32_t number = sample->program_count;

    if (number == SAMPLE_PROGRAMS) {
        return ERR_RANGE;
    }
    struct sample_program *program = &sample->programs[number];
    err_t err = ask(SYSTEM_PROGRAM, number, program->program);

    if (err == ERR_OK) {
        program->taken = clock_now();
        system_name(program->program, program->name);
        err = ask(SYSTEM_RECOVERY, number, program->recovery);
    }
    if (err == ERR_OK) {
        err = ask(SYSTEM_SHAPE, number, program->shape);
    }
    if (err == ERR_OK) {
        err = counts_ask(number, program);
    }
    sample->program_count += err == ERR_OK;
    return err;
}

static err_t interface_ask(struct sample *sample)
{
    uint64_t words[8];
    err_t err = sample->interface_count < SAMPLE_INTERFACES
                    ? ask(SYSTEM_INTERFACE, sample->interface_count, words)
                    : ERR_RANGE;

    if (err == ERR_OK) {
        struct sample_interface *interface = &sample->interfaces[sample->interface_count++];

        system_name(words, interface->name);
        interface->server = words[SYSTEM_INTERFACE_SERVER];
    }
    return err;
}

static err_t owner_ask(struct sample *sample)
{
    uint64_t words[8];
    err_t err = sample->owner_count < SAMPLE_OWNERS ? ask(SYSTEM_OWNER, sample->owner_count, words)
                                                    : ERR_RANGE;

    if (err == ERR_OK) {
        struct sample_owner *owner = &sample->owners[sample->owner_count++];

        system_name(words, owner->name);
        owner->bytes = words[SYSTEM_OWNER_BYTES];
        owner->used_bytes = words[SYSTEM_OWNER_USED];
    }
    return err;
}

/* The last lines, if the log has them for us soon; the page does not wait for it. */
static void lines_ask(struct sample *sample)
{
    static uint64_t newest;
    struct log_reading reading = { .program = LOG_ANYBODY, .level = LOG_DETAIL };

    reading.from = newest > SAMPLE_LINES - 1 ? newest - (SAMPLE_LINES - 1) : 0;
    if (log_lines(&reading, SAMPLE_LINES, clock_now() + CALL_NS)) {
        return;
    }
    newest = reading.newest;
    for (uint32_t i = 0; i < reading.count && i < SAMPLE_LINES; i++) {
        struct log_record *line = &sample->lines[sample->line_count];

        *line = reading.lines[i];
        sample->line_count += log_record_is_right(line);
    }
}

static void sample_rotate(void)
{
    uint32_t oldest = all.before;

    all.samples[all.making].taken = clock_now();
    all.before = all.latest;
    all.latest = all.making;
    all.making = oldest;
    all.part = PART_NOTHING;
}

/* RANGE: this part is complete. */
static err_t part_ask(struct sample *sample)
{
    err_t err;

    switch (all.part) {
    case PART_INTERFACES:
        return interface_ask(sample);
    case PART_PROGRAMS:
        return program_ask(sample);
    case PART_OWNERS:
        return owner_ask(sample);
    case PART_LINES:
        lines_ask(sample);
        return ERR_RANGE;
    default:
        err = times_ask(0, SYSTEM_TIMES_RECOVERY, sample->recoveries);
        return err ? err : ERR_RANGE;
    }
}

static bool is_ready_at(ns_t now)
{
    ns_t latest = sample_latest()->taken, before = sample_before()->taken;

    return all.part == PART_NOTHING && before != 0 && now - latest < SAMPLE_FRESH_NS &&
           latest - before < SAMPLE_WINDOW_NS;
}

enum step sample_step(bool *is_ready)
{
    struct sample *sample = &all.samples[all.making];
    ns_t now = clock_now();

    *is_ready = is_ready_at(now);
    if (*is_ready) {
        return STEP_DONE;
    }
    if (all.part == PART_NOTHING) {
        if (sample_latest()->taken != 0 && now - sample_latest()->taken < SAMPLE_APART_NS) {
            return STEP_LATER;
        }
        sample->program_count = sample->interface_count = sample->owner_count = 0;
        sample->line_count = 0;
        all.part = PART_INTERFACES;
    }
    err_t err = part_ask(sample);

    if (err == ERR_RANGE) {
        if (all.part == PART_RECOVERIES) {
            sample_rotate();
        } else {
            all.part++;
        }
        return STEP_DONE;
    }
    return source_judge(err);
}

static struct system_usage usage_of(const struct sample_program *program)
{
    return (struct system_usage){
        .taken = program->taken,
        .used_ns = program->program[SYSTEM_PROGRAM_USED],
        .messages = system_messages(program->counts),
    };
}

struct system_rates sample_rates(uint32_t program)
{
    struct system_usage now = usage_of(&sample_latest()->programs[program]);
    struct system_usage before = usage_of(&sample_before()->programs[program]);

    return system_rates(&now, &before);
}

uint32_t sample_server(const struct sample *sample, uint32_t interface)
{
    uint64_t server = sample->interfaces[interface].server;

    return server < sample->program_count ? (uint32_t)server : sample->program_count;
}

const char *sample_writer(const struct sample *sample, const struct log_record *line)
{
    if (line->program == LOG_WARDEN) {
        return "warden";
    }
    return line->program <= sample->program_count ? sample->programs[line->program - 1].name : "?";
}
