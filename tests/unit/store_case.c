// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store_case.h"

#include "schema/writer.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct error store_case_error;

#define SPACE \
    "{\"layers\":[{\"name\":\"conv_0\",\"kind\":\"conv\",\"slot\":0,\"macs\":100,\"parameters\":10}," \
    "{\"name\":\"dw_1\",\"kind\":\"depthwise\",\"slot\":1,\"macs\":50,\"parameters\":5}," \
    "{\"name\":\"fc\",\"kind\":\"dense\",\"slot\":1,\"macs\":20,\"parameters\":20}]," \
    "\"slots\":[{\"name\":\"conv_0\"},{\"name\":\"dw_1+fc\"}]}"
#define NETWORK_SHA256 "00000000000000000000000000000000000000000000000000000000000000ab"

/* A clock that only counts, so that two runs differ in nothing. */
static int64_t tick(void *user)
{
    (void)user;
    static int64_t now_ms = 1775044800000; // 2026-04-01T12:00:00Z
    return now_ms += 500;
}

static const struct store_options options = {.now_ms = tick};

void store_case_open(struct store_case *c)
{
    *c = (struct store_case){0};
    snprintf(c->folder, sizeof c->folder, "%s/pare-store-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"); // no fsync
    ck_assert_ptr_nonnull(mkdtemp(c->folder));
    snprintf(c->path, sizeof c->path, "%s/pare.db", c->folder);
    c->s = store_open(c->path, &options, &store_case_error);
    ck_assert_msg(c->s != NULL, "%s", store_case_error.text);
}

static void remove_folder(const char *folder)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

void store_case_close(struct store_case *c)
{
    store_reader_close(c->r);
    store_close(c->s);
    remove_folder(c->folder);
}

void store_case_reopen(struct store_case *c)
{
    store_reader_close(c->r);
    c->r = NULL;
    store_close(c->s);
    c->s = store_open(c->path, &options, &store_case_error);
    ck_assert_msg(c->s != NULL, "%s", store_case_error.text);
}

struct store_reader *store_case_reader(struct store_case *c)
{
    if (!c->r)
        c->r = store_reader_open(c->path, &store_case_error);
    ck_assert_msg(c->r != NULL, "%s", store_case_error.text);
    return c->r;
}

static void begin_study(struct store *s, int64_t *study)
{
    struct store_study demo = {
        .name = "demo",
        .text = "{ /* demo */ }",
        .folder = "/srv/demo",
        .config = "{\"name\":\"demo\",\"search\":{\"trials\":6}}",
        .network = "dscnn.onnx",
        .board_type = "virtual-u585",
        .seed = 1,
        .trials = STORE_CASE_TRIALS - 2,
        .objectives = STORE_BY_FLASH | STORE_BY_LATENCY,
    };
    struct store_event event = {.topic = "study.created"};
    must(store_create_study(s, &demo, &(struct store_events){&event, 1}, study, &store_case_error));
}

static void begin_board(struct store *s)
{
    struct store_board board = {"vboard-1", "virtual-u585", "VBOARD000001", true, 9000};
    must(store_board(s, &board, &store_case_error));
}

void store_case_study(struct store_case *c)
{
    begin_board(c->s);
    begin_study(c->s, &c->study);
    must(store_study_space(c->s, c->study, SPACE, NETWORK_SHA256, &store_case_error));
}

void store_case_candidate(int trial, char *text)
{
    if (trial == 1)
        strcpy(text, "w8a8 w8a8");
    else if (trial == 2)
        strcpy(text, "float32 float32");
    else
        sprintf(text, "w%da%d w%da8/log", 1 + trial % 16, 1 + trial / 16 % 16, 1 + trial / 256 % 16);
}

static struct store_proposal proposal(int trial, char *text)
{
    store_case_candidate(trial, text);
    struct candidate candidate;
    ck_assert_int_eq(candidate_parse(text, 0, &candidate, &store_case_error), 0);
    return (struct store_proposal){
        .trial = trial,
        .kind = trial <= 2 ? STORE_BASELINE : trial % 2 ? STORE_POLICY : STORE_NEIGHBOUR,
        .candidate = text,
        .hash = candidate_hash(&candidate),
        .why = trial <= 2 ? NULL : "a sample of the policy",
    };
}

void store_case_propose(struct store_case *c, int64_t step, int first, int n)
{
    struct store_proposal *list = calloc((size_t)n, sizeof *list);
    char *text = calloc((size_t)n, 64);
    ck_assert(list && text);
    for (int i = 0; i < n; i++)
        list[i] = proposal(first + i, text + 64 * i);
    struct store_step s = {.step = step, .proposals = list, .n_proposals = n};
    must(store_stepped(c->s, c->study, &s, NULL, &store_case_error));
    free(text);
    free(list);
}

static struct store_figure figure(const char *name, int64_t value, int64_t of, enum unit unit, enum origin origin)
{
    struct store_figure f = {.figure = {.value = value, .of = of, .repeats = 3, .spread = 7, .unit = unit, .origin = origin}};
    snprintf(f.name, sizeof f.name, "%s", name);
    return f;
}

struct store_result store_case_result(int trial, int attempt, struct store_figure *figures, int64_t *cycles)
{
    int n = 0;
    figures[n++] = figure(STORE_CORRECT, 1800 + trial * 37 % 101, 2000, UNIT_CORRECT, ORIGIN_HOST);
    figures[n++] = figure(STORE_FLASH_BYTES, 40000 - trial * 1013 % 20000, 0, UNIT_BYTES, ORIGIN_PLANNED);
    figures[n++] = figure(STORE_WEIGHTS_BYTES, 30000 - trial * 1013 % 20000, 0, UNIT_BYTES, ORIGIN_PLANNED);
    figures[n++] = figure(STORE_RAM_BYTES, 16000 + trial, 0, UNIT_BYTES, ORIGIN_PLANNED);
    figures[n++] = figure(STORE_LATENCY_CYCLES, 4000000 + trial * 7919 % 100000, 0, UNIT_CYCLES, ORIGIN_VIRTUAL);
    figures[n++] = figure(STORE_ENERGY_NJ, 600000 + trial, 0, UNIT_NANOJOULES, ORIGIN_VIRTUAL);
    for (int i = 0; i < STORE_CASE_LAYERS; i++)
        cycles[i] = 1000 * trial + i;
    return (struct store_result){
        .trial = trial,
        .outcome = STORE_MEASURED,
        .figures = figures,
        .n_figures = n,
        .attempt = attempt,
        .layer_cycles = cycles,
        .n_layers = STORE_CASE_LAYERS,
        .clock_hz = 160000000,
        .provenance = "{\"board\":\"vboard-1\",\"virtual\":true,\"runner\":\"" STORE_CASE_RUNNER "\"}",
    };
}

static int write_nothing(void *user, struct store_trace *t, int64_t kept_bytes)
{
    (void)user, (void)kept_bytes;
    t->bytes = 1000;
    memset(t->sha256, 'a', SHA256_HEX - 1);
    t->sha256[SHA256_HEX - 1] = '\0';
    return 0;
}

static void ignore(void *user, const char *file)
{
    (void)user, (void)file;
}

/* Beside the result: its raw samples, what has left the front, and once the canary. */
static void keep_beside(struct store *s, int trial)
{
    struct store_canary canary = {.runner_sha256 = NETWORK_SHA256, .image_sha256 = NETWORK_SHA256, .cycles = 4000000, .energy_nj = 600000, .reference = true};
    must(store_drop_traces(s, ignore, NULL, &store_case_error));
    if (trial == 1)
        must(store_canary(s, "vboard-1", &canary, NULL, &store_case_error));
}

static int64_t measure(struct store *s, int64_t study, int trial)
{
    struct store_figure figures[STORE_FIGURES_MAX];
    int64_t cycles[STORE_CASE_LAYERS], seq;
    char file[32];
    int attempt;
    struct store_trace trace = {.file = file, .windows = 3, .samples = 60000, .write = write_nothing};
    must(store_attempt(s, study, trial, "vboard-1", &attempt, &store_case_error));
    struct store_result r = store_case_result(trial, attempt, figures, cycles);
    struct store_event event = {.topic = "trial.measured", .trial = trial, .data = "{\"reward\":null}"};
    snprintf(file, sizeof file, "%lld-%d-%d.trace", (long long)study, trial, attempt);
    r.trace = &trace;
    must(store_measured(s, study, &r, &(struct store_events){&event, 1}, &seq, &store_case_error));
    keep_beside(s, trial);
    return seq;
}

int64_t store_case_measure(struct store_case *c, int trial)
{
    return measure(c->s, c->study, trial);
}

/* ---- Playing a study ---- */

struct player {
    struct store *s;
    struct store_study at; // only its numbers
    bool has_study, has_space;
    int open[STORE_CASE_TRIALS], attempts[STORE_CASE_TRIALS], n_open; // proposals without result
    uint8_t state[SHA256_BYTES]; // the "agent": a chain over what it was told
    bool has_state;
    struct store_reward rewards[STORE_CASE_TRIALS];
    int n_rewards, n_told;
    bool finished;
};

static int statements, die;

static int on_statement(unsigned what, void *user, void *statement, void *sql)
{
    (void)what, (void)user, (void)statement, (void)sql;
    if (++statements == die)
        _exit(9);
    return 0;
}

static int take_study(void *user, const struct store_study *study)
{
    struct player *p = user;
    p->at = *study;
    p->has_study = true;
    p->has_space = study->space != NULL;
    return 0;
}

static int take_proposal(void *user, const struct store_proposal *proposed)
{
    struct player *p = user;
    p->open[p->n_open] = proposed->trial;
    p->attempts[p->n_open++] = proposed->tries;
    return 0;
}

/* The agent is told one result: its state depends on all of them, in order. */
static int take_result(void *user, const struct store_result *r)
{
    struct player *p = user;
    int64_t told[] = {r->trial, r->outcome, r->result_seq, r->n_figures ? r->figures[0].figure.value : 0};
    struct sha256 h;
    sha256_init(&h);
    sha256_update(&h, p->state, sizeof p->state);
    sha256_update(&h, told, sizeof told);
    sha256_finish(&h, p->state);
    if (r->outcome == STORE_MEASURED)
        p->rewards[p->n_rewards++] = (struct store_reward){r->trial, 1.0 / 3.0 * (double)told[3] / r->trial};
    p->n_told++;
    return 0;
}

static int take_finalist(void *user, const struct store_result *r)
{
    if (r->trial == 3 && r->finalist)
        ((struct player *)user)->finished = true;
    return 0;
}

static void look(struct player *p)
{
    struct store *s = p->s;
    *p = (struct player){.s = s};
    must(store_each_study(s, take_study, p, &store_case_error));
    if (!p->has_study)
        return;
    must(store_each_proposal(s, p->at.study, take_proposal, p, &store_case_error));
    struct buffer state;
    buffer_init(&state, STORE_AGENT_MAX);
    int result = store_agent_state(s, p->at.study, &state, &store_case_error);
    ck_assert(result == 0 || result == STORE_NOT_FOUND);
    p->has_state = result == 0;
    if (p->has_state)
        memcpy(p->state, state.data, sizeof p->state);
    buffer_finish(&state);
}

static void step(struct player *p)
{
    char text[2][64];
    struct store_proposal proposals[2];
    int n = p->at.n_trials == 0 ? 2 : p->at.n_trials < STORE_CASE_TRIALS ? 1 : 0;
    for (int i = 0; i < n; i++)
        proposals[i] = proposal(p->at.n_trials + 1 + i, text[i]);
    struct store_step s = {
        .step = p->at.step + 1,
        .applied_seq = p->at.applied_seq + p->n_told,
        .state = p->n_told ? p->state : NULL,
        .state_size = sizeof p->state,
        .summary = "{\"updates\":1}",
        .rewards = p->rewards,
        .n_rewards = p->n_rewards,
        .proposals = proposals,
        .n_proposals = n,
    };
    struct store_event event = {.topic = "trial.stepped"};
    must(store_stepped(p->s, p->at.study, &s, &(struct store_events){&event, 1}, &store_case_error));
}

static void refuse(struct player *p, int trial, enum store_outcome outcome)
{
    struct store_result r = {.trial = trial, .outcome = outcome, .reason = "it takes 512 bytes too many"};
    int64_t seq;
    must(store_measured(p->s, p->at.study, &r, NULL, &seq, &store_case_error));
}

static void try_trial(struct player *p, int trial, int attempts)
{
    uint8_t flash[32];
    uint32_t erases[4] = {(uint32_t)trial, 0, 1, 0};
    memset(flash, trial, sizeof flash);
    if (trial == 4 || (trial == 5 && attempts > 0)) {
        refuse(p, trial, trial == 4 ? STORE_INFEASIBLE : STORE_GIVEN_UP);
        return;
    }
    must(store_board_flash(p->s, "vboard-1", flash, sizeof flash, erases, 4, &store_case_error));
    if (trial == 5 || (trial == 6 && attempts == 0)) {
        int attempt;
        must(store_attempt(p->s, p->at.study, trial, "vboard-1", &attempt, &store_case_error));
        must(store_attempt_failed(p->s, p->at.study, trial, attempt, "probe", "no answer", NULL, &store_case_error));
        return;
    }
    struct store_figure planned = figure(STORE_FLASH_BYTES, 1, 0, UNIT_BYTES, ORIGIN_PLANNED);
    must(store_lowered(p->s, p->at.study, trial, &planned, 1, &store_case_error));
    measure(p->s, p->at.study, trial);
}

static void finish(struct player *p)
{
    struct store_figure figures[STORE_FIGURES_MAX];
    int64_t cycles[STORE_CASE_LAYERS];
    int attempt;
    must(store_attempt(p->s, p->at.study, 3, "vboard-1", &attempt, &store_case_error));
    struct store_result r = store_case_result(3, attempt, figures, cycles);
    for (int i = 0; i < r.n_figures; i++)
        figures[i].figure.value++;
    must(store_final(p->s, p->at.study, &r, 2.5, NULL, &store_case_error));
    must(store_study_state(p->s, p->at.study, STORE_FINISHED, NULL, NULL, &store_case_error));
}

/* One move of the service. Returns false when there is nothing left to do. */
static bool move(struct player *p)
{
    look(p);
    if (!p->has_study) {
        int64_t study;
        begin_study(p->s, &study);
        return true;
    }
    if (!p->has_space) {
        must(store_study_space(p->s, p->at.study, SPACE, NETWORK_SHA256, &store_case_error));
        return true;
    }
    must(store_each_result(p->s, p->at.study, p->at.applied_seq, take_result, p, &store_case_error));
    must(store_each_result(p->s, p->at.study, 0, take_finalist, p, &store_case_error));
    if (p->n_told || p->at.step == 0)
        step(p);
    else if (p->n_open)
        try_trial(p, p->open[0], p->attempts[0]);
    else if (!p->finished)
        finish(p);
    else
        return false;
    return true;
}

int store_case_play(const char *path, int die_at)
{
    struct player p = {.s = store_open(path, &options, &store_case_error)};
    ck_assert_msg(p.s != NULL, "%s", store_case_error.text);
    statements = 0;
    die = die_at;
    sqlite3_trace_v2(p.s->c.db, SQLITE_TRACE_STMT, on_statement, NULL);
    begin_board(p.s);
    while (move(&p)) {
    }
    store_close(p.s);
    return statements;
}

/* ---- Answers ---- */

cJSON *store_case_json(struct buffer *out)
{
    ck_assert_int_eq(buffer_append(out, "", 1), 0);
    cJSON *json = cJSON_Parse(out->data);
    ck_assert_msg(json != NULL, "not JSON: %s", out->data);
    buffer_finish(out);
    return json;
}

double store_case_number(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    ck_assert_msg(item != NULL, "no %s", key);
    return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

const char *store_case_text(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    ck_assert_msg(item != NULL, "no %s", key);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

void store_case_digest(const char *path, char hex[SHA256_HEX])
{
    struct store_reader *r = store_reader_open(path, &store_case_error);
    ck_assert_msg(r != NULL, "%s", store_case_error.text);
    must(store_digest(r, 1, hex, &store_case_error));
    store_reader_close(r);
}
