// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/subject.h"

#include "quant/evaluate/evaluator.h"
#include "quant/import/import.h"
#include "quant/program/footprint.h"
#include "quant/program/lowered.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int open_files(struct subject *s, const struct subject_files *f, struct error *e)
{
    if (import_network(f->network, &s->net, e) != 0)
        return -1;
    const struct net_tensor *in = &s->net.tensors[s->net.input];
    int classes = (int)net_elements(&s->net.tensors[s->net.output]);
    return data_open(f->calibration, in, &f->transform, &s->calibration, e) != 0 ||
                   data_open(f->samples, in, &f->transform, &s->samples, e) != 0 ||
                   data_labels(f->labels, s->samples.n, classes, &s->labels, e) != 0
               ? -1
               : 0;
}

/* Multiplications and geometry, as the worker tells them: those of a slot's largest layer, which has `most` so far. */
static void fill_layer(const struct net *n, const struct net_op *op, double *most, struct space_slot *to)
{
    const struct net_tensor *in = &n->tensors[op->in[0]], *out = &n->tensors[op->out];
    bool windowed = net_has_window(op->kind);
    double macs = (double)net_macs(n, op);
    to->macs += macs;
    if (macs <= *most)
        return;
    *most = macs;
    to->geometry = (struct space_geometry){.taps = windowed ? op->kernel_h * op->kernel_w : 1, .stride = windowed ? sqrt(op->stride_h * op->stride_w) : 0,
                                           .inputs = in->c, .outputs = out->c, .pixels = out->h * out->w, .depthwise = net_is_depthwise(n, op)};
}

static void fill_slots(struct subject *s)
{
    struct space *space = &s->space;
    double most[SPACE_SLOTS_MAX] = {0};
    for (int i = 0; i < s->net.n_layers; i++)
        fill_layer(&s->net, &s->net.ops[s->net.layers[i].op], &most[s->net.layers[i].slot], &space->slots[s->net.layers[i].slot]);
    for (int slot = 0; slot < space->n_slots; slot++) {
        struct space_slot *to = &space->slots[slot];
        to->parameters = (double)footprint_slot(&s->net, slot, space->options[0]);
        to->allowed = (uint32_t)((UINT64_C(1) << space->n_options) - 1);
        for (int o = 0; o < space->n_options; o++) {
            to->flash_bytes[o] = footprint_slot(&s->net, slot, space->options[o]);
            to->sensitivity[o] = s->quantized.sensitivity[slot * space->n_options + o];
        }
    }
}

static int fill_steps(struct subject *s)
{
    struct footprint_step *steps = calloc((size_t)s->net.n_ops, sizeof *steps);
    if (!steps)
        return -1;
    footprint_steps(&s->net, s->space.options, s->space.n_options, steps);
    s->space.n_steps = s->net.n_ops;
    for (int i = 0; i < s->net.n_ops; i++) {
        struct space_step *to = &s->space.steps[i];
        to->fixed_bytes = steps[i].fixed_bytes;
        to->n = steps[i].n;
        for (int k = 0; k < to->n; k++) {
            to->slot[k] = (uint16_t)steps[i].slot[k];
            to->slot_bytes[k] = steps[i].slot_bytes[k];
        }
    }
    free(steps);
    return 0;
}

int subject_open(struct subject *s, const struct subject_files *files, const struct setting *options, int n_options, int n_samples,
                 struct error *e)
{
    struct quantize_params p = {.clipping = CLIPPING_MSE, .n_options = n_options};
    memset(s, 0, sizeof *s);
    memcpy(p.options, options, (size_t)n_options * sizeof *options);
    if (open_files(s, files, e) != 0 || quantize_network(&s->net, &s->calibration, &p, NULL, NULL, &s->quantized, e) != 0)
        return -1;
    s->n_samples = n_samples;
    s->space.n_slots = s->net.n_slots;
    s->space.n_options = n_options;
    s->space.flash_fixed_bytes = footprint_fixed(&s->net);
    s->space.flash_budget_bytes = s->space.ram_budget_bytes = INT64_MAX;
    memcpy(s->space.options, options, (size_t)n_options * sizeof *options);
    fill_slots(s);
    return fill_steps(s) ? error_set(e, "out of memory") : 0;
}

void subject_close(struct subject *s)
{
    quantized_finish(&s->quantized);
    free(s->labels);
    data_close(&s->samples);
    data_close(&s->calibration);
    net_finish(&s->net);
}

int subject_measure(const struct subject *s, const struct candidate *c, struct subject_figures *f, struct error *e)
{
    struct lowered l;
    struct score score = {0};
    if (lowered_make(&s->net, &s->quantized, c, NULL, &l, e) != 0)
        return -1;
    struct evaluator *v = evaluator_create(&l.program, lowered_blobs(&l), 1, e);
    int rc = v ? evaluator_score(v, &s->samples, s->labels, 0, s->n_samples, &score, e) : -1;
    *f = (struct subject_figures){score.correct, score.total, l.flash_bytes, l.ram_bytes};
    if (v)
        evaluator_destroy(v);
    lowered_finish(&l);
    return rc;
}
