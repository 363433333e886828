// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Each thread takes whole samples through the whole network: activations of one sample stay in its cache, and
// no result depends on how many threads there are.
#include "quant/evaluate/evaluator.h"

#include "quant/evaluate/step.h"
#include "quant/kernels/pack.h"
#include "quant/program/lowered.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* What one thread works in. */
struct bench {
    int16_t **tensors; // [n_tensors], unpacked
    int16_t *plane;
    uint8_t *arena; // for program_run, and for operations that only the kernels have
    uint8_t *input; // a sample in the program's format
    float *sample;
};

struct evaluator {
    const struct program *program;
    const void *const *blobs;
    int threads;
    struct step *steps;    // [n_ops]; NULL: float32
    struct bench *benches; // [threads]
};

static size_t elements_of(const struct image_tensor *t)
{
    return (size_t)t->h * t->w * t->c;
}

static size_t aligned(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static bool is_float(const struct program *p)
{
    return program_input(p)->bits == 32;
}

static int init_steps(struct evaluator *v, const struct exact_loops *loops)
{
    const struct program *p = v->program;
    v->steps = calloc(p->header->n_ops, sizeof *v->steps);
    for (uint32_t i = 0; v->steps && i < p->header->n_ops; i++)
        if (step_init(&v->steps[i], p, &p->ops[i], v->blobs, loops))
            return -1;
    return v->steps ? 0 : -1;
}

static int init_bench(const struct evaluator *v, struct bench *b)
{
    const struct program *p = v->program;
    b->sample = malloc(elements_of(program_input(p)) * sizeof *b->sample);
    b->input = malloc(program_input(p)->bytes);
    if (!b->sample || !b->input)
        return -1;
    if (!(b->arena = aligned_alloc(64, aligned(p->header->arena_bytes) + 64)))
        return -1;
    if (!v->steps)
        return 0;
    size_t plane = 0;
    for (uint32_t i = 0; i < p->header->n_ops; i++) {
        size_t n = step_plane_elements(&v->steps[i]);
        plane = n > plane ? n : plane;
    }
    b->plane = calloc(plane + EXACT_SLACK, sizeof *b->plane);
    b->tensors = calloc(p->header->n_tensors, sizeof *b->tensors);
    for (uint32_t i = 0; b->tensors && i < p->header->n_tensors; i++)
        if (!(b->tensors[i] = calloc(elements_of(&p->tensors[i]) + EXACT_SLACK, sizeof(int16_t))))
            return -1;
    return b->plane && b->tensors ? 0 : -1;
}

static void finish_bench(const struct evaluator *v, struct bench *b)
{
    for (uint32_t i = 0; b->tensors && i < v->program->header->n_tensors; i++)
        free(b->tensors[i]);
    free(b->tensors);
    free(b->plane);
    free(b->arena);
    free(b->input);
    free(b->sample);
}

struct evaluator *evaluator_create_with(const struct program *p, const void *const *blobs, int threads,
                                        const struct exact_loops *loops, struct error *e)
{
    threads = threads < 1 ? 1 : threads > EVALUATOR_THREADS_MAX ? EVALUATOR_THREADS_MAX : threads;
    struct evaluator *v = calloc(1, sizeof *v);
    bool made = v != NULL;
    if (made) {
        *v = (struct evaluator){p, blobs, threads, NULL, calloc((size_t)threads, sizeof *v->benches)};
        made = v->benches && (is_float(p) || init_steps(v, loops) == 0);
    }
    for (int i = 0; made && i < threads; i++)
        made = init_bench(v, &v->benches[i]) == 0;
    if (made)
        return v;
    evaluator_destroy(v);
    error_set(e, "out of memory");
    return NULL;
}

struct evaluator *evaluator_create(const struct program *p, const void *const *blobs, int threads,
                                   struct error *e)
{
    return evaluator_create_with(p, blobs, threads, exact_loops_best(), e);
}

void evaluator_destroy(struct evaluator *v)
{
    if (!v)
        return;
    for (int i = 0; v->benches && i < v->threads; i++)
        finish_bench(v, &v->benches[i]);
    for (uint32_t i = 0; v->steps && i < v->program->header->n_ops; i++)
        step_finish(&v->steps[i]);
    free(v->benches);
    free(v->steps);
    free(v);
}

static void run_float(const struct evaluator *v, struct bench *b, const void *input, void *output)
{
    const struct image_tensor *in = program_input(v->program), *out = program_output(v->program);
    memcpy(b->arena + in->arena_offset, input, in->bytes);
    program_run(v->program, v->blobs, b->arena, NULL);
    memcpy(output, b->arena + out->arena_offset, out->bytes);
}

/* By the kernel itself, on tensors packed to where the program has them. */
static void run_kernel(const struct evaluator *v, struct bench *b, uint32_t i)
{
    const struct program *p = v->program;
    const struct image_op *op = &p->ops[i];
    const uint16_t in[] = {op->in0, op->in1, op->in2, op->in3};
    for (int k = 0; k < (op->kind == IMAGE_SCAN ? 4 : 1); k++) {
        const struct image_tensor *t = &p->tensors[in[k]];
        pack_run(b->arena + t->arena_offset, b->tensors[in[k]], 0, elements_of(t), t->bits);
    }
    program_run_op(p, i, v->blobs, b->arena);
    const struct image_tensor *out = &p->tensors[op->out];
    unpack_run(b->tensors[op->out], b->arena + out->arena_offset, 0, elements_of(out), out->bits, 0);
}

static void run_sample(const struct evaluator *v, struct bench *b, const void *input, void *output)
{
    const struct program *p = v->program;
    const struct image_tensor *in = program_input(p), *out = program_output(p);
    if (!v->steps) {
        run_float(v, b, input, output);
        return;
    }
    unpack_run(b->tensors[p->header->input], input, 0, elements_of(in), in->bits, 0);
    for (uint32_t i = 0; i < p->header->n_ops; i++) {
        const struct image_op *op = &p->ops[i];
        if (step_is_kernel(op))
            run_kernel(v, b, i);
        else
            step_run(&v->steps[i], b->tensors[op->in0], op->in1 != 0xffff ? b->tensors[op->in1] : NULL,
                     b->tensors[op->out], b->plane);
    }
    memset(output, 0, out->bytes);
    pack_run(output, b->tensors[p->header->output], 0, elements_of(out), out->bits);
}

void evaluator_run(struct evaluator *v, const void *input, void *output)
{
    run_sample(v, &v->benches[0], input, output);
}

/* A thread's share: places first..end-1 of the list of samples. */
struct share {
    const struct evaluator *v;
    struct bench *bench;
    const struct data *data;
    const int *samples;
    int first, end;
    uint8_t *outputs;
};

static void *run_share(void *arg)
{
    struct share *s = arg;
    size_t bytes = program_output(s->v->program)->bytes;
    for (int i = s->first; i < s->end; i++) {
        data_sample(s->data, s->samples[i], s->bench->sample);
        lowered_put_input(s->v->program, s->bench->sample, s->bench->input);
        run_sample(s->v, s->bench, s->bench->input, s->outputs + (size_t)i * bytes);
    }
    return NULL;
}

/* Runs the listed samples. A thread that cannot be started is done here. */
static void run_all(struct evaluator *v, const struct data *d, const int *samples, int n, uint8_t *outputs)
{
    struct share shares[EVALUATOR_THREADS_MAX];
    pthread_t threads[EVALUATOR_THREADS_MAX];
    bool started[EVALUATOR_THREADS_MAX] = {false};
    for (int i = 0; i < v->threads; i++) {
        shares[i] = (struct share){v,
                                   &v->benches[i],
                                   d,
                                   samples,
                                   (int)((int64_t)n * i / v->threads),
                                   (int)((int64_t)n * (i + 1) / v->threads),
                                   outputs};
        if (i > 0)
            started[i] = pthread_create(&threads[i], NULL, run_share, &shares[i]) == 0;
    }
    for (int i = 0; i < v->threads; i++)
        if (!started[i])
            run_share(&shares[i]);
    for (int i = 0; i < v->threads; i++)
        if (started[i])
            pthread_join(threads[i], NULL);
}

static int check_data(const struct evaluator *v, const struct data *d, struct error *e)
{
    size_t wanted = elements_of(program_input(v->program));
    return d->elements == wanted
               ? 0
               : error_set(e, "samples of %zu values, the program takes %zu", d->elements, wanted);
}

int evaluator_outputs(struct evaluator *v, const struct data *d, int first, int n, uint8_t *outputs,
                      struct error *e)
{
    if (check_data(v, d, e))
        return -1;
    if (first < 0 || n < 0 || n > d->n - first)
        return error_set(e, "samples %d to %d of %d", first, first + n - 1, d->n);
    int *samples = malloc(((size_t)n + 1) * sizeof *samples);
    if (!samples)
        return error_set(e, "out of memory");
    for (int i = 0; i < n; i++)
        samples[i] = first + i;
    run_all(v, d, samples, n, outputs);
    free(samples);
    return 0;
}

int evaluator_outputs_of(struct evaluator *v, const struct data *d, const int *samples, int n, uint8_t *outputs, struct error *e)
{
    if (check_data(v, d, e))
        return -1;
    run_all(v, d, samples, n, outputs);
    return 0;
}

/* The labelled samples of a range. Returns how many there are. */
static int list_labelled(const struct data *d, const int32_t *labels, const struct score_range *r, int *samples)
{
    int seen = 0, listed = 0, reached = 0;
    for (int i = 0; i < d->n; i++) {
        if (labels[i] < 0)
            continue;
        if (seen++ >= r->first && (r->n < 0 || reached < r->n) && reached++ % r->every == r->offset)
            samples[listed++] = i;
    }
    return listed;
}

int evaluator_labelled(const struct data *d, const int32_t *labels, int first, int n, int *samples)
{
    return list_labelled(d, labels, &(struct score_range){first, n, 1, 0}, samples);
}

int evaluator_score(struct evaluator *v, const struct data *d, const int32_t *labels, int first, int n,
                    struct score *s, struct error *e)
{
    return evaluator_score_range(v, d, labels, &(struct score_range){first, n, 1, 0}, s, e);
}

int evaluator_score_range(struct evaluator *v, const struct data *d, const int32_t *labels, const struct score_range *range,
                          struct score *s, struct error *e)
{
    size_t bytes = program_output(v->program)->bytes;
    if (check_data(v, d, e))
        return -1;
    int *samples = malloc(((size_t)d->n + 1) * sizeof *samples);
    int listed = samples ? list_labelled(d, labels, range, samples) : 0;
    uint8_t *outputs = malloc((size_t)listed * bytes + 1);
    if (samples && outputs) {
        run_all(v, d, samples, listed, outputs);
        *s = (struct score){.total = listed};
        for (int i = 0; i < listed; i++)
            s->correct += lowered_answer(v->program, outputs + (size_t)i * bytes) == labels[samples[i]];
        sha256_of(outputs, (size_t)listed * bytes, s->outputs_sha256);
    }
    int failed = samples && outputs ? 0 : error_set(e, "out of memory");
    free(samples);
    free(outputs);
    return failed;
}
