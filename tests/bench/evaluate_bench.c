// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// How fast the integer evaluator is: a network over N samples, beside the same multiply-accumulates in
// OpenBLAS sgemm. usage: evaluate_bench NETWORK SAMPLES.npy [N [SETTING [THREADS]]]
#include "quant/evaluate/evaluator.h"
#include "quant/import/import.h"
#include "quant/program/lowered.h"
#include "quant/quantize/quantized.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define REPEATS 5       // the fastest counts
#define GEMM_SAMPLES 50 // of one product

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int fail(const struct error *e)
{
    fprintf(stderr, "%s\n", e->text);
    return 1;
}

/* All products of one layer for n samples: [pixels of GEMM_SAMPLES samples][k] times [k][channels of a
 * group]. */
static double layer_seconds(const struct net *n, const struct net_op *op, int samples)
{
    const struct net_tensor *out = &n->tensors[op->out];
    int groups = op->kind == NET_CONV ? op->groups : 1, columns = out->c / groups;
    int k = (int)(net_weight_count(n, op) / (size_t)out->c), rows = out->h * out->w * GEMM_SAMPLES;
    float *a = calloc((size_t)rows * (size_t)k, sizeof *a),
          *b = calloc((size_t)k * (size_t)columns, sizeof *b);
    float *c = calloc((size_t)rows * (size_t)columns, sizeof *c);
    double start = seconds();
    for (int at = 0; at < samples; at += GEMM_SAMPLES)
        for (int g = 0; g < groups; g++)
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, columns, k, 1, a, k, b, columns, 0,
                        c, columns);
    double took = seconds() - start;
    free(a);
    free(b);
    free(c);
    return took;
}

static double gemm_seconds(const struct net *n, int samples)
{
    double best = 1e30;
    for (int i = 0; i < REPEATS; i++) {
        double sum = 0;
        for (int k = 0; k < n->n_layers; k++)
            sum += layer_seconds(n, &n->ops[n->layers[k].op], samples);
        best = sum < best ? sum : best;
    }
    return best;
}

static double evaluator_seconds(const struct lowered *l, const struct data *d, int samples, int threads,
                                struct error *e)
{
    uint8_t *outputs = malloc((size_t)samples * program_output(&l->program)->bytes);
    double best = 1e30;
    for (int i = 0; i < REPEATS; i++) {
        double start = seconds();
        struct evaluator *v = evaluator_create(&l->program, lowered_blobs(l), threads, e);
        for (int done = 0; v && done < samples; done += d->n) {
            int n = samples - done < d->n ? samples - done : d->n;
            evaluator_outputs(v, d, 0, n, outputs, e);
        }
        evaluator_destroy(v);
        double took = seconds() - start;
        best = took < best ? took : best;
    }
    free(outputs);
    return best;
}

int main(int argc, char **argv)
{
    struct error e = {""};
    struct net n;
    struct data d;
    struct data_transform identity = {0};
    struct quantize_params p = {.clipping = CLIPPING_MSE, .n_options = 1, .calibration_samples = 64};
    struct quantized q;
    struct lowered l;
    struct candidate c;
    int samples = argc > 3 ? atoi(argv[3]) : 1000, threads = argc > 5 ? atoi(argv[5]) : 2;
    if (argc < 3 || samples < 1)
        return fputs("usage: evaluate_bench NETWORK SAMPLES.npy [N [SETTING [THREADS]]]\n", stderr), 2;
    if (setting_parse(argc > 4 ? argv[4] : "w8a8", &p.options[0], &e) || import_network(argv[1], &n, &e) ||
        data_open(argv[2], &n.tensors[n.input], &identity, &d, &e) ||
        quantize_network(&n, &d, &p, NULL, NULL, &q, &e))
        return fail(&e);
    candidate_fill(&c, n.n_slots, p.options[0]);
    if (lowered_make(&n, &q, &c, NULL, &l, &e))
        return fail(&e);
    openblas_set_num_threads(threads);
    double integers = evaluator_seconds(&l, &d, samples, threads, &e), floats = gemm_seconds(&n, samples),
           macs = 0;
    for (int i = 0; i < n.n_layers; i++)
        macs += (double)net_macs(&n, &n.ops[n.layers[i].op]) * samples;
    printf("%d samples, %.2f G multiply-accumulates, %d threads: evaluator %.3f s (%.1f G/s), sgemm %.3f s "
           "(%.1f G/s), ratio %.2f\n",
           samples, macs / 1e9, threads, integers, macs / 1e9 / integers, floats, macs / 1e9 / floats,
           integers / floats);
    lowered_finish(&l);
    quantized_finish(&q);
    data_close(&d);
    net_finish(&n);
    return 0;
}
