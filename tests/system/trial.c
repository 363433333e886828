// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/system/trial.h"

#include "base/file.h"
#include "quant/tool/image_view.h"
#include "tests/assets.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_MAX (8u << 20)

static void find_file(const struct trial_arguments *a, const char *name, char path[512])
{
    static const char prefix[] = "assets/";
    if (!strncmp(name, prefix, sizeof prefix - 1))
        assets_path(a->source_root, name + sizeof prefix - 1, path, 512);
    else
        snprintf(path, 512, "%s/%s", a->source_root, name);
}

int trial_arguments_read(struct trial_arguments *a, int argc, char **argv)
{
    if (argc < 8)
        return 2;
    *a = (struct trial_arguments){.vboard = argv[1],
                                  .runner = argv[2],
                                  .source_root = argv[3],
                                  .input_scale = atof(argv[6]),
                                  .samples = atoi(argv[7]),
                                  .calibration_samples = 100};
    find_file(a, argv[4], a->network);
    find_file(a, argv[5], a->calibration);
    if (assets_missing(a->network) || assets_missing(a->calibration))
        return ASSETS_SKIPPED;
    if (system("openocd --version >/dev/null 2>&1")) {
        printf("skipped: no openocd here\n");
        return 77;
    }
    return 0;
}

static void open_session(struct trial *t)
{
    static const struct setting options[] = {
        {8, 8, SCHEME_UNIFORM}, {4, 8, SCHEME_UNIFORM}, {2, 8, SCHEME_UNIFORM}, {8, 4, SCHEME_UNIFORM},
        {4, 4, SCHEME_UNIFORM}, {2, 4, SCHEME_UNIFORM}, {3, 6, SCHEME_UNIFORM}, {5, 8, SCHEME_UNIFORM},
        {6, 3, SCHEME_UNIFORM}, {3, 8, SCHEME_UNIFORM}, {3, 8, SCHEME_LOG},     {4, 4, SCHEME_LOG},     {3, 5, SCHEME_CODEBOOK},
    };
    struct error e;
    struct session_params *p = calloc(1, sizeof *p);
    t->session = calloc(1, sizeof *t->session);
    ck_assert(p && t->session);
    snprintf(p->network, sizeof p->network, "%s", t->about.network);
    snprintf(p->calibration, sizeof p->calibration, "%s", t->about.calibration);
    if (t->about.validation) {
        find_file(&t->about, t->about.validation, p->validation);
        find_file(&t->about, t->about.labels, p->validation_labels);
    }
    p->transform.scale = t->about.input_scale;
    p->board_samples = t->about.samples;
    p->quantize = (struct quantize_params){
        .clipping = CLIPPING_MSE, .calibration_samples = t->about.calibration_samples, .n_options = sizeof options / sizeof *options};
    memcpy(p->quantize.options, options, sizeof options);
    ck_assert_msg(session_open(t->session, p, NULL, NULL, &e) == SESSION_OK, "%s", e.text);
    free(p);
}

void trial_start(struct trial *t, const struct trial_arguments *a)
{
    struct board_file file;
    struct error e;
    memset(t, 0, sizeof *t);
    t->about = *a;
    open_session(t);
    vboard_lab_start(&t->lab, a->vboard, 1);
    vboard_lab_board_file(&t->lab, 0, a->source_root, &file);
    snprintf(t->image_path, sizeof t->image_path, "%s/image", t->lab.state);
    uv_loop_init(&t->loop);
    t->board = board_open(&t->loop, &file, NULL, a->runner, t->lab.state, NULL, &e);
    ck_assert_msg(t->board, "%s", e.text);
}

void trial_stop(struct trial *t)
{
    board_close(t->board, NULL, NULL);
    uv_run(&t->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&t->loop), 0);
    vboard_lab_stop(&t->lab);
    session_close(t->session);
    free(t->session);
    free(t->expected);
}

void trial_random(struct trial *t, struct rng *r, struct candidate *c)
{
    const struct quantize_params *q = &t->session->params.quantize;
    c->n = t->session->net.n_slots;
    for (int i = 0; i < c->n; i++)
        c->layers[i] = q->options[rng_below(r, (uint32_t)q->n_options)];
}

/* Keeps the outputs that the image expects, without their padding. */
static void take_expected(struct trial *t)
{
    char *bytes;
    size_t size;
    struct error e;
    struct image_view v;
    ck_assert_msg(file_read(t->image_path, IMAGE_MAX, &bytes, &size, &e) == 0, "%s", e.text);
    ck_assert_msg(image_view_open(&v, bytes, size, &e) == 0, "%s", e.text);
    uint32_t each = program_output(&v.program)->bytes;
    ck_assert_uint_eq(v.header->n_samples, (uint32_t)t->about.samples);
    t->expected = realloc(t->expected, (size_t)each * v.header->n_samples + 1);
    for (uint32_t i = 0; i < v.header->n_samples; i++)
        memcpy(t->expected + (size_t)i * each, v.expected + (size_t)i * v.header->output_bytes, each);
    free(bytes);
}

struct waiting {
    struct trial *trial;
    bool done;
};

static void on_done(void *user, const struct board_result *result)
{
    struct waiting *w = user;
    w->trial->result = *result;
    w->done = true;
}

void trial_measure(struct trial *t, const struct candidate *c)
{
    struct error e;
    struct image_written written;
    struct waiting w = {t, false};
    const struct board_job job = {.image_path = t->image_path, .placement = t->placement, .energy = t->energy};
    ck_assert_msg(session_lower(t->session, c, false, &e) == SESSION_OK, "%s", e.text);
    ck_assert_msg(session_image(t->session, t->image_path, &written, &e) == SESSION_OK, "%s", e.text);
    take_expected(t);
    ck_assert_msg(board_measure(t->board, &job, on_done, &w, &e) == 0, "%s", e.text);
    while (!w.done)
        uv_run(&t->loop, UV_RUN_ONCE);
    ck_assert_msg(t->result.failure == BOARD_OK, "%s: %s", board_failure_name(t->result.failure),
                  t->result.text);
}
