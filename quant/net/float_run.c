// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/net/float_run.h"

#include "quant/net/float_ops.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_MAX 64
#define BATCH_FLOATS ((size_t)4 << 20) // what the buffers of a batch of the run's own choice may hold

/* Which buffer holds each tensor, and how many floats per sample each buffer must have. */
struct layout {
    int n_buffers;
    int buffer[NET_OPS_MAX + 1];
    size_t floats[NET_OPS_MAX + 1];
};

static bool fits_better(const struct layout *l, int candidate, int best, size_t wanted)
{
    if (best < 0)
        return true;
    bool enough = l->floats[candidate] >= wanted, best_enough = l->floats[best] >= wanted;
    if (enough != best_enough)
        return enough;
    return enough ? l->floats[candidate] < l->floats[best] : l->floats[candidate] > l->floats[best];
}

/* The smallest free buffer that is large enough, else the largest free one, enlarged, else a new one. */
static void place(struct layout *l, const bool *taken, int tensor, size_t wanted)
{
    int best = -1;
    for (int b = 0; b < l->n_buffers; b++)
        if (!taken[b] && fits_better(l, b, best, wanted))
            best = b;
    if (best < 0) {
        best = l->n_buffers++;
        l->floats[best] = 0;
    }
    if (l->floats[best] < wanted)
        l->floats[best] = wanted;
    l->buffer[tensor] = best;
}

static void plan(const struct net *n, struct layout *l)
{
    bool alive[NET_OPS_MAX + 1];
    l->n_buffers = 1;
    l->buffer[n->input] = 0;
    l->floats[0] = net_elements(&n->tensors[n->input]);
    for (int i = 0; i < n->n_ops; i++) {
        bool taken[NET_OPS_MAX + 1] = {false};
        int out = n->ops[i].out;
        net_alive(n, i, alive);
        for (int t = 0; t < n->n_tensors; t++)
            if (alive[t] && t != out)
                taken[l->buffer[t]] = true;
        place(l, taken, out, net_elements(&n->tensors[out]));
    }
}

static int choose_batch(const struct layout *l, int wanted, struct error *e)
{
    size_t floats = 0;
    for (int b = 0; b < l->n_buffers; b++)
        floats += l->floats[b];
    size_t batch = (size_t)wanted;
    if (wanted <= 0) {
        batch = BATCH_FLOATS / floats;
        batch = batch < 1 ? 1 : batch > BATCH_MAX ? BATCH_MAX : batch;
    }
    if (floats > FLOAT_RUN_BYTES_MAX / sizeof(float) / batch)
        return error_set(e, "running the network needs more than %zu bytes of buffers", FLOAT_RUN_BYTES_MAX);
    return (int)batch;
}

static int allocate(struct float_run *r, const struct layout *l)
{
    const struct net *n = r->net;
    for (int i = 0; i < n->n_ops; i++) {
        size_t wanted = float_ops_scratch(n, &n->ops[i]);
        r->columns_size = wanted > r->columns_size ? wanted : r->columns_size;
    }
    r->tensors = calloc((size_t)n->n_tensors, sizeof *r->tensors);
    r->buffers = calloc((size_t)l->n_buffers, sizeof *r->buffers);
    r->columns = malloc((r->columns_size + 1) * sizeof *r->columns);
    if (!r->tensors || !r->buffers || !r->columns)
        return -1;
    r->n_buffers = l->n_buffers;
    for (int b = 0; b < l->n_buffers; b++)
        if (!(r->buffers[b] = malloc((size_t)r->batch * l->floats[b] * sizeof(float))))
            return -1;
    for (int t = 0; t < n->n_tensors; t++)
        r->tensors[t] = r->buffers[l->buffer[t]];
    return 0;
}

int float_run_init(struct float_run *r, const struct net *n, int batch, struct error *e)
{
    struct layout l;
    memset(r, 0, sizeof *r);
    r->net = n;
    plan(n, &l);
    r->batch = choose_batch(&l, batch, e);
    if (r->batch < 0)
        return -1;
    if (allocate(r, &l)) {
        float_run_finish(r);
        return error_set(e, "out of memory");
    }
    return 0;
}

void float_run_finish(struct float_run *r)
{
    for (int b = 0; b < r->n_buffers; b++)
        free(r->buffers[b]);
    free(r->buffers);
    free(r->tensors);
    free(r->columns);
    memset(r, 0, sizeof *r);
}

float *float_run_input(struct float_run *r)
{
    return r->tensors[r->net->input];
}

const float *float_run_go(struct float_run *r, int samples, float_run_see *see, void *userdata)
{
    const struct net *n = r->net;
    if (see)
        see(userdata, n->input, r->tensors[n->input], samples);
    for (int i = 0; i < n->n_ops; i++) {
        const struct net_op *op = &n->ops[i];
        const float *in[NET_INPUTS_MAX] = {NULL};
        for (int k = 0; k < net_inputs(op->kind) && op->in[k] >= 0; k++)
            in[k] = r->tensors[op->in[k]];
        float_ops_run(n, op, in, r->tensors[op->out], samples, r->columns);
        if (see)
            see(userdata, op->out, r->tensors[op->out], samples);
    }
    return r->tensors[n->output];
}

int float_run_argmax(const float *values, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        if (values[i] > values[best])
            best = i;
    return best;
}

int float_run_data(const struct net *n, const struct data *d, int first, int count, float_run_see *see,
                   float_run_done *done, void *userdata, struct error *e)
{
    struct float_run r;
    size_t out_elements = net_elements(&n->tensors[n->output]);
    if (float_run_init(&r, n, 0, e))
        return -1;
    for (int at = 0; at < count; at += r.batch) {
        int samples = count - at < r.batch ? count - at : r.batch;
        for (int s = 0; s < samples; s++)
            data_sample(d, first + at + s, float_run_input(&r) + (size_t)s * d->elements);
        const float *out = float_run_go(&r, samples, see, userdata);
        for (int s = 0; done && s < samples; s++)
            done(userdata, first + at + s, out + (size_t)s * out_elements);
    }
    float_run_finish(&r);
    return 0;
}

struct score {
    const int32_t *labels;
    int classes, correct, total;
};

static void count_answer(void *userdata, int sample, const float *outputs)
{
    struct score *s = userdata;
    if (s->labels[sample] < 0)
        return;
    s->total++;
    s->correct += float_run_argmax(outputs, s->classes) == s->labels[sample];
}

int float_run_score(const struct net *n, const struct data *d, const int32_t *labels, int *correct,
                    int *total, struct error *e)
{
    struct score s = {.labels = labels, .classes = (int)net_elements(&n->tensors[n->output])};
    if (float_run_data(n, d, 0, d->n, NULL, count_answer, &s, e))
        return -1;
    *correct = s.correct;
    *total = s.total;
    return 0;
}
