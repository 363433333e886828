// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The way back through RMSNorm and the selective scan, whose way forth is float_ops.c's and float_scan.c's.
#include "quant/tune/tape_sequence.h"

#include <math.h>
#include <string.h>

/* y_c = w_c x_c / r with r^2 = mean of x^2 + epsilon: dx_c = (w_c g_c - x_c (sum of w g x) / (n r^2)) / r. */
static void back_norm_pixel(const struct tape_op *t, const float *x, const float *out, float *in_slopes, size_t channels)
{
    double square = 0, sum = 0;
    for (size_t c = 0; c < channels; c++)
        square += (double)x[c] * (double)x[c];
    square = square / (double)channels + (double)t->op->epsilon;
    if (!(square > 0))
        return;
    double root = sqrt(square);
    for (size_t c = 0; c < channels; c++) {
        sum += (double)t->op->weights[c] * (double)out[c] * (double)x[c];
        t->weight_slopes[c] += (float)((double)out[c] * (double)x[c] / root);
    }
    for (size_t c = 0; c < channels && in_slopes; c++)
        in_slopes[c] += (float)(((double)t->op->weights[c] * (double)out[c] - (double)x[c] * sum / ((double)channels * square)) / root);
}

void tape_back_rmsnorm(const struct tape_op *t)
{
    size_t channels = (size_t)t->net->tensors[t->op->out].c, n = (size_t)t->samples * net_elements(&t->net->tensors[t->op->out]);
    for (size_t i = 0; i < n; i += channels)
        back_norm_pixel(t, t->in[0] + i, t->out_slopes + i, t->in_slopes[0] ? t->in_slopes[0] + i : NULL, channels);
}

/* One channel of one sample; its sizes, named once. */
struct course {
    const struct tape_op *op;
    int time, channels, states;
    int sample, channel;
    float *kept;   // [time + 1][states]: the states, zeros first
    float *decays; // [time][states]: exp(step A)
    float *carried; // [states]: slopes by the states of this time
};

static size_t time_of(const struct net *n, const struct net_op *op)
{
    return (size_t)n->tensors[op->out].h * (size_t)n->tensors[op->out].w;
}

size_t tape_scan_scratch(const struct net *n, const struct net_op *op)
{
    return 2 * (time_of(n, op) + 1) * (size_t)n->tensors[op->in[2]].c;
}

static double step_of(const struct net_op *op, float delta)
{
    return op->function.kind == FUNCTION_SOFTPLUS ? function_value(&op->function, (double)delta) : fmax((double)delta, 0);
}

static double step_slope(const struct net_op *op, float delta)
{
    return op->function.kind == FUNCTION_SOFTPLUS ? function_slope(&op->function, (double)delta) : delta > 0 ? 1 : 0;
}

/* Where time t of the channel stands in u, delta and y; of all states in B and C. */
static size_t place_of(const struct course *c, int t)
{
    return ((size_t)c->sample * (size_t)c->time + (size_t)t) * (size_t)c->channels + (size_t)c->channel;
}

static size_t states_place(const struct course *c, int t)
{
    return ((size_t)c->sample * (size_t)c->time + (size_t)t) * (size_t)c->states;
}

/* state' = exp(step A) state + step u B. */
static void run_course(const struct course *c)
{
    const float *a = c->op->op->weights + (size_t)c->channel * (size_t)c->states;
    memset(c->kept, 0, (size_t)c->states * sizeof *c->kept);
    for (int t = 0; t < c->time; t++) {
        const float *b = c->op->in[2] + states_place(c, t);
        float *state = c->kept + (size_t)t * (size_t)c->states, *decay = c->decays + (size_t)t * (size_t)c->states;
        float step = (float)step_of(c->op->op, c->op->in[1][place_of(c, t)]), u = c->op->in[0][place_of(c, t)];
        for (int i = 0; i < c->states; i++) {
            decay[i] = expf(step * a[i]);
            state[c->states + i] = decay[i] * state[i] + step * u * b[i];
        }
    }
}

static void add(float *to, size_t at, double slope)
{
    if (to)
        to[at] += (float)slope;
}

/* From the slope by y at time t, and by the states then, to everything that made them, and to the states before. */
static void back_step(const struct course *c, int t)
{
    const struct tape_op *op = c->op;
    size_t at = place_of(c, t), first = states_place(c, t), row = (size_t)c->channel * (size_t)c->states;
    const float *before = c->kept + (size_t)t * (size_t)c->states, *after = before + c->states;
    const float *decay = c->decays + (size_t)t * (size_t)c->states, *a = op->op->weights + row;
    double step = step_of(op->op, op->in[1][at]), u = (double)op->in[0][at], out = (double)op->out_slopes[at];
    double by_step = 0, by_u = op->op->bias ? out * (double)op->op->bias[c->channel] : 0;
    for (int i = 0; i < c->states; i++) {
        double b = (double)op->in[2][first + (size_t)i];
        double slope = (double)c->carried[i] + out * (double)op->in[3][first + (size_t)i];
        double by_exponent = slope * (double)before[i] * (double)decay[i];
        add(op->in_slopes[3], first + (size_t)i, out * (double)after[i]);
        add(op->in_slopes[2], first + (size_t)i, slope * step * u);
        add(op->weight_slopes, row + (size_t)i, by_exponent * step);
        by_step += by_exponent * (double)a[i] + slope * u * b;
        by_u += slope * step * b;
        c->carried[i] = (float)(slope * (double)decay[i]);
    }
    add(op->in_slopes[1], at, by_step * step_slope(op->op, op->in[1][at]));
    add(op->in_slopes[0], at, by_u);
    add(op->bias_slopes, (size_t)c->channel, out * u);
}

void tape_back_scan(const struct tape_op *t)
{
    const struct net_tensor *out = &t->net->tensors[t->op->out];
    struct course c = {.op = t, .time = (int)time_of(t->net, t->op), .channels = out->c, .states = t->net->tensors[t->op->in[2]].c};
    size_t course = (size_t)c.time * (size_t)c.states;
    c.kept = t->scratch, c.decays = c.kept + course + c.states, c.carried = c.decays + course;
    for (c.sample = 0; c.sample < t->samples; c.sample++)
        for (c.channel = 0; c.channel < c.channels; c.channel++) {
            run_course(&c);
            memset(c.carried, 0, (size_t)c.states * sizeof *c.carried);
            for (int time = c.time - 1; time >= 0; time--)
                back_step(&c, time);
        }
}
