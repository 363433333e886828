// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A complete table of a network: every configuration of weight widths {2,3,4,8} over up to 8 groups of slots, with exact accuracy,
// flash and RAM. usage: make-table NETWORK CALIBRATION SAMPLES LABELS INPUT_SCALE GROUPS N. GROUPS has the group of each slot, e.g.
// 0,1,2,2,3,3,4,4,5,6; the first N labelled samples count.
// A line a configuration: bits of each group, accuracy in percent; flash and RAM follow after `#`. agent-bench reads such files.
//
// Activations have 8 bits throughout, so that an operation's result depends only on the widths of the layers before it: configurations
// that begin alike share what is computed up to where they part, by one walk through the tree of choices for each sample. At the end some
// configurations are measured one by one through the evaluator, and must agree.
#include "base/rng.h"
#include "quant/evaluate/step.h"
#include "quant/kernels/pack.h"
#include "quant/program/lowered.h"
#include "tests/bench/subject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS_MAX 8
#define WIDTHS 4
#define CHECKED 40 // configurations that are measured again, whole

static struct subject subject;
static int group_of_slot[CANDIDATE_LAYERS_MAX], n_groups;

/* One walk: the operations at every width, and the tensors of one sample. */
struct walk {
    struct lowered lowered[WIDTHS]; // all slots alike
    struct step *steps[WIDTHS];     // [n_ops]
    int *group;                     // [n_ops], -1 without weights
    int n_ops, chosen[GROUPS_MAX];
    int16_t **tensors, *plane;
    uint32_t *correct; // [4 ^ n_groups]
    int label;
};

static void stop(const char *why)
{
    fprintf(stderr, "make-table: %s\n", why);
    exit(1);
}

static void *zeroed(size_t n, size_t size)
{
    void *p = calloc(n, size);
    if (!p)
        stop("out of memory");
    return p;
}

static void init_walk(struct walk *w)
{
    struct error e = {""};
    struct candidate c;
    size_t plane = 0;
    for (int o = 0; o < WIDTHS; o++) {
        candidate_fill(&c, subject.space.n_slots, subject.space.options[o]);
        if (lowered_make(&subject.net, &subject.quantized, &c, NULL, &w->lowered[o], &e) != 0)
            stop(e.text);
        const struct program *p = &w->lowered[o].program;
        w->n_ops = (int)p->header->n_ops;
        w->steps[o] = zeroed((size_t)w->n_ops, sizeof *w->steps[o]);
        for (int i = 0; i < w->n_ops; i++) {
            if (step_init(&w->steps[o][i], p, &p->ops[i], lowered_blobs(&w->lowered[o]), exact_loops_best()) != 0)
                stop("out of memory");
            plane = step_plane_elements(&w->steps[o][i]) > plane ? step_plane_elements(&w->steps[o][i]) : plane;
        }
    }
    const struct program *p = &w->lowered[0].program;
    if (w->n_ops != subject.net.n_ops)
        stop("the program's operations are not the network's");
    w->plane = zeroed(plane + EXACT_SLACK, sizeof *w->plane);
    w->tensors = zeroed(p->header->n_tensors, sizeof *w->tensors);
    for (uint32_t i = 0; i < p->header->n_tensors; i++)
        w->tensors[i] = zeroed((size_t)p->tensors[i].h * p->tensors[i].w * p->tensors[i].c + EXACT_SLACK, sizeof(int16_t));
    w->group = zeroed((size_t)w->n_ops, sizeof *w->group);
    memset(w->group, -1, (size_t)w->n_ops * sizeof *w->group);
    for (int i = 0; i < subject.net.n_layers; i++)
        w->group[subject.net.layers[i].op] = group_of_slot[subject.net.layers[i].slot];
    memset(w->chosen, -1, sizeof w->chosen);
    w->correct = zeroed((size_t)1 << 2 * n_groups, sizeof *w->correct);
}

static bool is_right(const struct walk *w)
{
    const struct program *p = &w->lowered[0].program;
    const struct image_tensor *out = program_output(p);
    const int16_t *y = w->tensors[p->header->output];
    int best = 0, n = (int)out->h * (int)out->w * (int)out->c;
    for (int i = 1; i < n; i++)
        best = y[i] > y[best] ? i : best;
    return best == w->label;
}

static void run_op(const struct walk *w, int i, int option)
{
    const struct image_op *op = &w->lowered[option].program.ops[i];
    step_run(&w->steps[option][i], w->tensors[op->in0], op->in1 != 0xffff ? w->tensors[op->in1] : NULL, w->tensors[op->out], w->plane);
}

/* Operations from `op` on, for all choices that are still open. */
static void descend(struct walk *w, int op)
{
    if (op == w->n_ops) {
        int row = 0;
        for (int g = 0; g < n_groups; g++)
            row = row * WIDTHS + w->chosen[g];
        w->correct[row] += is_right(w);
        return;
    }
    int group = w->group[op];
    if (group < 0 || w->chosen[group] >= 0) {
        run_op(w, op, group < 0 ? 0 : w->chosen[group]);
        descend(w, op + 1);
        return;
    }
    for (int o = 0; o < WIDTHS; o++) {
        w->chosen[group] = o;
        run_op(w, op, o);
        descend(w, op + 1);
    }
    w->chosen[group] = -1;
}

static int walk_samples(struct walk *w)
{
    const struct program *p = &w->lowered[0].program;
    const struct image_tensor *in = program_input(p);
    float *x = zeroed(subject.samples.elements, sizeof *x);
    uint8_t *input = zeroed(in->bytes, 1);
    int done = 0;
    for (int i = 0; i < subject.samples.n && done < subject.n_samples; i++) {
        if (subject.labels[i] < 0)
            continue;
        data_sample(&subject.samples, i, x);
        lowered_put_input(p, x, input);
        unpack_run(w->tensors[p->header->input], input, 0, (size_t)in->h * in->w * in->c, in->bits, 0);
        w->label = subject.labels[i];
        descend(w, 0);
        if (++done % 100 == 0)
            fprintf(stderr, "%d samples\n", done);
    }
    free(x);
    free(input);
    return done;
}

static void choices_of(int row, int *choices)
{
    for (int g = n_groups - 1; g >= 0; g--, row /= WIDTHS)
        choices[g] = row % WIDTHS;
}

static struct candidate candidate_of(const int *choices)
{
    struct candidate c = {.n = subject.space.n_slots};
    for (int slot = 0; slot < c.n; slot++)
        c.layers[slot] = subject.space.options[choices[group_of_slot[slot]]];
    return c;
}

static void write_rows(const struct walk *w, int samples)
{
    printf("# weight bits of %d groups of slots, accuracy on the first %d samples # flash, RAM bytes\n", n_groups,
           samples);
    for (int row = 0; row < 1 << 2 * n_groups; row++) {
        int choices[GROUPS_MAX];
        int64_t flash = subject.space.flash_fixed_bytes;
        choices_of(row, choices);
        for (int slot = 0; slot < subject.space.n_slots; slot++)
            flash += subject.space.slots[slot].flash_bytes[choices[group_of_slot[slot]]];
        for (int g = 0; g < n_groups; g++)
            printf("%d ", subject.space.options[choices[g]].w_bits);
        printf("%.10g # %d %d\n", 100.0 * w->correct[row] / samples, (int)flash, (int)w->lowered[0].ram_bytes);
    }
}

/* The tree against the evaluator, the plan and the sum of slots. */
static void check_rows(const struct walk *w)
{
    struct rng r;
    struct error e = {""};
    rng_seed(&r, 1, 1);
    for (int i = 0; i < CHECKED; i++) {
        int row = (int)rng_below(&r, 1u << 2 * n_groups), choices[GROUPS_MAX];
        struct subject_figures f;
        choices_of(row, choices);
        struct candidate c = candidate_of(choices);
        int64_t flash = subject.space.flash_fixed_bytes;
        for (int slot = 0; slot < c.n; slot++)
            flash += subject.space.slots[slot].flash_bytes[choices[group_of_slot[slot]]];
        if (subject_measure(&subject, &c, &f, &e) != 0)
            stop(e.text);
        if (f.correct != w->correct[row] || f.flash_bytes != flash || f.ram_bytes != w->lowered[0].ram_bytes)
            stop("a configuration measured whole gives other figures than the tree");
    }
    fprintf(stderr, "%d configurations measured whole agree\n", CHECKED);
}

static void parse_groups(const char *text)
{
    for (int slot = 0; slot < subject.space.n_slots; slot++) {
        char *end;
        group_of_slot[slot] = (int)strtol(text, &end, 10);
        if (end == text || group_of_slot[slot] < 0 || group_of_slot[slot] >= GROUPS_MAX)
            stop("GROUPS has a number 0..7 for each slot, separated by commas");
        n_groups = group_of_slot[slot] >= n_groups ? group_of_slot[slot] + 1 : n_groups;
        text = *end ? end + 1 : end;
    }
}

int main(int argc, char **argv)
{
    static const char *const texts[WIDTHS] = {"w2a8", "w3a8", "w4a8", "w8a8"};
    static struct walk w;
    struct setting options[WIDTHS];
    struct error e = {""};
    if (argc != 8) {
        fprintf(stderr, "usage: make-table NETWORK CALIBRATION SAMPLES LABELS INPUT_SCALE GROUPS N\n");
        return 2;
    }
    for (int i = 0; i < WIDTHS; i++)
        setting_parse(texts[i], &options[i], NULL);
    struct subject_files files = {argv[1], argv[2], argv[3], argv[4], {.scale = atof(argv[5])}};
    if (subject_open(&subject, &files, options, WIDTHS, atoi(argv[7]), &e) != 0)
        stop(e.text);
    parse_groups(argv[6]);
    init_walk(&w);
    subject.n_samples = walk_samples(&w);
    check_rows(&w);
    write_rows(&w, subject.n_samples);
    return 0; // the memory is the process's
}
