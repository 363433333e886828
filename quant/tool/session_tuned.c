// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tool/session_tuned.h"

#include "base/log.h"
#include "quant/tune/tune.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool session_is_tuned(const struct session *s, const struct candidate *c)
{
    for (int i = 0; i < c->n && s->tune_steps > 0 && !*s->params.tuned; i++)
        if (c->layers[i].scheme == SCHEME_TRAINED)
            return true;
    return false;
}

static int tell(void *user, int step, int steps, double loss)
{
    struct session *s = user;
    s->loss = loss;
    s->kept = *s->params.folder && step % TUNE_CHECKPOINT_STEPS == 0;
    if (s->progress)
        s->progress(s->progress_user, "training", step, steps);
    s->loss = NAN;
    s->kept = false;
    return 0;
}

/* Trains into s->tuned and keeps it in the folder, if there is one. */
static enum session_fault train(struct session *s, const struct candidate *c, const struct tune_params *p, const char *path,
                                struct error *e)
{
    if (tune_candidate(&s->net, &s->quantized, &s->calibration, c, p, tell, s, &s->tuned, e))
        return SESSION_FAILED;
    if (!*s->params.folder)
        return SESSION_OK;
    if (quantized_save(&s->tuned, path, e)) {
        quantized_finish(&s->tuned);
        return SESSION_FAILED;
    }
    unlink(p->checkpoint);
    return SESSION_OK;
}

static struct tune_params params_of(const struct session *s)
{
    return (struct tune_params){.steps = s->tune_steps, .batch = TUNE_BATCH, .rate = TUNE_RATE, .seed = 1,
                                .calibration_samples = s->params.quantize.calibration_samples};
}

static enum session_fault load_or_train(struct session *s, const struct candidate *c, struct error *e)
{
    char path[PATH_MAX + 40], part[PATH_MAX + 40];
    uint8_t key[SHA256_BYTES];
    struct tune_params p = params_of(s);
    snprintf(path, sizeof path, "%s/tuned-%016" PRIx64 "-%d.bin", s->params.folder, candidate_hash(c), p.steps);
    snprintf(part, sizeof part, "%s/tuned-%016" PRIx64 "-%d.part", s->params.folder, candidate_hash(c), p.steps);
    tune_key(&s->quantized, c, &p, key);
    int loaded = *s->params.folder ? quantized_load(path, key, &s->tuned, e) : 1;
    if (loaded == 0)
        return SESSION_OK;
    if (loaded < 0)
        log_warning("%s; trained again", e->text);
    p.checkpoint = *s->params.folder ? part : NULL;
    return train(s, c, &p, path, e);
}

struct tune_params session_tune_params(const struct session *s)
{
    struct tune_params p = params_of(s);
    if (p.calibration_samples <= 0 || p.calibration_samples > s->calibration.n)
        p.calibration_samples = s->calibration.n;
    p.batch = tune_batch(&s->net, &p);
    return p;
}

enum session_fault session_tuned(struct session *s, const struct candidate *c, const struct quantized **q, struct error *e)
{
    *q = &s->quantized;
    if (!session_is_tuned(s, c))
        return SESSION_OK;
    if (!s->has_tuned || !candidate_equal(c, &s->tuned_candidate)) {
        if (s->has_tuned)
            quantized_finish(&s->tuned);
        s->has_tuned = false;
        enum session_fault fault = load_or_train(s, c, e);
        if (fault)
            return fault;
        s->has_tuned = true;
        s->tuned_candidate = *c;
    }
    *q = &s->tuned;
    return SESSION_OK;
}
