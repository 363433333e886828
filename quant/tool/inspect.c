// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tool/inspect.h"

#include "quant/import/import.h"
#include "quant/program/lowered.h"
#include "quant/tool/candidate_file.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define BYTES_MAX ((int64_t)1 << 40)

static const char *kind_of(const struct net *n, const struct net_op *op)
{
    if (op->kind == NET_LOOKUP)
        return function_name(op->function.kind);
    return net_is_depthwise(n, op) ? "depthwise" : net_kind_name(op->kind);
}

static int64_t parameters_of(const struct net *n, const struct net_op *op)
{
    return (int64_t)net_weight_count(n, op) + (op->bias ? net_out_channels(n, op) : 0);
}

static int64_t total(const struct net *n, int64_t (*of)(const struct net *, const struct net_op *))
{
    int64_t sum = 0;
    for (int i = 0; i < n->n_ops; i++)
        sum += of(n, &n->ops[i]);
    return sum;
}

/* ---- JSON ---- */

static void add_ints(cJSON *to, const char *key, const int *values, int n)
{
    cJSON_AddItemToObject(to, key, cJSON_CreateIntArray(values, n));
}

static void add_shape(cJSON *to, const char *key, const struct net_tensor *t)
{
    const int shape[] = {t->h, t->w, t->c};
    add_ints(to, key, shape, 3);
}

static void add_bound(cJSON *to, float bound)
{
    cJSON_AddItemToArray(to, isinf(bound) ? cJSON_CreateNull() : cJSON_CreateNumber((double)bound));
}

static cJSON *op_json(const struct net *n, const struct net_op *op)
{
    const int kernel[] = {op->kernel_h, op->kernel_w}, stride[] = {op->stride_h, op->stride_w};
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", op->name);
    cJSON_AddStringToObject(o, "kind", kind_of(n, op));
    add_shape(o, "output", &n->tensors[op->out]);
    add_ints(o, "kernel", kernel, 2);
    add_ints(o, "stride", stride, 2);
    cJSON_AddNumberToObject(o, "groups", op->groups);
    cJSON *activation = cJSON_AddArrayToObject(o, "activation");
    add_bound(activation, op->act_min);
    add_bound(activation, op->act_max);
    cJSON_AddNumberToObject(o, "layer", op->layer);
    cJSON_AddNumberToObject(o, "slot", op->layer < 0 ? -1 : n->layers[op->layer].slot);
    cJSON_AddNumberToObject(o, "parameters", (double)parameters_of(n, op));
    cJSON_AddNumberToObject(o, "macs", (double)net_macs(n, op));
    return o;
}

cJSON *inspect_json(const struct net *n)
{
    cJSON *o = cJSON_CreateObject();
    add_shape(o, "input", &n->tensors[n->input]);
    add_shape(o, "output", &n->tensors[n->output]);
    cJSON_AddBoolToObject(o, "softmax", n->softmax);
    cJSON_AddNumberToObject(o, "layers", n->n_layers);
    cJSON_AddNumberToObject(o, "slots", n->n_slots);
    cJSON_AddNumberToObject(o, "parameters", (double)total(n, parameters_of));
    cJSON_AddNumberToObject(o, "macs", (double)total(n, net_macs));
    cJSON *ops = cJSON_AddArrayToObject(o, "ops");
    for (int i = 0; i < n->n_ops; i++)
        cJSON_AddItemToArray(ops, op_json(n, &n->ops[i]));
    return o;
}

/* ---- for people ---- */

static const char *activation_of(const struct net_op *op, char *text, size_t size)
{
    if (isinf(op->act_min) && isinf(op->act_max))
        return "";
    if (op->act_min == 0 && isinf(op->act_max))
        return "relu";
    snprintf(text, size, "%g..%g", (double)op->act_min, (double)op->act_max);
    return text;
}

static void print_op(const struct net *n, const struct net_op *op)
{
    char shape[40], window[48], slot[16], range[48];
    const struct net_tensor *t = &n->tensors[op->out];
    snprintf(shape, sizeof shape, "%dx%dx%d", t->h, t->w, t->c);
    snprintf(window, sizeof window, "%dx%d/%d", op->kernel_h, op->kernel_w, op->stride_h);
    snprintf(slot, sizeof slot, "%d", op->layer < 0 ? -1 : n->layers[op->layer].slot);
    printf("%5s %-10s %-12s %-8s %-8s %10lld %12lld  %s\n", op->layer < 0 ? "" : slot, kind_of(n, op), shape,
           net_has_window(op->kind) ? window : "", activation_of(op, range, sizeof range), (long long)parameters_of(n, op),
           (long long)net_macs(n, op), op->name);
}

static void print_net(const struct net *n)
{
    const struct net_tensor *in = &n->tensors[n->input], *out = &n->tensors[n->output];
    printf("input %d x %d x %d, output %d x %d x %d%s, %d layers in %d slots\n", in->h, in->w, in->c, out->h,
           out->w, out->c, n->softmax ? " (before the softmax)" : "", n->n_layers, n->n_slots);
    printf("%5s %-10s %-12s %-8s %-8s %10s %12s  %s\n", "slot", "kind", "output", "kernel/s", "clamp",
           "parameters", "macs", "name");
    for (int i = 0; i < n->n_ops; i++)
        print_op(n, &n->ops[i]);
    printf("%5s %-10s %-12s %-8s %-8s %10lld %12lld\n", "", "total", "", "", "",
           (long long)total(n, parameters_of), (long long)total(n, net_macs));
}

/* ---- at a setting ---- */

/* What the command line says. */
struct asked {
    bool json;
    const char *network, *setting; // setting NULL: none
    struct lowered_budget budget;
};

/* What a candidate takes; `l` is finished by the caller. 0; LOWERED_TOO_LARGE or -1 with the reason. */
static int lower(const struct net *n, const struct asked *a, struct lowered *l, struct error *e)
{
    struct candidate c;
    struct quantized q = {0};
    uint8_t sha256[SHA256_BYTES];
    int failed = sha256_file(a->network, sha256, e) || candidate_file_read(a->setting, n, sha256, &c, e) ||
                 quantized_blank(n, &c, &q, e);
    if (!failed)
        failed = lowered_make(n, &q, &c, &a->budget, l, e);
    quantized_finish(&q);
    return failed;
}

static void print_cost(const struct asked *a, const struct lowered *l)
{
    printf("%s: flash %lld bytes (weights %lld, parameters %lld, program %lld), peak RAM %lld bytes\n", a->setting, (long long)l->flash_bytes,
           (long long)l->weights_bytes, (long long)l->parameters_bytes, (long long)l->program_bytes, (long long)l->ram_bytes);
}

static void add_cost(cJSON *o, const struct asked *a, const struct lowered *l)
{
    cJSON_AddStringToObject(o, "setting", a->setting);
    cJSON_AddNumberToObject(o, "flash_bytes", (double)l->flash_bytes);
    cJSON_AddNumberToObject(o, "weights_bytes", (double)l->weights_bytes);
    cJSON_AddNumberToObject(o, "parameters_bytes", (double)l->parameters_bytes);
    cJSON_AddNumberToObject(o, "program_bytes", (double)l->program_bytes);
    cJSON_AddNumberToObject(o, "ram_bytes", (double)l->ram_bytes);
}

/* `a` is NULL: without what a candidate takes. */
static int print_json(const struct net *n, const struct asked *a, const struct lowered *l)
{
    cJSON *o = inspect_json(n);
    if (o && a)
        add_cost(o, a, l);
    char *text = o ? cJSON_Print(o) : NULL;
    if (text)
        puts(text);
    free(text);
    cJSON_Delete(o);
    return text ? 0 : 1;
}

static const struct option options[] = {{"json", no_argument, NULL, 'j'},          {"setting", required_argument, NULL, 's'},
                                        {"candidate", required_argument, NULL, 's'}, {"flash-bytes", required_argument, NULL, 'f'},
                                        {"ram-bytes", required_argument, NULL, 'r'}, {"help", no_argument, NULL, 'h'},
                                        {0}};

static int usage(FILE *to, int status)
{
    fprintf(to, "usage: pare-net inspect FILE [--setting S | --candidate C] [--flash-bytes N] [--ram-bytes N] [--json]\n");
    return status;
}

static int read_bytes(const char *text, int64_t *bytes)
{
    char *end;
    *bytes = strtoll(text, &end, 10);
    return *end || *bytes < 1 || *bytes > BYTES_MAX ? -1 : 0;
}

/* 0; 1: help; -1: used wrongly. */
static int read_arguments(int argc, char **argv, struct asked *a)
{
    int c, wrong = 0;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'h')
            return 1;
        if (c == 's')
            a->setting = optarg;
        else if (c == 'f')
            wrong |= read_bytes(optarg, &a->budget.flash_bytes);
        else if (c == 'r')
            wrong |= read_bytes(optarg, &a->budget.ram_bytes);
        else if (c == 'j')
            a->json = true;
        else
            wrong = -1;
    }
    a->network = argv[optind];
    bool limits = a->budget.flash_bytes || a->budget.ram_bytes;
    return wrong || argc - optind != 1 || (limits && !a->setting) ? -1 : 0;
}

/* The network, and what the candidate takes, or why it does not fit. */
static int show(const struct net *n, const struct asked *a)
{
    struct error e = {{0}};
    struct lowered l = {0};
    int fault = a->setting ? lower(n, a, &l, &e) : 0, status = fault ? 1 : 0;
    if (!fault && a->json)
        status = print_json(n, a->setting ? a : NULL, &l);
    else if (!fault)
        print_net(n);
    if (!fault && a->setting && !a->json)
        print_cost(a, &l);
    if (fault)
        fprintf(stderr, "pare-net: %s: %s\n", a->setting, e.text);
    lowered_finish(&l);
    return status;
}

int inspect_command(int argc, char **argv)
{
    struct net n;
    struct error e = {{0}};
    struct asked a = {0};
    int wrong = read_arguments(argc, argv, &a);
    if (wrong)
        return wrong > 0 ? usage(stdout, 0) : usage(stderr, 2);
    if (import_network(a.network, &n, &e)) {
        fprintf(stderr, "pare-net: %s\n", e.text);
        return 1;
    }
    int status = show(&n, &a);
    net_finish(&n);
    return status;
}
