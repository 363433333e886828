// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/net_case.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct building {
    struct net *net;
    struct rng *r;
    int at; // the tensor to go on from
};

static struct error error;

static int between(struct rng *r, int low, int high)
{
    return low + (int)rng_below(r, (uint32_t)(high - low + 1));
}

float *net_case_noise(struct rng *r, size_t n, double size)
{
    float *values = malloc((n + 1) * sizeof *values);
    ck_assert_ptr_nonnull(values);
    for (size_t i = 0; i < n; i++)
        values[i] = (float)(rng_normal(r) * size);
    return values;
}

static int tensor(struct building *b, int h, int w, int c)
{
    int t = net_add_tensor(b->net, h, w, c, &error);
    ck_assert_msg(t >= 0, "%s", error.text);
    return t;
}

static void add(struct building *b, struct net_op op, int h, int w, int c)
{
    op.in[0] = b->at, op.out = tensor(b, h, w, c);
    if (net_inputs(op.kind) < 2)
        op.in[1] = -1;
    size_t weights = net_weight_count(b->net, &op);
    if (weights) {
        op.weights = net_case_noise(b->r, weights, 1 / sqrt((double)weights / c));
        op.bias = rng_below(b->r, 4) ? net_case_noise(b->r, (size_t)c, 0.3) : NULL;
    }
    snprintf(op.name, sizeof op.name, "op_%d", b->net->n_ops);
    ck_assert_msg(net_add_op(b->net, &op, &error) == 0, "%s", error.text);
    b->at = op.out;
}

static struct net_op plain(struct rng *r, enum net_kind kind)
{
    struct net_op op = net_op_plain(kind, -1);
    if (rng_below(r, 2))
        op.act_min = 0, op.act_max = rng_below(r, 2) ? 6.0f : INFINITY;
    return op;
}

static int out_side(int in, int pads, int kernel, int dilation, int stride)
{
    return (in + pads - (kernel - 1) * dilation - 1) / stride + 1;
}

/* A window with pads that never leave an output without inputs. */
static struct net_op window(struct building *b, struct net_op op, int *h, int *w)
{
    const struct net_tensor *in = &b->net->tensors[b->at];
    op.kernel_h = between(b->r, 1, in->h < 3 ? in->h : 3),
    op.kernel_w = between(b->r, 1, in->w < 4 ? in->w : 4);
    if (op.kind == NET_CONV && in->h >= 5 && in->w >= 7 && rng_below(b->r, 4) == 0)
        op.dilation_h = op.dilation_w = 2;
    op.stride_h = between(b->r, 1, 2), op.stride_w = between(b->r, 1, 2);
    op.pad_top = between(b->r, 0, op.kernel_h - 1), op.pad_left = between(b->r, 0, op.kernel_w - 1);
    op.pad_bottom = between(b->r, 0, op.kernel_h - 1), op.pad_right = between(b->r, 0, op.kernel_w - 1);
    *h = out_side(in->h, op.pad_top + op.pad_bottom, op.kernel_h, op.dilation_h, op.stride_h);
    *w = out_side(in->w, op.pad_left + op.pad_right, op.kernel_w, op.dilation_w, op.stride_w);
    return op;
}

static void add_conv(struct building *b)
{
    int h, w, c = b->net->tensors[b->at].c;
    struct net_op op = window(b, plain(b->r, NET_CONV), &h, &w);
    int out_c = between(b->r, 1, 20);
    if (rng_below(b->r, 3) == 0) { // depthwise
        op.groups = c;
        out_c = c * between(b->r, 1, 2);
    } else if (c % 2 == 0 && rng_below(b->r, 3) == 0) {
        op.groups = 2;
        out_c = 2 * between(b->r, 1, 8);
    }
    add(b, op, h, w, out_c);
}

static void add_pool(struct building *b)
{
    int h, w, c = b->net->tensors[b->at].c;
    struct net_op op = window(b, plain(b->r, rng_below(b->r, 2) ? NET_AVGPOOL : NET_MAXPOOL), &h, &w);
    add(b, op, h, w, c);
}

/* x + f(x), where f keeps the shape. */
static void add_residual(struct building *b)
{
    int from = b->at;
    struct net_tensor t = b->net->tensors[from];
    for (int i = between(b->r, 1, 2); i; i--) {
        struct net_op op = plain(b->r, NET_CONV);
        op.kernel_h = op.kernel_w = 3;
        op.pad_top = op.pad_left = op.pad_bottom = op.pad_right = 1;
        add(b, op, t.h, t.w, t.c);
    }
    struct net_op sum = plain(b->r, NET_ADD);
    sum.in[1] = from;
    add(b, sum, t.h, t.w, t.c);
}

static void add_lookup(struct building *b)
{
    struct net_tensor t = b->net->tensors[b->at];
    struct net_op op = plain(b->r, NET_LOOKUP);
    op.function.kind = (enum function_kind)between(b->r, FUNCTION_NONE + 1, FUNCTION_COUNT - 1);
    op.function.alpha = 0.25f, op.function.beta = op.function.kind == FUNCTION_HARD_SIGMOID ? 0.5f : 0;
    op.act_min = -INFINITY; // a tanh clamped to 0..6 says little
    add(b, op, t.h, t.w, t.c);
}

/* x times a function of it, or of its channels' means: squeeze and excitation. */
static void add_gate(struct building *b)
{
    int from = b->at;
    struct net_tensor t = b->net->tensors[from];
    if (rng_below(b->r, 2)) {
        struct net_op pool = plain(b->r, NET_AVGPOOL);
        pool.kernel_h = t.h, pool.kernel_w = t.w, pool.act_min = -INFINITY;
        add(b, pool, 1, 1, t.c);
        add(b, plain(b->r, NET_CONV), 1, 1, t.c);
    }
    add_lookup(b);
    struct net_op product = plain(b->r, NET_MUL);
    product.act_min = -INFINITY;
    product.in[1] = b->at, b->at = from;
    add(b, product, t.h, t.w, t.c);
}

/* Channels of the tensor at hand, shuffled, some left away, with or without those of a convolution of it. */
static void add_choice(struct building *b)
{
    struct net_tensor t = b->net->tensors[b->at];
    struct net_op op = plain(b->r, NET_CHANNELS);
    int from = b->at, all = t.c, n = between(b->r, 1, 20);
    op.in[1] = -1;
    if (rng_below(b->r, 3)) {
        add(b, plain(b->r, NET_CONV), t.h, t.w, between(b->r, 1, 8));
        op.in[1] = b->at, all += b->net->tensors[b->at].c, b->at = from;
    }
    op.choice = malloc((size_t)n * sizeof *op.choice);
    for (int i = 0; i < n; i++)
        op.choice[i] = (int)rng_below(b->r, (uint32_t)all);
    add(b, op, t.h, t.w, n);
}

static void add_resize(struct building *b)
{
    struct net_tensor t = b->net->tensors[b->at];
    struct net_op op = plain(b->r, NET_RESIZE);
    if (t.h > 6 || t.w > 6)
        return;
    op.stride_h = between(b->r, 1, 2), op.stride_w = between(b->r, 1, 3);
    add(b, op, t.h * op.stride_h, t.w * op.stride_w, t.c);
}

static void add_softmax(struct building *b)
{
    struct net_tensor t = b->net->tensors[b->at];
    struct net_op op = plain(b->r, NET_SOFTMAX);
    op.act_min = -INFINITY;
    add(b, op, t.h, t.w, t.c);
}

static void build(struct building *b)
{
    b->at = b->net->input = tensor(b, between(b->r, 3, 12), between(b->r, 3, 12), between(b->r, 1, 6));
    for (int n = between(b->r, 2, 6); n; n--) {
        switch (rng_below(b->r, 10)) {
        case 0:
            add_pool(b);
            break;
        case 1:
            add_residual(b);
            break;
        case 2:
            add_lookup(b);
            break;
        case 3:
            add_gate(b);
            break;
        case 4:
            add_choice(b);
            break;
        case 5:
            add_resize(b);
            break;
        case 6:
            add_softmax(b);
            break;
        default:
            add_conv(b);
        }
    }
    if (rng_below(b->r, 4))
        add(b, plain(b->r, NET_DENSE), 1, 1, between(b->r, 2, 12));
    else
        add_conv(b);
    b->net->output = b->at;
    b->net->ops[b->net->n_ops - 1].act_min = -INFINITY; // outputs that are all zero would test nothing
    ck_assert_msg(net_seal(b->net, &error) == 0, "%s", error.text);
}

void net_case_data(struct net_case *c, const float *values)
{
    const struct net_tensor *in = &c->net.tensors[c->net.input];
    size_t n = NET_CASE_SAMPLES * net_elements(in);
    char path[96], header[129] = {0};
    snprintf(c->folder, sizeof c->folder, "/tmp/pare-case-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(c->folder));
    snprintf(path, sizeof path, "%s/x.npy", c->folder);
    int text =
        snprintf(header + 10, 118, "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d, %d, %d), }",
                 NET_CASE_SAMPLES, in->h, in->w, in->c);
    memcpy(header, "\x93NUMPY\x01\x00\x76\x00", 10);
    memset(header + 10 + text, ' ', (size_t)(117 - text));
    header[127] = '\n';
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(header, 1, 128, f), 128);
    ck_assert_uint_eq(fwrite(values, sizeof *values, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
    struct data_transform identity = {0};
    ck_assert_msg(data_open(path, in, &identity, &c->data, &error) == 0, "%s", error.text);
    unlink(path);
}

void net_case_make(struct net_case *c, struct rng *r)
{
    struct building b = {&c->net, r, 0};
    net_init(&c->net);
    build(&b);
    float *values = net_case_noise(r, NET_CASE_SAMPLES * net_elements(&c->net.tensors[c->net.input]), 1);
    net_case_data(c, values);
    free(values);
}

void net_case_one_layer(struct net_case *c, struct rng *r, enum net_kind kind, const float *data)
{
    struct net *n = &c->net;
    bool dense = kind == NET_DENSE;
    net_init(n);
    n->input = net_add_tensor(n, 6, 6, 4, &error);
    n->output = net_add_tensor(n, dense ? 1 : 6, dense ? 1 : 6, 5, &error);
    struct net_op op = net_op_plain(kind, n->input);
    op.out = n->output;
    snprintf(op.name, sizeof op.name, "layer");
    if (!dense)
        op.kernel_h = op.kernel_w = 3, op.pad_top = op.pad_left = op.pad_bottom = op.pad_right = 1;
    op.weights = net_case_noise(r, net_weight_count(n, &op), 0.2);
    op.bias = net_case_noise(r, 5, 0.1);
    ck_assert_int_eq(net_add_op(n, &op, &error), 0);
    ck_assert_msg(net_seal(n, &error) == 0, "%s", error.text);
    net_case_data(c, data);
}

void net_case_finish(struct net_case *c)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", c->folder);
    ck_assert_int_eq(system(command), 0);
    data_close(&c->data);
    net_finish(&c->net);
}

struct quantize_params net_case_params(void)
{
    static const char *const options[] = {"w8a8", "w4a8", "w2a8", "w8a4",  "w4a4",  "w2a4", "w3a5",
                                          "w5a6", "w6a7", "w7a3", "w16a8", "w8a16", "w2a2",
                                          "w3a8/log", "w4a4/log", "w5a8/log", "w3a8/codebook", "w6a4/codebook",
                                          "w4a8/trained", "float32"};
    struct quantize_params p = {.clipping = CLIPPING_MSE, .n_options = sizeof options / sizeof *options};
    for (int i = 0; i < p.n_options; i++)
        ck_assert_int_eq(setting_parse(options[i], &p.options[i], &error), 0);
    return p;
}

void net_case_quantize(const struct net_case *c, struct quantized *q)
{
    struct quantize_params p = net_case_params();
    ck_assert_msg(quantize_network(&c->net, &c->data, &p, NULL, NULL, q, &error) == 0, "%s", error.text);
}

void net_case_begin(struct net_case *c, struct rng *r, uint64_t seed, uint64_t stream, struct quantized *q)
{
    rng_seed(r, seed, stream);
    net_case_make(c, r);
    net_case_quantize(c, q);
}

void net_case_end(struct net_case *c, struct quantized *q)
{
    quantized_finish(q);
    net_case_finish(c);
}

/* Are there operations that have no room for 16 bits? */
static bool is_narrow(const struct net *n, int slot)
{
    for (int i = 0; i < n->n_ops; i++)
        if ((n->ops[i].kind == NET_ADD || n->ops[i].kind == NET_LOOKUP || n->ops[i].kind == NET_SOFTMAX) &&
            net_tensor_slot(n, n->ops[i].out) == slot)
            return true;
    return false;
}

void net_case_candidate(const struct net_case *c, struct rng *r, struct candidate *candidate)
{
    struct quantize_params p = net_case_params();
    candidate->n = c->net.n_slots;
    for (int i = 0; i < candidate->n; i++) {
        struct setting s;
        do
            s = p.options[rng_below(r, (uint32_t)p.n_options - 1)]; // float32 is the last
        while (s.a_bits == 16 && is_narrow(&c->net, i));
        candidate->layers[i] = s;
    }
}
