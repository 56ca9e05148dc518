/* SPDX-License-Identifier: MIT */
/* What a process gets: what its request names of what children may have, and nothing else. */
#include "process.h"

#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/string.h"
#include "sessions.h"

enum { THREADS_MAX = 16 }; /* of a child, beside the first */
enum { SPECS_MAX = INTERFACES_MAX + 1, RIGHTS_ALL = 0x3ff };
#define MEMORY_BYTES (1ull << 20) /* if the request does not say */

/* A spec and what it borrows. */
struct plan {
    struct program_spec spec;
    char args[PROGRAM_ARGS_BYTES];
    struct program_grant grants[SPECS_MAX];
    struct program_session_spec sessions[INTERFACES_MAX];
    cap_addr_t contexts[THREADS_MAX];
};

static void grant_add(struct plan *plan, const char *name, cap_addr_t source)
{
    struct program_grant *grant = &plan->grants[plan->spec.grant_count++];

    *grant = (struct program_grant){ .source = source, .rights = RIGHTS_ALL };
    memcpy(grant->name, name, strlen(name));
}

/* The name space tells a child with a view where the servers are that it may use, and opens no others to it. */
static bool is_chosen(const struct request *request, const char *interface)
{
    if (strncmp(interface, "names", sizeof("names")) == 0) {
        return true;
    }
    for (uint32_t i = 0; i < manager.interface_count; i++) {
        if (strncmp(manager.interfaces[i], interface, PROGRAM_NAME_BYTES) == 0) {
            return (request->interfaces >> i & 1) != 0;
        }
    }
    return false;
}

/* One that is not chosen leaves an empty place: a session's bit is its place in the list. */
static void sessions_add(struct plan *plan, struct child *child)
{
    const struct program_info *program = self()->program;

    child->has_sessions = false;
    for (uint32_t i = 0; i < program->session_count; i++) {
        const struct program_session *session = &program->sessions[i];

        if (session->role != PROGRAM_SESSION_CHILD + child->number ||
            plan->spec.session_count == INTERFACES_MAX) {
            continue;
        }
        struct program_session_spec *spec = &plan->sessions[plan->spec.session_count++];

        *spec = (struct program_session_spec){ 0 };
        if (is_chosen(&child->request, session->name)) {
            spec->session = *session;
            spec->session.role = PROGRAM_SESSION_CLIENT;
            spec->frame = session->frame;
            spec->bell = session->bell;
            child->has_sessions = true;
            session_clear(i);
        }
    }
}

static void interfaces_add(struct plan *plan, const struct child *child)
{
    const struct program_info *program = self()->program;

    for (uint32_t i = 0; i < program->cap_count; i++) {
        const char *name = program->caps[i].name;
        uint32_t number = 0;

        for (; *name >= '0' && *name <= '9'; name++) {
            number = number * 10 + (uint32_t)(*name - '0');
        }
        if (name != program->caps[i].name && *name == ':' && number == child->number &&
            is_chosen(&child->request, name + 1)) {
            grant_add(plan, name + 1, program->caps[i].slot);
        }
    }
}

/* The arguments but the first, between blanks, for programs that look no further; what does not fit is left out. */
static void args_join(struct plan *plan, const struct request *request)
{
    const char *word = request->text + request->words_at;
    uint32_t used = 0;

    for (uint32_t i = 0; i < request->argument_count; i++, word += strlen(word) + 1) {
        uint32_t length = (uint32_t)strlen(word);

        if (i == 0) {
            continue;
        }
        if (used + length + 2 > sizeof(plan->args)) {
            break;
        }
        if (used != 0) {
            plan->args[used++] = ' ';
        }
        memcpy(plan->args + used, word, length);
        used += length;
    }
    plan->args[used] = 0;
}

static void plan_make(struct plan *plan, struct child *child, const void *image, uint64_t bytes)
{
    const struct request *request = &child->request;

    *plan = (struct plan){
        .spec = { .name = child->record->name,
                  .args = plan->args,
                  .image = image,
                  .image_bytes = bytes,
                  .memory_bytes = request->memory_bytes != 0 ? request->memory_bytes : MEMORY_BYTES,
                  .owner = child->number + 1,
                  .rank = (uint8_t)self()->program->child_rank,
                  .has_fpu = true,
                  .machine_rights = request->has_debug ? (uint32_t)RIGHT_WRITE : 0,
                  .machine = PROGRAM_SLOT_MACHINE,
                  .clock = PROGRAM_SLOT_CLOCK,
                  .handler = child->faults,
                  .endpoint = child->endpoint,
                  .events = child->events,
                  .epochs = PROGRAM_SLOT_EPOCHS,
                  .context = child->context,
                  .contexts = plan->contexts,
                  .grants = plan->grants,
                  .sessions = plan->sessions,
                  .words = request->text + request->words_at,
                  .word_bytes = request->word_bytes,
                  .argument_count = request->argument_count,
                  .environment_count = request->environment_count },
    };
    /* They stand behind the group. */
    for (uint32_t i = 0; i < self()->program->child_threads && i < THREADS_MAX; i++) {
        plan->contexts[plan->spec.context_count++] = child->group + 1 + i;
    }
    args_join(plan, request);
    grant_add(plan, "faults", child->faults);
    interfaces_add(plan, child);
    sessions_add(plan, child);
}

err_t child_make(struct child *child, const void *image, uint64_t bytes, const char **why)
{
    static struct plan plan; /* large */

    plan_make(&plan, child, image, bytes);
    err_t err = program_create(&plan.spec, &child->program, why);

    if (err) {
        return err;
    }
    err = endpoint_set_server(child->endpoint, child->program.thread);
    if (err == ERR_OK) {
        err = program_run(&child->program);
    }
    if (err) {
        return err;
    }
    child->record->state = PROCESS_STATE_RUNNING;
    child->record->memory_bytes = child->program.memory_bytes;
    child->state = PLACE_RUNNING;
    manager.started++;
    return ERR_OK;
}
