// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/mlp.h"

#include <cblas.h>
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

void mlp_init(struct mlp *m, const int *sizes, int n_layers, int batch_max, struct rng *r)
{
    *m = (struct mlp){.n_layers = n_layers, .batch_max = batch_max};
    for (int l = 0; l <= n_layers; l++) {
        m->sizes[l] = sizes[l];
        m->activation[l] = floats(sizes[l] * batch_max);
        m->delta[l] = floats(sizes[l] * batch_max);
        if (l)
            m->n += (sizes[l - 1] + 1) * sizes[l];
    }
    m->parameters = floats(m->n);
    m->gradient = floats(m->n);
    m->m = floats(m->n);
    m->v = floats(m->n);
    float *w = m->parameters;
    for (int l = 0; l < n_layers; l++)
        for (int i = 0; i < (sizes[l] + 1) * sizes[l + 1]; i++)
            *w++ = (float)((2 * rng_uniform(r) - 1) / sqrt(sizes[l]));
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

/* y[batch][out] = x[batch][in] w^T + bias, ReLU unless it is the last layer */
static void layer_forward(struct mlp *m, int l, const float *w)
{
    int in = m->sizes[l], out = m->sizes[l + 1], n = m->batch;
    const float *bias = w + in * out;
    float *y = m->activation[l + 1];
    for (int b = 0; b < n; b++)
        memcpy(y + b * out, bias, (size_t)out * sizeof *y);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, out, in, 1, m->activation[l], in, w, in, 1, y, out);
    for (int i = 0; i < n * out && l < m->n_layers - 1; i++)
        y[i] = y[i] < 0 ? 0 : y[i];
}

const float *mlp_forward(struct mlp *m, const float *input, int batch)
{
    const float *w = m->parameters;
    m->batch = batch;
    memcpy(m->activation[0], input, (size_t)(m->sizes[0] * batch) * sizeof *input);
    for (int l = 0; l < m->n_layers; l++) {
        layer_forward(m, l, w);
        w += (m->sizes[l] + 1) * m->sizes[l + 1];
    }
    return m->activation[m->n_layers];
}

static void layer_backward(struct mlp *m, int l, const float *w, float *g)
{
    int in = m->sizes[l], out = m->sizes[l + 1], n = m->batch;
    float *d = m->delta[l + 1];
    for (int i = 0; i < n * out && l < m->n_layers - 1; i++)
        d[i] = m->activation[l + 1][i] > 0 ? d[i] : 0;
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, out, in, n, 1, d, out, m->activation[l], in, 1, g, in);
    for (int i = 0; i < n * out; i++)
        g[in * out + i % out] += d[i];
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, in, out, 1, d, out, w, in, 0, m->delta[l], in);
}

const float *mlp_backward(struct mlp *m, const float *d_output)
{
    int at = m->n;
    memcpy(m->delta[m->n_layers], d_output, (size_t)(m->sizes[m->n_layers] * m->batch) * sizeof *d_output);
    for (int l = m->n_layers - 1; l >= 0; l--) {
        at -= (m->sizes[l] + 1) * m->sizes[l + 1];
        layer_backward(m, l, m->parameters + at, m->gradient + at);
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
