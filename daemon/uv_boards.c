// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/uv_boards.h"

#include "base/file.h"
#include "base/log.h"
#include "daemon/board_store.h"
#include "daemon/canary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>


struct lab_board {
    struct boards *lab;
    struct board *board;
    struct board_wish *wish; // that has it; NULL
    uint32_t epoch;          // of its lease
    int attempt;
    uint64_t since_ms;
    bool measuring;
    bool quarantined;        // as the store was told
    bool flash_storing, flash_dirty;
    struct flashlog flash;   // newest state that is to be stored
    char runner[SHA256_HEX];
    int64_t runner_bytes;
    struct canary canary;
    uint64_t canary_ms; // when it is due
};

struct boards {
    uv_loop_t *loop;
    struct writer *writer;
    double deadline_scale;
    uint64_t canary_ms; // between two of a board; 0: none
    struct pool pool;
    struct lab_board *boards; // [pool.n]
    struct board_wish *first; // wishes in order
    uv_timer_t timer;         // ends of rests
    bool closing;
    int open_parts;           // that must close: boards and the timer
    void (*closed)(void *user);
    void *closed_user;
};

static void serve(struct boards *b);

static int index_of(const struct lab_board *lb)
{
    return (int)(lb - lb->lab->boards);
}

static const char *name_of(const struct lab_board *lb)
{
    return lb->lab->pool.boards[index_of(lb)].name;
}

/* --- what the store is told --- */

static void on_flash_stored(void *user, int rc, const char *text)
{
    struct lab_board *lb = user;
    lb->flash_storing = false;
    if (rc != 0)
        log_error("%s: the state of its flash was not stored: %s", name_of(lb), text);
    if (!lb->lab->closing && lb->flash_dirty) {
        lb->flash_dirty = false;
        lb->flash_storing = true;
        board_store_flash(lb->lab->writer, name_of(lb), &lb->flash, on_flash_stored, lb);
    }
}

static void on_log_changed(void *user, struct board *b, const struct flashlog *log)
{
    struct lab_board *lb = user;
    (void)b;
    lb->flash = *log;
    lb->flash_dirty = true;
    if (!lb->flash_storing) {
        lb->flash_dirty = false;
        lb->flash_storing = true;
        board_store_flash(lb->lab->writer, name_of(lb), &lb->flash, on_flash_stored, lb);
    }
}

static void on_intent_stored(void *user, int rc, const char *text)
{
    struct lab_board *lb = user;
    if (rc != 0)
        log_error("%s: the intent to erase was not stored: %s", name_of(lb), text);
    if (!lb->lab->closing)
        board_erase_answer(lb->board, rc == 0);
}

static void before_erase(void *user, struct board *b, uint16_t page, uint32_t n, const struct flashlog *log)
{
    struct lab_board *lb = user;
    (void)b, (void)page, (void)n;
    lb->flash = *log;
    lb->flash_dirty = false; // this is the newer state
    board_store_flash(lb->lab->writer, name_of(lb), log, on_intent_stored, lb);
}

static void on_progress(void *user, struct board *b, const char *text)
{
    struct lab_board *lb = user;
    (void)b;
    if (text[0] == ' ') // a command
        log_debug("%s:%s", name_of(lb), text);
    else if (lb->wish && lb->wish->progress)
        lb->wish->progress(lb->wish->user, text);
}

/* Rests are short and many: the store is told of quarantines and of their ends. */
static void tell_state(struct lab_board *lb)
{
    const struct pool_board *p = &lb->lab->pool.boards[index_of(lb)];
    bool quarantined = p->state == POOL_QUARANTINED;
    if (quarantined == lb->quarantined)
        return;
    lb->quarantined = quarantined;
    if (quarantined)
        log_warning("%s is quarantined: %s", p->name, p->reason);
    board_store_state(lb->lab->writer, p->name, pool_state_name(p->state), quarantined ? p->reason : NULL);
}

/* Besides what the pool makes of it. */
static void note_outcome(struct lab_board *lb, const struct board_result *result)
{
    if (result->needs_operator)
        pool_quarantine(&lb->lab->pool, index_of(lb), uv_now(lb->lab->loop));
    if (result->recovered != BOARD_RUNG_NONE)
        log_warning("%s had to be recovered: %s", name_of(lb), board_rung_name(result->recovered));
    tell_state(lb);
}

/* --- health checks --- */

static void on_checked(void *user, const struct board_result *result)
{
    struct lab_board *lb = user;
    struct boards *b = lb->lab;
    pool_checked(&b->pool, index_of(lb), lb->epoch, result->failure, result->text, uv_now(b->loop));
    note_outcome(lb, result);
    if (result->failure == BOARD_OK)
        log_info("%s is well", name_of(lb));
    else
        log_warning("%s: health check: %s: %s", name_of(lb), board_failure_name(result->failure), result->text);
    serve(b);
}

static void start_checks(struct boards *b, uint64_t now)
{
    uint32_t epoch;
    bool suspect;
    for (int i; (i = pool_check_due(&b->pool, now, &epoch, &suspect)) >= 0;) {
        struct error e = {""};
        struct lab_board *lb = &b->boards[i];
        lb->epoch = epoch;
        if (suspect)
            board_distrust(lb->board);
        if (board_check(lb->board, b->deadline_scale, on_checked, lb, &e) != 0)
            pool_checked(&b->pool, i, epoch, BOARD_FAIL_HOST, e.text, now);
    }
}

/* --- canaries --- */

static void keep_canary(struct lab_board *lb, const struct store_canary *found)
{
    cJSON *o = canary_json(&lb->canary);
    cJSON_AddStringToObject(o, "board", name_of(lb));
    cJSON_AddStringToObject(o, "origin", board_about(lb->board)->is_virtual ? "virtual" : "real");
    char *text = cJSON_PrintUnformatted(o);
    if (text)
        board_store_canary(lb->lab->writer, name_of(lb), found, text);
    free(text);
    cJSON_Delete(o);
}

static void forget_canary(struct lab_board *lb)
{
    canary_forget(&lb->canary);
    board_store_canary_forgotten(lb->lab->writer, name_of(lb));
}

/* The image is shared: what was measured with it says nothing about the next one. */
static void drop_canary(struct lab_board *lb)
{
    struct boards *b = lb->lab;
    canary_drop_image(&lb->canary);
    for (int i = 0; i < b->pool.n; i++)
        if (strcmp(b->boards[i].canary.image, lb->canary.image) == 0)
            forget_canary(&b->boards[i]);
}

static void take_canary(struct lab_board *lb, const struct board_result *result)
{
    struct canary *c = &lb->canary;
    bool drifted = c->drifted;
    struct store_canary found;
    if (canary_take(c, result, &found) != 0)
        return; // measured before what made it be forgotten
    if (c->drifted && !drifted)
        log_warning("%s drifts: its canary takes %lld cycles and %lld nJ, at first %lld and %lld", name_of(lb), (long long)c->last.cycles,
                    (long long)c->last.energy_nj, (long long)c->first.cycles, (long long)c->first.energy_nj);
    keep_canary(lb, &found);
}

static void on_canary(void *user, const struct board_result *result)
{
    struct lab_board *lb = user;
    struct boards *b = lb->lab;
    pool_return(&b->pool, index_of(lb), lb->epoch, result->failure, result->text, uv_now(b->loop));
    note_outcome(lb, result);
    if (result->failure != BOARD_OK)
        log_warning("%s: canary: %s: %s", name_of(lb), board_failure_name(result->failure), result->text);
    if (result->failure == BOARD_FAIL_BUILD)
        drop_canary(lb);
    if (result->failure == BOARD_OK)
        take_canary(lb, result);
    serve(b);
}

static bool is_canary_due(const struct lab_board *lb, uint64_t now)
{
    return lb->lab->canary_ms > 0 && lb->canary_ms <= now && canary_has_image(&lb->canary);
}

/* Between two attempts, before the next wish has the board. */
static void start_canaries(struct boards *b, uint64_t now)
{
    for (int i = 0; i < b->pool.n; i++) {
        struct error e = {""};
        bool suspect;
        struct lab_board *lb = &b->boards[i];
        uint32_t epoch = is_canary_due(lb, now) ? pool_lease_board(&b->pool, i, now, &suspect) : 0;
        if (epoch == 0)
            continue;
        lb->epoch = epoch;
        lb->canary_ms = now + b->canary_ms;
        if (suspect)
            board_distrust(lb->board);
        struct board_job job = {.image_path = lb->canary.image,
                                .energy = board_about(lb->board)->meter != METER_NONE,
                                .windows = 1,
                                .deadline_scale = b->deadline_scale};
        if (canary_begin(&lb->canary, &e) != 0 || board_measure(lb->board, &job, on_canary, lb, &e) != 0) {
            log_warning("%s: canary: %s", name_of(lb), e.text);
            pool_return(&b->pool, i, epoch, BOARD_FAIL_HOST, e.text, now);
        }
    }
}

/* --- an attempt --- */

static void end_attempt(struct lab_board *lb, const struct board_result *result)
{
    struct boards *b = lb->lab;
    struct board_wish *w = lb->wish;
    struct board_attempt a = {.board = index_of(lb), .attempt = lb->attempt, .result = result};
    lb->wish = NULL;
    lb->measuring = false;
    pool_return(&b->pool, a.board, lb->epoch, result->failure, result->text, uv_now(b->loop));
    note_outcome(lb, result);
    if (result->failure != BOARD_OK) {
        log_warning("%s: study %lld, trial %d: %s: %s", name_of(lb), (long long)w->study, w->trial,
                    board_failure_name(result->failure), result->text);
        if (a.attempt > 0)
            board_store_failed(b->writer, w->study, w->trial, a.attempt, name_of(lb),
                               board_failure_name(result->failure), result->text);
    }
    if (result->failure == BOARD_OK && w->trial == 1 && w->job.placement == BOARD_IN_FLASH)
        canary_adopt(&lb->canary, w->job.image_path);
    w->done(w->user, &a);
    serve(b);
}

static void fail_attempt(struct lab_board *lb, enum board_failure failure, const char *text)
{
    struct board_result *result = calloc(1, sizeof *result);
    if (!result)
        abort();
    result->failure = failure;
    snprintf(result->text, sizeof result->text, "%s", text);
    end_attempt(lb, result);
    free(result);
}

static void on_measured(void *user, const struct board_result *result)
{
    end_attempt(user, result);
}

/* The attempt is stored: now the board may be touched. */
static void on_attempt_stored(void *user, int rc, const char *text, int attempt)
{
    struct lab_board *lb = user;
    struct error e = {""};
    if (lb->lab->closing)
        return;
    lb->attempt = attempt;
    if (rc != 0) {
        lb->attempt = 0;
        fail_attempt(lb, BOARD_FAIL_HOST, text);
        return;
    }
    lb->measuring = true;
    if (board_measure(lb->board, &lb->wish->job, on_measured, lb, &e) != 0)
        fail_attempt(lb, BOARD_FAIL_HOST, e.text);
}

static void lend(struct boards *b, struct board_wish *w, int board, uint32_t epoch, bool suspect)
{
    struct lab_board *lb = &b->boards[board];
    w->lent = true;
    lb->wish = w;
    lb->epoch = epoch;
    lb->since_ms = uv_now(b->loop);
    lb->attempt = 0;
    if (suspect)
        board_distrust(lb->board);
    board_store_attempt(b->writer, w->study, w->trial, name_of(lb), on_attempt_stored, lb);
}

/* --- wishes --- */

/* Another board of the type that is not in quarantine. */
static bool has_other(const struct boards *b, const char *type, int board)
{
    for (int i = 0; i < b->pool.n; i++)
        if (i != board && strcmp(b->pool.boards[i].type, type) == 0 && b->pool.boards[i].state != POOL_QUARANTINED)
            return true;
    return false;
}

static bool try_wish(struct boards *b, struct board_wish *w, uint64_t now)
{
    uint32_t epoch;
    bool suspect;
    int avoid = w->avoid >= 0 && has_other(b, w->type, w->avoid) ? w->avoid : -1;
    if (w->not_before_ms > now)
        return false;
    int board = pool_lease(&b->pool, w->type, avoid, now, &epoch, &suspect);
    if (board < 0)
        return false;
    lend(b, w, board, epoch, suspect);
    return true;
}

static void on_timer(uv_timer_t *timer)
{
    serve(timer->data);
}

static void set_timer(struct boards *b, uint64_t now)
{
    uint64_t next = pool_next_ms(&b->pool);
    for (const struct board_wish *w = b->first; w; w = w->next)
        if (w->not_before_ms > now && (next == 0 || w->not_before_ms < next))
            next = w->not_before_ms;
    for (int i = 0; i < b->pool.n; i++) // what is due but not free comes when it is given back
        if (b->canary_ms > 0 && b->boards[i].canary_ms > now && (next == 0 || b->boards[i].canary_ms < next))
            next = b->boards[i].canary_ms;
    if (next)
        uv_timer_start(&b->timer, on_timer, next > now ? next - now : 1, 0);
    else
        uv_timer_stop(&b->timer);
}

static void serve(struct boards *b)
{
    uint64_t now = uv_now(b->loop);
    if (b->closing)
        return;
    start_checks(b, now);
    start_canaries(b, now);
    for (int i; (i = pool_expired(&b->pool, now)) >= 0;)
        board_abort(b->boards[i].board, "the lease is over: the measurement does not end");
    for (struct board_wish **at = &b->first; *at;) {
        struct board_wish *w = *at, *next = w->next;
        if (try_wish(b, w, now))
            *at = next;
        else
            at = &w->next;
    }
    set_timer(b, now);
}

void boards_wish(struct boards *b, struct board_wish *w)
{
    struct board_wish **at = &b->first;
    w->lent = false;
    w->next = NULL;
    w->not_before_ms = w->rest_ms ? uv_now(b->loop) + w->rest_ms : 0;
    w->job.deadline_scale = b->deadline_scale;
    while (*at)
        at = &(*at)->next;
    *at = w;
    serve(b);
}

bool boards_cancel(struct boards *b, struct board_wish *w)
{
    for (struct board_wish **at = &b->first; *at; at = &(*at)->next)
        if (*at == w) {
            *at = w->next;
            return true;
        }
    return false;
}

/* --- about them --- */

int boards_about(const struct boards *b, const char *type, int64_t *flash_bytes, int64_t *ram_bytes, bool *meters)
{
    int n = 0;
    *flash_bytes = *ram_bytes = INT32_MAX;
    *meters = true;
    for (int i = 0; i < b->pool.n; i++) {
        const struct board_file *f = board_about(b->boards[i].board);
        if (strcmp(f->type, type) != 0)
            continue;
        n++;
        *flash_bytes = f->flash_bytes < *flash_bytes ? f->flash_bytes : *flash_bytes;
        *ram_bytes = f->ram_bytes < *ram_bytes ? f->ram_bytes : *ram_bytes;
        *meters = *meters && f->meter != METER_NONE;
    }
    return n;
}

struct study_wear_boards boards_wear(const struct boards *b, const char *type)
{
    struct study_wear_boards w = {.budget = FLASHLOG_WEAR_MAX};
    for (int i = 0; i < b->pool.n; i++) {
        const struct board_file *f = board_about(b->boards[i].board);
        if (strcmp(f->type, type) != 0)
            continue;
        int64_t spent = flashlog_worst(board_log(b->boards[i].board));
        w.n++;
        w.spent = spent > w.spent ? spent : w.spent;
        w.budget = f->erase_budget < w.budget ? f->erase_budget : w.budget;
    }
    return w;
}

const char *boards_runner(const struct boards *b, const char *type)
{
    for (int i = 0; i < b->pool.n; i++)
        if (strcmp(b->pool.boards[i].type, type) == 0)
            return b->boards[i].runner;
    return "";
}

bool boards_virtual(const struct boards *b, const char *type)
{
    for (int i = 0; i < b->pool.n; i++)
        if (strcmp(b->pool.boards[i].type, type) == 0)
            return board_about(b->boards[i].board)->is_virtual;
    return false;
}

bool boards_waiting(const struct boards *b, const char *type, char *text, size_t size)
{
    const struct pool_board *why = NULL;
    text[0] = '\0';
    for (int i = 0; i < b->pool.n; i++) {
        const struct pool_board *p = &b->pool.boards[i];
        if (strcmp(p->type, type) != 0)
            continue;
        if (p->state == POOL_IDLE || p->state == POOL_LENT)
            return false;
        why = p;
    }
    if (why)
        snprintf(text, size, "waiting for a board: %s is %s%s%.300s%s", why->name, pool_state_name(why->state),
                 why->reason[0] ? " (" : "", why->reason, why->reason[0] ? ")" : "");
    else
        snprintf(text, size, "waiting for a board of type %s: there is none", type);
    return true;
}

static void overlay(const struct boards *b, int i, cJSON *item)
{
    const struct pool_board *p = &b->pool.boards[i];
    const struct board_wish *w = b->boards[i].wish;
    cJSON_DeleteItemFromObjectCaseSensitive(item, "state");
    cJSON_DeleteItemFromObjectCaseSensitive(item, "reason");
    cJSON_DeleteItemFromObjectCaseSensitive(item, "trial");
    cJSON_DeleteItemFromObjectCaseSensitive(item, "study");
    bool over = p->state == POOL_RESTING && p->until_ms <= uv_now(b->loop);
    cJSON_AddStringToObject(item, "state", over ? "idle" : pool_state_name(p->state));
    if (p->reason[0])
        cJSON_AddStringToObject(item, "reason", p->reason);
    else
        cJSON_AddNullToObject(item, "reason");
    cJSON_AddItemToObject(item, "study", w ? cJSON_CreateNumber((double)w->study) : cJSON_CreateNull());
    cJSON_AddItemToObject(item, "trial", w ? cJSON_CreateNumber(w->trial) : cJSON_CreateNull());
    cJSON_AddStringToObject(item, "runner", b->boards[i].runner);
    cJSON_AddNumberToObject(item, "runner_bytes", (double)b->boards[i].runner_bytes);
    const char *firmware = board_probe_firmware(b->boards[i].board);
    cJSON_AddItemToObject(item, "probe_firmware", firmware[0] ? cJSON_CreateString(firmware) : cJSON_CreateNull());
    cJSON_AddItemToObject(item, "canary", canary_json(&b->boards[i].canary));
}

void boards_overlay(const struct boards *b, cJSON *list)
{
    cJSON *item;
    cJSON_ArrayForEach(item, list) {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "board"));
        for (int i = 0; name && i < b->pool.n; i++)
            if (strcmp(b->pool.boards[i].name, name) == 0)
                overlay(b, i, item);
    }
}

int boards_release(struct boards *b, const char *name)
{
    for (int i = 0; i < b->pool.n; i++) {
        if (strcmp(b->pool.boards[i].name, name) != 0)
            continue;
        if (b->pool.boards[i].state != POOL_QUARANTINED)
            return 1;
        pool_release_quarantine(&b->pool, i);
        tell_state(&b->boards[i]);
        serve(b);
        return 0;
    }
    return -1;
}

int boards_new_reference(struct boards *b, const char *name)
{
    for (int i = 0; i < b->pool.n; i++) {
        if (strcmp(b->pool.boards[i].name, name) != 0)
            continue;
        if (b->canary_ms == 0 || !canary_has_image(&b->boards[i].canary))
            return 1;
        forget_canary(&b->boards[i]);
        b->boards[i].canary_ms = uv_now(b->loop);
        serve(b);
        return 0;
    }
    return -1;
}

/* --- opening and closing --- */

static int load_flash(struct store *s, const char *name, struct flashlog *log, struct error *e)
{
    struct buffer state;
    buffer_init(&state, sizeof *log);
    int rc = store_board_load(s, name, &state, e);
    if (rc == 0 && state.size == sizeof *log)
        memcpy(log, state.data, sizeof *log);
    else if (rc == 0 && state.size > 0)
        log_warning("%s: the stored state of its flash is of another version; it is taken for unknown", name);
    buffer_finish(&state);
    return rc == 0 ? 0 : -1;
}

static int look_at_runner(const char *path, struct lab_board *lb, struct error *e)
{
    uint8_t digest[SHA256_BYTES];
    struct stat st;
    if (sha256_file(path, digest, e) != 0)
        return -1;
    sha256_hex(digest, lb->runner);
    lb->runner_bytes = stat(path, &st) == 0 ? st.st_size : 0;
    return 0;
}

static int open_board(struct boards *b, int i, const struct config *c, const char *folder, struct error *e)
{
    struct lab_board *lb = &b->boards[i];
    const struct board_file *f = &c->files[i];
    struct store_board about = {f->name, f->type, f->serial, f->is_virtual, f->erase_budget};
    struct board_actions actions = {lb, before_erase, on_log_changed, on_progress};
    lb->lab = b;
    if (pool_add(&b->pool, f->name, f->type, e) < 0 || store_board(writer_store(b->writer), &about, e) != 0 ||
        store_board_state(writer_store(b->writer), f->name, "idle", NULL, NULL, e) != 0 ||
        load_flash(writer_store(b->writer), f->name, &lb->flash, e) != 0 || look_at_runner(f->runner, lb, e) != 0)
        return error_wrap(e, "board %s", f->name);
    if (canary_open(&lb->canary, writer_store(b->writer), folder, f->type, f->name, lb->runner, e) != 0)
        return error_wrap(e, "board %s", f->name);
    lb->canary_ms = uv_now(b->loop) + b->canary_ms;
    lb->board = board_open(b->loop, f, &lb->flash, NULL, folder, &actions, e);
    b->open_parts += lb->board != NULL;
    return lb->board ? 0 : -1;
}

static void part_closed(void *user)
{
    struct boards *b = user;
    if (--b->open_parts > 0)
        return;
    if (b->closed)
        b->closed(b->closed_user);
    else
        boards_destroy(b); // it never came to be
}

void boards_destroy(struct boards *b)
{
    free(b->boards);
    free(b);
}

static void on_timer_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

struct boards *boards_open(uv_loop_t *loop, const struct config *c, struct writer *writer, struct error *e)
{
    char folder[2 * KEYS_PATH_MAX];
    struct boards *b = calloc(1, sizeof *b);
    if (!b || !(b->boards = calloc((size_t)c->boards.n + 1, sizeof *b->boards))) {
        error_set(e, "out of memory");
        free(b);
        return NULL;
    }
    b->loop = loop;
    b->writer = writer;
    b->deadline_scale = c->deadline_scale;
    b->canary_ms = (uint64_t)(60000 * c->canary_minutes);
    pool_init(&b->pool);
    b->pool.lease_ms = (uint64_t)(POOL_LEASE_MS * (b->deadline_scale > 1 ? b->deadline_scale : 1));
    uv_timer_init(loop, &b->timer);
    b->timer.data = b;
    b->open_parts = 1;
    snprintf(folder, sizeof folder, "%s/boards", c->state);
    int rc = file_make_folder(folder, e);
    for (int i = 0; rc == 0 && i < c->boards.n; i++)
        rc = open_board(b, i, c, folder, e);
    for (int i = 0; i < b->pool.n; i++)
        pool_want_check(&b->pool, i);
    if (rc == 0) {
        uv_timer_start(&b->timer, on_timer, 0, 0); // the first health checks
        return b;
    }
    boards_close(b, NULL, NULL);
    return NULL;
}

void boards_close(struct boards *b, void (*closed)(void *user), void *user)
{
    b->closing = true;
    b->closed = closed;
    b->closed_user = user;
    uv_close((uv_handle_t *)&b->timer, on_timer_closed);
    for (int i = 0; i < b->pool.n; i++)
        if (b->boards[i].board)
            board_close(b->boards[i].board, part_closed, b);
}
