// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tool/evaluate.h"

#include "quant/import/import.h"
#include "quant/net/float_run.h"
#include "quant/tool/candidate_file.h"
#include "quant/tool/session.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

/* What is open while a network is evaluated; zero-initialized it can be closed. */
struct opened {
    struct net net;
    struct data samples;
    int32_t *labels;
    struct candidate candidate;
};

static int open_all(const struct evaluate_options *o, struct opened *p, struct error *e)
{
    uint8_t sha256[SHA256_BYTES];
    if (import_network(o->network, &p->net, e) || sha256_file(o->network, sha256, e) ||
        candidate_file_read(o->setting, &p->net, sha256, &p->candidate, e) ||
        data_open(o->data, &p->net.tensors[p->net.input], &o->session.transform, &p->samples, e))
        return -1;
    size_t classes = net_elements(&p->net.tensors[p->net.output]);
    return data_labels(o->labels, p->samples.n, (int)classes, &p->labels, e);
}

static void close_all(struct opened *p)
{
    free(p->labels);
    data_close(&p->samples);
    net_finish(&p->net);
}

static bool is_float(const struct candidate *c)
{
    for (int i = 0; i < c->n; i++)
        if (c->layers[i].scheme != SCHEME_FLOAT32)
            return false;
    return true;
}

/* Does the file itself have all the integers? */
static bool is_given(const struct opened *p)
{
    struct setting s;
    for (int i = 0; i < p->candidate.n; i++)
        if (!net_given_setting(&p->net, i, &s) || !setting_equal(s, p->candidate.layers[i]))
            return false;
    return net_is_given(&p->net);
}

static int score_integers(const struct session_params *params, const struct candidate *c, struct evaluate_result *r, struct error *e)
{
    struct score score;
    struct session *s = malloc(sizeof *s);
    if (!s)
        return error_set(e, "out of memory");
    int rc = session_open(s, params, NULL, NULL, e) ? -1 : 0;
    if (!rc) {
        rc = session_score(s, c, &s->validation, 0, -1, &score, e) ? -1 : 0;
        session_close(s);
    }
    free(s);
    if (!rc)
        *r = (struct evaluate_result){score.correct, score.total};
    return rc;
}

/* As the board computes them. */
static int run_integers(const struct evaluate_options *o, const struct opened *p, struct evaluate_result *r, struct error *e)
{
    struct session_params params = o->session;
    if (!o->calibration && !is_given(p))
        return error_set(e, "%s: integers need --calibration X.npy: samples that their ranges are found on", o->setting);
    if ((size_t)snprintf(params.network, PATH_MAX, "%s", o->network) >= PATH_MAX ||
        (size_t)snprintf(params.calibration, PATH_MAX, "%s", o->calibration ? o->calibration : "") >= PATH_MAX ||
        (size_t)snprintf(params.validation, PATH_MAX, "%s", o->data) >= PATH_MAX ||
        (size_t)snprintf(params.validation_labels, PATH_MAX, "%s", o->labels) >= PATH_MAX)
        return error_set(e, "a path is too long");
    return session_options(&p->candidate, &params.quantize, e) || score_integers(&params, &p->candidate, r, e) ? -1 : 0;
}

static int run(const struct evaluate_options *o, const struct opened *p, struct evaluate_result *r, struct error *e)
{
    int correct = 0, total = 0;
    if (!is_float(&p->candidate))
        return run_integers(o, p, r, e);
    if (float_run_score(&p->net, &p->samples, p->labels, &correct, &total, e))
        return -1;
    r->correct = correct;
    r->total = total;
    return 0;
}

int evaluate_run(const struct evaluate_options *o, struct evaluate_result *r, struct error *e)
{
    struct opened p = {0};
    net_init(&p.net);
    int failed = open_all(o, &p, e) || run(o, &p, r, e);
    if (!failed && !r->total)
        failed = error_set(e, "%s: no sample has a label", o->labels);
    close_all(&p);
    return failed ? -1 : 0;
}

/* One object on one line, four decimals: cJSON would print a fraction as it likes. */
static int print_json(const struct evaluate_options *o, const struct evaluate_result *r)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *network = cJSON_AddStringToObject(root, "network", o->network), *setting = cJSON_AddStringToObject(root, "setting", o->setting);
    char *path = cJSON_PrintUnformatted(network), *text = cJSON_PrintUnformatted(setting);
    bool printed = path && text;
    if (printed)
        printf("{\"network\": %s, \"setting\": %s, \"accuracy\": %.4f, \"correct\": %lld, \"total\": %lld}\n", path, text,
               (double)r->correct / (double)r->total, (long long)r->correct, (long long)r->total);
    free(path);
    free(text);
    cJSON_Delete(root);
    return printed ? 0 : 1;
}

static int print(const struct evaluate_options *o, const struct evaluate_result *r)
{
    if (o->json)
        return print_json(o, r);
    printf("accuracy %.4f (%lld of %lld), %s\n", (double)r->correct / (double)r->total, (long long)r->correct, (long long)r->total,
           o->setting);
    return 0;
}

static int usage(FILE *to, int status)
{
    fprintf(to, "usage: pare-net evaluate FILE --data X.npy --labels Y.npy [--setting S | --candidate C] [--calibration X.npy]\n"
                "         [--input-scale s] [--input-mean a,b,c] [--input-std a,b,c] [--input-layout nhwc|nchw] [--json]\n"
                "         [--clipping mse|minmax|percentile|aciq] [--per-tensor] [--equalize] [--tuned FILE]\n"
                "  S: float32 (default), given (a quantized file's own integers), w8a8, or one setting for each slot; C: a file with them, or a pare.config/1\n");
    return status;
}

int evaluate_command(int argc, char **argv)
{
    struct evaluate_options o;
    struct evaluate_result r = {0};
    struct error e = {{0}};
    int wrong = evaluate_options_read(&o, argc, argv, &e);
    if (wrong > 0)
        return usage(stdout, 0);
    if (wrong < 0) {
        fprintf(stderr, "pare-net: evaluate: %s\n", e.text);
        return usage(stderr, 2);
    }
    if (!evaluate_run(&o, &r, &e))
        return print(&o, &r);
    fprintf(stderr, "pare-net: %s\n", e.text);
    return 1;
}
