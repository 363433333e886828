// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A plain loop: read a line, do it, write the answer. Whoever wants to cancel kills the process.
#include "quant/tool/work.h"

#include "base/buffer.h"
#include "base/log.h"
#include "quant/tool/inspect.h"
#include "quant/tool/params.h"
#include "quant/tool/session_package.h"
#include "quant/tool/work_answer.h"
#include "quant/tool/work_request.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define READ_BYTES 65536

struct work {
    int out;
    bool broken; // output cannot be written any more
    struct session session;
    bool is_open;
    int64_t id;       // of the request under way
    const char *step; // what was last told of its progress
    int percent;
};

static void write_line(struct work *w, cJSON *o)
{
    char *text = cJSON_PrintUnformatted(o);
    size_t left = text ? strlen(text) : 0;
    cJSON_Delete(o);
    if (!text) {
        w->broken = true;
        return;
    }
    text[left++] = '\n'; // in place of the NUL
    for (const char *from = text; left && !w->broken;) {
        ssize_t n = write(w->out, from, left);
        if (n < 0 && errno != EINTR)
            w->broken = true;
        if (n > 0) {
            from += n;
            left -= (size_t)n;
        }
    }
    cJSON_free(text);
}

static cJSON *message(const struct work *w)
{
    cJSON *o = cJSON_CreateObject();
    if (w->id < 0)
        cJSON_AddNullToObject(o, "id");
    else
        cJSON_AddNumberToObject(o, "id", (double)w->id);
    return o;
}

static void answer(struct work *w, cJSON *result)
{
    cJSON *o = message(w);
    cJSON_AddItemToObject(o, "result", result);
    write_line(w, o);
}

static void refuse(struct work *w, enum session_fault fault, const struct error *why)
{
    cJSON *o = message(w), *error = cJSON_AddObjectToObject(o, "error");
    const char *kind = fault == SESSION_INFEASIBLE ? "infeasible"
                       : fault == SESSION_FAILED   ? "failed"
                                                   : "invalid";
    cJSON_AddStringToObject(error, "kind", kind);
    cJSON_AddStringToObject(error, "message", why->text);
    write_line(w, o);
}

/* At most one line for each percent of a step, and one for each checkpoint. */
static void progress(void *user, const char *text, int done, int total)
{
    struct work *w = user;
    int percent = total > 0 ? (int)(100ll * done / total) : 0;
    bool kept = w->is_open && w->session.kept;
    if (w->step && !strcmp(w->step, text) && percent == w->percent && !kept)
        return;
    w->step = text;
    w->percent = percent;
    cJSON *o = cJSON_CreateObject(), *p = cJSON_AddObjectToObject(o, "progress");
    cJSON_AddNumberToObject(p, "id", (double)w->id);
    cJSON_AddNumberToObject(p, "done", done);
    cJSON_AddNumberToObject(p, "total", total);
    cJSON_AddStringToObject(p, "text", text);
    if (isfinite(w->session.loss) && w->is_open)
        cJSON_AddNumberToObject(p, "loss", w->session.loss);
    if (kept)
        cJSON_AddTrueToObject(p, "kept");
    write_line(w, o);
}

static enum session_fault do_open(struct work *w, const struct session_params *p, cJSON **result,
                                  struct error *e)
{
    if (w->is_open)
        session_close(&w->session);
    enum session_fault fault = session_open(&w->session, p, progress, w, e);
    w->is_open = fault == SESSION_OK;
    if (w->is_open)
        fault = session_score_float(&w->session, e);
    if (!fault)
        *result = work_answer_open(&w->session);
    return fault;
}

static enum session_fault do_lower(struct work *w, const struct work_request *r, const struct candidate *c,
                                   cJSON **result, struct error *e)
{
    struct image_written image;
    enum session_fault fault = session_lower(&w->session, c, true, e);
    if (!fault && r->image)
        fault = session_image(&w->session, r->image, &image, e);
    if (!fault)
        *result = work_answer_lower(&w->session, r->image ? &image : NULL);
    return fault;
}

static enum session_fault do_score(struct work *w, const struct work_request *r, const struct candidate *c,
                                   cJSON **result, struct error *e)
{
    struct score score;
    struct session_set *set = r->test ? &w->session.test : &w->session.validation;
    if (!set->labels)
        return (enum session_fault)error_set(e, "score: the study has no test set");
    if (r->range.first > set->n_labelled || r->range.n > set->n_labelled - r->range.first)
        return (enum session_fault)error_set(e, "score: the set has %d labelled samples", set->n_labelled);
    enum session_fault fault = session_score(&w->session, c, set, &r->range, &score, e);
    if (!fault)
        *result = work_answer_score(&score);
    return fault;
}

static enum session_fault do_package(struct work *w, const struct work_request *r, const struct candidate *c,
                                     cJSON **result, struct error *e)
{
    cJSON *files = NULL;
    uint8_t image[SHA256_BYTES];
    char hex[SHA256_HEX];
    const struct session_package p = {.name = r->name, .folder = r->folder, .figures = r->figures, .image_sha256 = image};
    enum session_fault fault = session_package(&w->session, c, &p, &files, e);
    if (fault)
        return fault;
    *result = cJSON_CreateObject();
    cJSON_AddItemToObject(*result, "files", files);
    cJSON_AddStringToObject(*result, "image_sha256", sha256_hex(image, hex));
    cJSON_AddNumberToObject(*result, "flash_bytes", (double)w->session.lowered.flash_bytes);
    cJSON_AddNumberToObject(*result, "ram_bytes", (double)w->session.lowered.ram_bytes);
    return SESSION_OK;
}

static enum session_fault do_candidate(struct work *w, const struct work_request *r, cJSON **result,
                                       struct error *e)
{
    struct candidate c;
    enum session_fault fault = session_candidate(&w->session, r->candidate, &c, e);
    if (fault)
        return error_wrap(e, "candidate") ? fault : fault;
    session_train_for(&w->session, r->tune_steps >= 0 ? r->tune_steps : w->session.params.tune_steps);
    return r->method == WORK_LOWER   ? do_lower(w, r, &c, result, e)
           : r->method == WORK_SCORE ? do_score(w, r, &c, result, e)
                                     : do_package(w, r, &c, result, e);
}

static enum session_fault do_request(struct work *w, const struct work_request *r,
                                     const struct session_params *open, cJSON **result, struct error *e)
{
    if (r->method == WORK_OPEN)
        return do_open(w, open, result, e);
    if (!w->is_open)
        return (enum session_fault)error_set(e, "nothing is open yet");
    if (r->method == WORK_INSPECT) {
        *result = inspect_json(&w->session.net);
        return SESSION_OK;
    }
    return do_candidate(w, r, result, e);
}

static void handle_line(struct work *w, const char *line, size_t size)
{
    static struct session_params open; // 30 KB
    struct work_request r;
    struct error e = {""};
    cJSON *result = NULL;
    enum session_fault fault = SESSION_INVALID;
    if (!work_request_read(line, size, &r, &open, &e)) {
        w->id = r.id;
        fault = do_request(w, &r, &open, &result, &e);
    }
    w->id = r.id;
    w->step = NULL;
    if (!fault && !result) {
        fault = SESSION_FAILED;
        error_set(&e, "out of memory");
    }
    if (fault)
        refuse(w, fault, &e);
    else
        answer(w, result);
    work_request_finish(&r);
}

/* 1: more may come; 0: end of input; -1: broken. */
static int read_more(int in, struct buffer *b)
{
    static char bytes[READ_BYTES];
    ssize_t n = read(in, bytes, sizeof bytes);
    if (n < 0)
        return errno == EINTR ? 1 : -1;
    if (n == 0)
        return 0;
    return buffer_append(b, bytes, (size_t)n) ? -1 : 1;
}

static int serve(struct work *w, int in, struct buffer *lines)
{
    for (;;) {
        size_t length;
        char *line = buffer_record(lines, '\n', &length);
        if (line) {
            handle_line(w, line, length);
            buffer_consume(lines, length + 1);
            if (w->broken)
                return 1;
            continue;
        }
        int more = read_more(in, lines);
        if (more < 0) {
            log_error("the worker's input broke, or a line has more than %u bytes", WORK_LINE_MAX);
            return 1;
        }
        if (!more)
            return 0;
    }
}

int work_run(int in, int out)
{
    struct buffer lines;
    struct work *w = calloc(1, sizeof *w);
    if (!w)
        return 1;
    w->out = out;
    w->id = -1;
    signal(SIGPIPE, SIG_IGN);
    buffer_init(&lines, WORK_LINE_MAX + READ_BYTES);
    int status = serve(w, in, &lines);
    buffer_finish(&lines);
    if (w->is_open)
        session_close(&w->session);
    free(w);
    return status;
}

/* Whatever becomes of the parent, this process must not go on computing. */
static void die_with_parent(void)
{
    pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) // it ended in between
        raise(SIGKILL);
}

int work_command(int argc, char **argv)
{
    if (argc != 1) {
        bool help = !strcmp(argv[1], "--help");
        fprintf(help ? stdout : stderr,
                "usage: pare-net work\n  speaks JSON lines on stdin and stdout, see docs/worker.md\n");
        return help ? 0 : 2;
    }
    die_with_parent();
    return work_run(STDIN_FILENO, STDOUT_FILENO);
}
