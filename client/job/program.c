/* What a job runs, as its worker hears it.                   [layer: client] */
#include <stdlib.h>

#include "client/call.h"
#include "client/job/decode.h"
#include "client/job/job.h"
#include "client/pump.h"
#include "common/sys/say.h"

enum { CALL_BYTES = 64, NULS = 4 };

/* The struct, then its arrays of pointers, its files, and all texts. */
struct parts {
    struct rec_command command;
    size_t argv, env, outputs; /* Words. */
    size_t files;
    size_t text; /* Bytes with their NULs. */
};

static size_t
file_text(struct proto_list files)
{
    struct rec_file_row row;
    size_t text = 0;

    while (codec_list_next(&files, RECORD_file_row, &row))
        text += row.name.length + 1;
    return text;
}

static int
measure(const struct msg_job_runs *m, struct parts *p)
{
    *p = (struct parts){ .files = m->files.count };
    if (m->program == STINT_PROGRAM_COMMAND
        && decode_command(m->command, &p->command) != 0) {
        return say(STINT_EMALFORMED, "what the job runs is no command");
    }
    p->argv = decode_count_words(p->command.argv);
    p->env = decode_count_words(p->command.env);
    p->outputs = decode_count_words(p->command.outputs);
    p->text = p->command.argv.length + p->command.env.length
              + p->command.outputs.length + p->command.cwd.length
              + m->name.length + m->handler.length + NULS + file_text(m->files);
    return 0;
}

static size_t
size_of(const struct parts *p)
{
    size_t pointers = p->argv + 1 + p->env + 1 + p->outputs + 1;

    return sizeof(struct stint_job_program) + pointers * sizeof(char *)
           + p->files * sizeof(struct stint_file_row) + p->text;
}

/* Where the next pointers and the next texts go. */
struct room {
    const char **pointers;
    char *text;
};

static const char *const *
copy_words(struct room *room, struct slice words)
{
    const char **first = room->pointers;
    const char *at = room->text;

    (void)decode_text(&room->text, words);
    room->text--; /* The last word has its NUL. */
    for (const char *end = room->text; at < end; at += strlen(at) + 1)
        *room->pointers++ = at;
    *room->pointers++ = NULL;
    return first;
}

static void
fill_command(struct stint_command *to, const struct parts *p, struct room *room)
{
    const struct rec_command *r = &p->command;

    to->argv = copy_words(room, r->argv);
    to->env = p->env > 0 ? copy_words(room, r->env) : NULL;
    to->outputs = p->outputs > 0 ? copy_words(room, r->outputs) : NULL;
    if (r->cwd.length > 0) to->cwd = decode_text(&room->text, r->cwd);
    decode_flags(r->flags, to);
    to->grace_ms = (int64_t)(r->grace_ns / TICK_MS);
    to->memory_max = r->memory_max;
    to->cpu_ms = (int64_t)(r->cpu_ns / TICK_MS);
    to->files_max = r->files_max;
    to->output_max = r->output_max;
}

static void
fill_files(
    struct stint_file_row *to, struct proto_list files, struct room *room)
{
    struct rec_file_row r;

    for (; codec_list_next(&files, RECORD_file_row, &r); to++) {
        *to = (struct stint_file_row){ .seq = r.seq,
            .name = decode_text(&room->text, r.name),
            .size = r.size,
            .mode = (unsigned)r.mode };
        memcpy(to->hash, r.hash.bytes, sizeof(to->hash));
    }
}

static int
program_of(const struct msg_job_runs *m, struct stint_job_program **out)
{
    static const enum stint_program programs[] = { STINT_PROGRAM_WORKER,
        STINT_PROGRAM_COMMAND, STINT_PROGRAM_HANDLER };
    struct parts parts;

    int rc = measure(m, &parts);
    if (rc != 0) return rc;
    struct stint_job_program *p = calloc(1, size_of(&parts));
    if (p == NULL) return say(STINT_ENOMEM, "no memory for a job's program");
    void *behind = p + 1;
    struct stint_file_row *files = behind;
    behind = files + parts.files;
    struct room room = { .pointers = behind };
    behind = room.pointers + parts.argv + 1 + parts.env + 1 + parts.outputs + 1;
    room.text = behind;
    p->program = programs[m->program];
    p->timeout_ms = (int64_t)(m->timeout_ns / TICK_MS);
    if (p->program == STINT_PROGRAM_COMMAND) {
        fill_command(&p->command, &parts, &room);
    }
    p->name = decode_text(&room.text, m->name);
    p->handler = decode_text(&room.text, m->handler);
    fill_files(files, m->files, &room);
    p->files = files;
    p->files_count = parts.files;
    *out = p;
    return 0;
}

int
stint_job_program_get(struct stint *s, uint64_t job,
    struct stint_job_program **out, int64_t timeout_ms)
{
    struct msg m = { .type = MSG_job_what };
    struct call call;

    *out = NULL;
    int rc = pump_check_timeout(timeout_ms);
    if (rc != 0) return rc;
    m.as.job_what.job = job;
    pump_enter(s);
    rc = call_begin(&call, s, 1, CALL_BYTES);
    if (rc == 0) rc = call_send(&call, &m, pump_deadline(timeout_ms));
    if (rc == 0) {
        rc = call.m.type == MSG_job_runs
                 ? program_of(&call.m.as.job_runs, out)
                 : say(STINT_EPROTO, "the master did not say what runs");
        call_end(&call);
    }
    pump_leave(s);
    return rc;
}

void
stint_job_program_free(struct stint_job_program *p)
{
    free(p);
}
