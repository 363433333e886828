// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tune/tune.h"

#include "base/rng.h"
#include "quant/net/float_run.h"
#include "quant/tune/tune_file.h"
#include "quant/tune/tune_loss.h"
#include "quant/tune/tuner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RISING_STEPS 20.0
#define LOSS_SHARE 0.05 // of a batch in the loss that is shown
#define MEMORY_MAX ((size_t)1 << 30) // of a batch: larger ones are made smaller

/* What the float network gives. */
struct teacher {
    size_t elements; // of an output
    float *outputs;  // [samples][elements]
    double power;    // mean square of a sample's outputs
};

static void see_output(void *user, int sample, const float *outputs)
{
    struct teacher *t = user;
    memcpy(t->outputs + (size_t)sample * t->elements, outputs, t->elements * sizeof *outputs);
    for (size_t i = 0; i < t->elements; i++)
        t->power += (double)outputs[i] * (double)outputs[i];
}

static int ask_teacher(struct teacher *t, const struct net *n, const struct data *d, int samples, struct error *e)
{
    t->elements = net_elements(&n->tensors[n->output]), t->power = 0;
    t->outputs = malloc((size_t)samples * t->elements * sizeof *t->outputs);
    if (!t->outputs)
        return error_set(e, "out of memory");
    if (float_run_data(n, d, 0, samples, NULL, see_output, t, e))
        return -1;
    t->power = fmax(t->power / samples, 1e-30);
    return 0;
}

struct training {
    const struct data *data;
    const struct tune_params *params;
    int samples, batch;
    struct teacher teacher;
    struct tuner tuner;
    int *order;    // of the samples in the epoch at hand
    int epoch;
    float *wanted; // [batch][elements]
    double loss;
};

/* Each epoch has its own order, which depends on nothing but the seed. */
static void shuffle(struct training *t, int epoch)
{
    struct rng r;
    rng_seed(&r, t->params->seed, (uint64_t)epoch + 1);
    for (int i = 0; i < t->samples; i++)
        t->order[i] = i;
    for (int i = t->samples - 1; i > 0; i--) {
        int k = (int)rng_below(&r, (uint32_t)i + 1), kept = t->order[i];
        t->order[i] = t->order[k], t->order[k] = kept;
    }
    t->epoch = epoch;
}

static void take_batch(struct training *t, int step)
{
    struct tape *tape = &t->tuner.tape;
    for (int i = 0; i < t->batch; i++) {
        int64_t at = (int64_t)step * t->batch + i;
        if (t->epoch != (int)(at / t->samples))
            shuffle(t, (int)(at / t->samples));
        int sample = t->order[at % t->samples];
        data_sample(t->data, sample, tape->raw[t->tuner.net->input] + (size_t)i * t->data->elements);
        memcpy(t->wanted + (size_t)i * t->teacher.elements, t->teacher.outputs + (size_t)sample * t->teacher.elements,
               t->teacher.elements * sizeof *t->wanted);
    }
}

/* Rises at first, while Adam knows little, then a cosine to nothing (Loshchilov and Hutter, arXiv:1608.03983). */
static double rate_at(const struct tune_params *p, int step)
{
    double rate = p->rate > 0 ? p->rate : TUNE_RATE, rising = (step + 1.0) / RISING_STEPS;
    return rate * fmin(rising, 1) * (1 + cos(M_PI * step / p->steps)) / 2;
}

static void train_step(struct training *t, int step)
{
    const struct net *n = t->tuner.net;
    struct tape *tape = &t->tuner.tape;
    take_batch(t, step);
    tuner_forward(&t->tuner, t->batch);
    double loss = tune_loss(&n->tensors[n->output], t->batch, tape->values[n->output], t->wanted, t->teacher.power,
                            tape->slopes[n->output]);
    t->loss = t->loss > 0 ? t->loss + LOSS_SHARE * (loss - t->loss) : loss;
    tuner_backward(&t->tuner, t->batch);
    tuner_adam(&t->tuner, step + 1, rate_at(t->params, step));
}

static int keep(struct training *t, const uint8_t *key, int step, struct error *e)
{
    const char *path = t->params->checkpoint;
    return path ? tune_file_save(path, key, &t->tuner, step, t->loss, e) : 0;
}

static int train(struct training *t, const uint8_t *key, tune_progress *progress, void *user, struct error *e)
{
    const struct tune_params *p = t->params;
    int step = 0;
    if (p->checkpoint)
        tune_file_load(p->checkpoint, key, &t->tuner, &step, &t->loss);
    while (step < p->steps) {
        train_step(t, step++);
        bool due = step % TUNE_CHECKPOINT_STEPS == 0;
        if (due && keep(t, key, step, e))
            return -1;
        bool stop = progress && progress(user, step, p->steps, t->loss);
        if (stop && !due && keep(t, key, step, e))
            return -1;
        if (stop && step < p->steps)
            return TUNE_STOPPED;
    }
    return 0;
}

int tune_batch(const struct net *n, const struct tune_params *p)
{
    size_t most = MEMORY_MAX / tape_sample_bytes(n);
    int batch = p->batch > 0 ? p->batch : TUNE_BATCH;
    return most < 1 ? 1 : (size_t)batch > most ? (int)most : batch;
}

static int begin(struct training *t, const struct net *n, const struct quantized *q, const struct candidate *c, struct error *e)
{
    t->batch = tune_batch(n, t->params);
    t->order = malloc((size_t)t->samples * sizeof *t->order);
    t->wanted = malloc((size_t)t->batch * net_elements(&n->tensors[n->output]) * sizeof *t->wanted);
    if (!t->order || !t->wanted)
        return error_set(e, "out of memory");
    return ask_teacher(&t->teacher, n, t->data, t->samples, e) || tuner_init(&t->tuner, n, q, c, t->batch, e) ? -1 : 0;
}

static int check(const struct net *n, const struct quantized *q, const struct candidate *c, const struct tune_params *p,
                 struct error *e)
{
    char text[SETTING_TEXT_MAX];
    if (p->steps < 1 || p->steps > TUNE_STEPS_MAX || p->batch < 0 || p->batch > TUNE_BATCH_MAX)
        return error_set(e, "training takes 1 to %d steps of at most %d samples", TUNE_STEPS_MAX, TUNE_BATCH_MAX);
    if (c->n != n->n_slots || q->n_layers != n->n_layers || q->n_tensors != n->n_tensors)
        return error_set(e, "candidate, network and quantized weights do not go together");
    for (int i = 0; i < n->n_layers; i++) {
        struct setting s = c->layers[n->layers[i].slot];
        if (s.scheme == SCHEME_FLOAT32 || s.a_bits > QUANTIZED_BITS_MAX || !quantized_weights_of(q, i, s))
            return error_set(e, "%s is not among the options that were quantized", setting_format(s, text));
    }
    for (int i = 0; i < n->n_tensors; i++) {
        int slot = net_tensor_slot(n, i);
        if (slot >= 0 && !(q->tensors[i].at[c->layers[slot].a_bits].scale > 0))
            return error_set(e, "activations of %u bits are not among the options that were quantized", c->layers[slot].a_bits);
    }
    return 0;
}

int tune_candidate(const struct net *n, const struct quantized *q, const struct data *calibration, const struct candidate *c,
                   const struct tune_params *p, tune_progress *progress, void *user, struct quantized *to, struct error *e)
{
    struct training t = {.data = calibration, .params = p, .epoch = -1, .samples = p->calibration_samples};
    uint8_t key[SHA256_BYTES];
    memset(to, 0, sizeof *to);
    if (check(n, q, c, p, e))
        return error_wrap(e, "training");
    if (t.samples <= 0 || t.samples > calibration->n)
        t.samples = calibration->n;
    tune_key(q, c, p, key);
    int result = begin(&t, n, q, c, e) ? -1 : train(&t, key, progress, user, e);
    if (!result && !(result = quantized_of_candidate(q, c, to, e))) {
        tuner_give(&t.tuner, to);
        memcpy(to->key, key, sizeof key);
    }
    if (t.tuner.net)
        tuner_finish(&t.tuner);
    free(t.teacher.outputs);
    free(t.order);
    free(t.wanted);
    return result < 0 ? error_wrap(e, "training") : result;
}

void tune_key(const struct quantized *q, const struct candidate *c, const struct tune_params *p, uint8_t key[SHA256_BYTES])
{
    struct sha256 s;
    const uint32_t version = TUNE_FILE_VERSION;
    const int numbers[] = {p->steps, p->batch, p->calibration_samples, c->n};
    sha256_init(&s);
    sha256_update(&s, q->key, sizeof q->key);
    sha256_update(&s, &version, sizeof version);
    sha256_update(&s, numbers, sizeof numbers);
    sha256_update(&s, &p->rate, sizeof p->rate);
    sha256_update(&s, &p->seed, sizeof p->seed);
    sha256_update(&s, c->layers, (size_t)c->n * sizeof *c->layers);
    sha256_finish(&s, key);
}
