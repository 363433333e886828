// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/mlp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static float *floats(int n)
{
    float *f = calloc((size_t)n, sizeof *f);
    if (!f)
        abort();
    return f;
}

void mlp_init(struct mlp *m, const int *sizes, int n_layers, float last, struct rng *r)
{
    *m = (struct mlp){.n_layers = n_layers};
    for (int l = 0; l <= n_layers; l++) {
        m->sizes[l] = sizes[l];
        m->activation[l] = floats(sizes[l]);
        m->delta[l] = floats(sizes[l]);
        if (l)
            m->n += (sizes[l - 1] + 1) * sizes[l];
    }
    m->parameters = floats(m->n);
    m->gradient = floats(m->n);
    m->m = floats(m->n);
    m->v = floats(m->n);
    float *w = m->parameters;
    for (int l = 0; l < n_layers; l++) {
        float bound = last > 0 && l == n_layers - 1 ? last : 1 / sqrtf((float)sizes[l]);
        for (int i = 0; i < (sizes[l] + 1) * sizes[l + 1]; i++)
            *w++ = bound * (float)(2 * rng_uniform(r) - 1);
    }
}

void mlp_finish(struct mlp *m)
{
    for (int l = 0; l <= m->n_layers; l++) {
        free(m->activation[l]);
        free(m->delta[l]);
    }
    free(m->parameters);
    free(m->gradient);
    free(m->m);
    free(m->v);
}

void mlp_copy(struct mlp *to, const struct mlp *from, float share)
{
    for (int i = 0; i < to->n; i++)
        to->parameters[i] += share * (from->parameters[i] - to->parameters[i]);
}

const float *mlp_forward(struct mlp *m, const float *input)
{
    const float *w = m->parameters;
    memcpy(m->activation[0], input, (size_t)m->sizes[0] * sizeof *input);
    for (int l = 0; l < m->n_layers; l++) {
        int in = m->sizes[l], out = m->sizes[l + 1];
        const float *x = m->activation[l], *bias = w + in * out;
        for (int o = 0; o < out; o++, w += in) {
            float sum = bias[o];
            for (int i = 0; i < in; i++)
                sum += w[i] * x[i];
            m->activation[l + 1][o] = l < m->n_layers - 1 && sum < 0 ? 0 : sum;
        }
        w += out;
    }
    return m->activation[m->n_layers];
}

const float *mlp_backward(struct mlp *m, const float *d_output)
{
    const float *w = m->parameters + m->n;
    float *g = m->gradient + m->n;
    memcpy(m->delta[m->n_layers], d_output, (size_t)m->sizes[m->n_layers] * sizeof *d_output);
    for (int l = m->n_layers - 1; l >= 0; l--) {
        int in = m->sizes[l], out = m->sizes[l + 1];
        const float *x = m->activation[l];
        float *below = m->delta[l];
        w -= (in + 1) * out;
        g -= (in + 1) * out;
        memset(below, 0, (size_t)in * sizeof *below);
        for (int o = 0; o < out; o++) {
            float d = m->delta[l + 1][o];
            if (l < m->n_layers - 1 && m->activation[l + 1][o] <= 0)
                continue;
            for (int i = 0; i < in; i++) {
                g[o * in + i] += d * x[i];
                below[i] += d * w[o * in + i];
            }
            g[in * out + o] += d;
        }
    }
    return m->delta[0];
}

void mlp_descend(struct mlp *m, float learning_rate)
{
    m->steps++;
    float fix1 = 1 - powf(0.9f, (float)m->steps), fix2 = 1 - powf(0.999f, (float)m->steps);
    for (int i = 0; i < m->n; i++) {
        m->m[i] = 0.9f * m->m[i] + 0.1f * m->gradient[i];
        m->v[i] = 0.999f * m->v[i] + 0.001f * m->gradient[i] * m->gradient[i];
        m->parameters[i] -= learning_rate * (m->m[i] / fix1) / (sqrtf(m->v[i] / fix2) + 1e-8f);
    }
    memset(m->gradient, 0, (size_t)m->n * sizeof *m->gradient);
}
