// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/quantize/quantized.h"

#include "base/log.h"
#include "quant/quantize/calibration.h"
#include "quant/quantize/covariance.h"
#include "quant/quantize/quantizer.h"
#include "quant/quantize/sensitivity.h"
#include "quant/quantize/states.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define IMPORTANCE_LEAST 0.01   // of the mean importance of a row
#define BIAS_LIMIT 1073741824.0 // 2^30: half of an int32, the rest is for the sum

void quantized_finish(struct quantized *q)
{
    for (int i = 0; q->weights && i < q->n_layers * q->n_variants; i++) {
        free(q->weights[i].scales);
        free(q->weights[i].bias);
        free(q->weights[i].codes);
        free(q->weights[i].table);
        free(q->weights[i].sums);
        free(q->weights[i].states);
    }
    free(q->weights);
    free(q->tensors);
    free(q->sensitivity);
    memset(q, 0, sizeof *q);
}

static const char *const clippings[CLIPPING_COUNT] = {"", "mse", "minmax", "percentile", "aciq"};

const char *clipping_name(enum clipping clipping)
{
    return (unsigned)clipping < CLIPPING_COUNT ? clippings[clipping] : "";
}

enum clipping clipping_of(const char *name)
{
    int clipping = CLIPPING_COUNT - 1;
    while (clipping > CLIPPING_NONE && strcmp(name, clippings[clipping]) != 0)
        clipping--;
    return (enum clipping)clipping;
}

static bool is_float(struct setting s)
{
    return s.scheme == SCHEME_FLOAT32;
}

static int check_option(struct setting s, struct error *e)
{
    char text[SETTING_TEXT_MAX];
    if (is_float(s))
        return 0;
    if (!quantizer_exists(s.w_bits, s.scheme))
        return error_set(e, "%s: no quantizer for weights of this scheme and width", setting_format(s, text));
    if (!(s.a_bits >= 2 && s.a_bits <= 8) && s.a_bits != 16)
        return error_set(e, "%s: activations can have 2 to 8 or 16 bits", setting_format(s, text));
    return 0;
}

/* Integers of the file are an option where at least one layer has them. */
static int check_given(const struct net *n, struct setting s, struct error *e)
{
    char text[SETTING_TEXT_MAX];
    for (int i = 0; i < n->n_layers; i++)
        if (n->ops[n->layers[i].op].given.w_bits == s.w_bits)
            return 0;
    return s.scheme == SCHEME_GIVEN ? error_set(e, "%s: the network's file has no integer weights of %u bits", setting_format(s, text), s.w_bits)
                                    : 0;
}

static void add_option(struct quantized *q, struct setting s)
{
    bool known = is_float(s);
    q->options[q->n_options++] = s;
    for (int v = 0; v < q->n_variants; v++)
        known |= q->variants[v].w_bits == s.w_bits && q->variants[v].scheme == s.scheme;
    if (!known)
        q->variants[q->n_variants++] = (struct quantized_variant){s.w_bits, s.scheme};
}

/* Collects the variants among the options. */
static int take_params(const struct net *n, const struct quantize_params *p, struct quantized *q, struct error *e)
{
    if (p->n_options < 1 || p->n_options > QUANTIZED_OPTIONS_MAX)
        return error_set(e, "%d options: there must be 1 to %d", p->n_options, QUANTIZED_OPTIONS_MAX);
    if (p->clipping <= CLIPPING_NONE || p->clipping >= CLIPPING_COUNT)
        return error_set(e, "no such clipping");
    q->state_bits = p->state_bits ? p->state_bits : QUANTIZED_STATE_BITS;
    if (q->state_bits != 16 && q->state_bits != 32)
        return error_set(e, "states of %d bits: they have 16 or 32", q->state_bits);
    for (int i = 0; i < p->n_options; i++) {
        if (check_option(p->options[i], e) || check_given(n, p->options[i], e))
            return -1;
        add_option(q, p->options[i]);
    }
    return 0;
}

/* What the file says of an activation holds for its width. */
static void take_grids(const struct net *n, struct quantized *q)
{
    for (int t = 0; t < n->n_tensors; t++) {
        const struct net_grid *g = &n->grids[t];
        if (g->bits && (t != n->input || g->bits == QUANTIZED_INPUT_BITS))
            q->tensors[t].at[g->bits] = (struct quantized_scale){g->scale, g->zero_point};
    }
}

/* Shares of 1 need no calibration: 0 is the least code, and 1 is one beyond the largest. */
static void take_shares(const struct net *n, struct quantized *q)
{
    for (int i = 0; i < n->n_ops; i++)
        for (int bits = 2; n->ops[i].kind == NET_SOFTMAX && bits <= 8; bits++)
            if (q->tensors[n->ops[i].out].at[bits].scale > 0)
                q->tensors[n->ops[i].out].at[bits] = (struct quantized_scale){1.0f / (float)(1 << bits), -(1 << (bits - 1))};
}

static void make_scales(const struct net *n, const struct calibration *c, enum clipping clipping,
                        struct quantized *q)
{
    bool wanted[QUANTIZED_BITS_MAX + 1] = {false};
    wanted[QUANTIZED_INPUT_BITS] = true;
    for (int i = 0; i < q->n_options; i++)
        if (!is_float(q->options[i]))
            wanted[q->options[i].a_bits] = true;
    for (int t = 0; t < q->n_tensors; t++) {
        q->tensors[t].low = c->tensors[t].low, q->tensors[t].high = c->tensors[t].high;
        for (unsigned bits = 2; bits <= QUANTIZED_BITS_MAX; bits++)
            if (wanted[bits])
                q->tensors[t].at[bits] = t == n->input ? calibration_input_scale(c, &c->tensors[t], bits)
                                                       : calibration_scale(&c->tensors[t], bits, clipping);
    }
    take_shares(n, q);
    take_grids(n, q);
    for (int i = 0; i < n->n_ops; i++) // ops stand in execution order
        if (net_keeps_scale(&n->ops[i]))
            memcpy(q->tensors[n->ops[i].out].at, q->tensors[n->ops[i].in[0]].at, sizeof q->tensors[0].at);
}

static int allocate_weights(struct quantized_weights *w, unsigned table_size)
{
    w->scales = malloc(w->n_channels * sizeof *w->scales);
    w->bias = malloc(w->n_channels * sizeof *w->bias);
    w->codes = malloc(w->n_codes * sizeof *w->codes);
    w->table = table_size ? malloc(table_size * sizeof *w->table) : NULL;
    return w->scales && w->bias && w->codes && (w->table || !table_size) ? 0 : -1;
}

/* The smallest scale of the layer's input at any width that candidates may give it. */
static double least_input_scale(const struct quantized *q, int tensor)
{
    double least = INFINITY;
    for (int bits = 2; bits <= QUANTIZED_BITS_MAX; bits++)
        if (q->tensors[tensor].at[bits].scale > 0)
            least = fmin(least, (double)q->tensors[tensor].at[bits].scale);
    return least;
}

/* Rounding the weights adds sum(error x) to each output; the mean of that goes into the bias (Nagel et al.,
 * "Data-free quantization through weight equalization and bias correction", section 4.2, with means that were
 * seen). */
static double mean_shift(const struct quantized_weights *w, const float *weights, const double *mean,
                         uint32_t row, uint32_t channel)
{
    double shift = 0;
    for (uint32_t i = 0; i < row; i++) {
        int number = quantized_number(w, (size_t)channel * row + i);
        shift += ((double)w->scales[channel] * number - (double)weights[i]) * mean[i];
    }
    return shift;
}

/* Inputs that were never active in calibration count a little too. */
static void level(double *square, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += square[i];
    double least = sum > 0 ? IMPORTANCE_LEAST * sum / n : 1;
    for (uint32_t i = 0; i < n; i++)
        square[i] += least;
}

/* From mean squares to variances: what an error does on average is taken out by the bias. */
static void centre(const double *mean, double *square, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        square[i] = fmax(square[i] - mean[i] * mean[i], 0);
}

/* What the rows of one layer are rounded by. */
struct rows {
    struct quantizer_row *list;  // [n_channels]
    double *means, *importances; // [n_codes]
};

static void free_rows(struct rows *r)
{
    free(r->list);
    free(r->means);
    free(r->importances);
}

static int make_rows(const struct net *n, const struct calibration *c, const struct covariance *v,
                     const struct net_op *op, const struct quantized *q, struct rows *to)
{
    size_t n_codes = net_weight_count(n, op), n_channels = (size_t)net_out_channels(n, op), row = n_codes / n_channels;
    *to = (struct rows){malloc(n_channels * sizeof *to->list), malloc(n_codes * sizeof *to->means),
                        malloc(n_codes * sizeof *to->importances)};
    if (!to->list || !to->means || !to->importances)
        return -1;
    double input_scale = least_input_scale(q, op->in[0]);
    for (size_t channel = 0; channel < n_channels; channel++) {
        double *mean = to->means + channel * row, *square = to->importances + channel * row;
        double bias = op->bias ? (double)op->bias[channel] : 0;
        calibration_row(c, n, op, (int)channel, mean, square);
        centre(mean, square, (uint32_t)row);
        level(square, (uint32_t)row);
        struct quantizer_row *r = &to->list[channel];
        *r = (struct quantizer_row){.weights = op->weights + channel * row, .importance = square, .n = row};
        r->least_scale = (float)fmax(fabs(bias) / input_scale / BIAS_LIMIT, 1e-30);
        if (v->factor) {
            size_t group = channel / (n_channels / (size_t)v->groups);
            r->factor = v->factor + group * row * row, r->order = v->order + group * row;
        }
    }
    return 0;
}

/* The file's integers: a weight over its scale is one of them, but for float's rounding. */
static int take_given(const struct net *n, const struct net_op *op, struct quantized_weights *w)
{
    const struct net_grid *in = &n->grids[op->in[0]];
    uint32_t row = w->n_codes / w->n_channels;
    int least = -(1 << (w->w_bits - 1)), most = (1 << (w->w_bits - 1)) - 1;
    for (uint32_t i = 0; i < w->n_codes; i++) {
        int number = (int)lrint((double)op->weights[i] / (double)op->given.scales[i / row]);
        w->codes[i] = (uint16_t)((number < least ? least : number > most ? most : number) - least);
    }
    memcpy(w->scales, op->given.scales, w->n_channels * sizeof *w->scales);
    for (uint32_t c = 0; c < w->n_channels; c++)
        w->bias[c] = op->bias ? op->bias[c] : 0;
    if (!op->given.bias || !in->bits)
        return 0;
    if (!(w->sums = malloc(w->n_channels * sizeof *w->sums)))
        return -1;
    memcpy(w->sums, op->given.bias, w->n_channels * sizeof *w->sums);
    w->sums_scale = in->scale;
    return 0;
}

static int quantize_layer(const struct net_op *op, const struct rows *rows, bool per_tensor, struct quantized_weights *w)
{
    uint32_t row = w->n_codes / w->n_channels;
    struct quantizer_layer l = {rows->list, w->n_channels, w->w_bits, w->scheme, per_tensor};
    if (quantizer_run(&l, w->scales, w->codes, w->table))
        return -1;
    for (uint32_t channel = 0; channel < w->n_channels; channel++) {
        size_t at = (size_t)channel * row;
        double bias = op->bias ? (double)op->bias[channel] : 0;
        w->bias[channel] = (float)(bias - mean_shift(w, op->weights + at, rows->means + at, row, channel));
    }
    return 0;
}

static bool is_given(const struct net_op *op, const struct quantized_weights *w)
{
    return w->scheme == SCHEME_GIVEN && w->w_bits == op->given.w_bits;
}

static int make_weights(const struct net *n, const struct calibration *c, const struct covariance *covariances,
                        bool per_tensor, quantize_progress *progress, void *user, struct quantized *q, struct error *e)
{
    for (int layer = 0; layer < n->n_layers; layer++) {
        const struct net_op *op = &n->ops[n->layers[layer].op];
        struct rows rows;
        int failed = make_rows(n, c, &covariances[layer], op, q, &rows);
        if (progress)
            progress(user, "weights", layer, n->n_layers);
        for (int v = 0; v < q->n_variants && !failed; v++) {
            struct quantized_weights *w = &q->weights[layer * q->n_variants + v];
            struct setting s = {q->variants[v].w_bits, 8, q->variants[v].scheme};
            *w = (struct quantized_weights){.w_bits = s.w_bits, .scheme = s.scheme};
            w->n_channels = (uint32_t)net_out_channels(n, op), w->n_codes = (uint32_t)net_weight_count(n, op);
            failed = allocate_weights(w, quantized_table_bytes(s) / sizeof(int16_t)) ||
                     (is_given(op, w) ? take_given(n, op, w) : quantize_layer(op, &rows, per_tensor, w));
        }
        free_rows(&rows);
        if (failed)
            return error_set(e, "out of memory");
    }
    return 0;
}

static int allocate(const struct net *n, struct quantized *q, struct error *e)
{
    q->n_tensors = n->n_tensors, q->n_layers = n->n_layers, q->n_slots = n->n_slots;
    q->state_bits = q->state_bits ? q->state_bits : QUANTIZED_STATE_BITS;
    q->tensors = calloc((size_t)n->n_tensors, sizeof *q->tensors);
    q->weights = calloc((size_t)n->n_layers * (size_t)q->n_variants + 1, sizeof *q->weights);
    q->sensitivity = calloc((size_t)n->n_slots * (size_t)q->n_options + 1, sizeof *q->sensitivity);
    return q->tensors && q->weights && q->sensitivity ? 0 : error_set(e, "out of memory");
}

static int compute(const struct net *n, const struct data *d, const struct quantize_params *p,
                   quantize_progress *progress, void *user, struct quantized *q, struct error *e)
{
    struct calibration c;
    if (take_params(n, p, q, e) || allocate(n, q, e) ||
        calibration_run(n, d, p->calibration_samples, progress, user, &c, e))
        return -1;
    struct covariance *covariances = calloc((size_t)n->n_layers + 1, sizeof *covariances);
    make_scales(n, &c, p->clipping, q);
    int failed = !covariances ? error_set(e, "out of memory") : 0;
    failed = failed || covariance_run(n, d, p->calibration_samples, progress, user, covariances, e) ||
             make_weights(n, &c, covariances, p->per_tensor, progress, user, q, e) ||
             states_run(n, d, p->calibration_samples, q, e) ||
             sensitivity_run(n, d, p->calibration_samples, progress, user, q, e);
    if (covariances)
        covariance_finish(covariances, n->n_layers);
    free(covariances);
    calibration_finish(&c);
    return failed ? -1 : 0;
}

int quantize_network(const struct net *n, const struct data *calibration, const struct quantize_params *p,
                     quantize_progress *progress, void *user, struct quantized *q, struct error *e)
{
    memset(q, 0, sizeof *q);
    if (compute(n, calibration, p, progress, user, q, e)) {
        quantized_finish(q);
        return error_wrap(e, "quantizing");
    }
    quantized_key(n, calibration, p, q->key);
    return 0;
}

/* As far as the file goes: ranges are what the grids reach. */
static int take_file(const struct net *n, struct quantized *q, struct error *e)
{
    for (int slot = 0; slot < n->n_slots; slot++) {
        struct setting s = {0};
        bool known = false;
        net_given_setting(n, slot, &s);
        for (int i = 0; i < q->n_options; i++)
            known |= setting_equal(q->options[i], s);
        if (!known && q->n_options == QUANTIZED_OPTIONS_MAX)
            return error_set(e, "more than %d different settings", QUANTIZED_OPTIONS_MAX);
        if (!known)
            add_option(q, s);
    }
    if (allocate(n, q, e))
        return -1;
    take_grids(n, q);
    for (int t = 0; t < n->n_tensors; t++) {
        struct net_op range = {.act_min = -INFINITY, .act_max = INFINITY};
        net_clamp_to_grid(&range, &n->grids[t]);
        q->tensors[t].low = range.act_min, q->tensors[t].high = range.act_max;
    }
    for (int i = 0; i < n->n_layers * q->n_variants; i++) {
        const struct net_op *op = &n->ops[n->layers[i / q->n_variants].op];
        struct quantized_weights *w = &q->weights[i];
        *w = (struct quantized_weights){.w_bits = q->variants[i % q->n_variants].w_bits, .scheme = SCHEME_GIVEN};
        w->n_channels = (uint32_t)net_out_channels(n, op), w->n_codes = (uint32_t)net_weight_count(n, op);
        if (allocate_weights(w, 0))
            return error_set(e, "out of memory");
        memset(w->codes, 0, w->n_codes * sizeof *w->codes); // of widths that this layer does not have
        memset(w->scales, 0, w->n_channels * sizeof *w->scales);
        memset(w->bias, 0, w->n_channels * sizeof *w->bias);
        if (is_given(op, w) && take_given(n, op, w))
            return error_set(e, "out of memory");
    }
    return 0;
}

static int make_blank(const struct net *n, const struct candidate *c, struct quantized *q, struct error *e)
{
    struct quantize_params p = {.clipping = CLIPPING_MINMAX};
    for (int i = 0; i < c->n; i++) {
        int k = 0;
        while (k < p.n_options && !setting_equal(p.options[k], c->layers[i]))
            k++;
        if (k == QUANTIZED_OPTIONS_MAX)
            return error_set(e, "more than %d different settings", QUANTIZED_OPTIONS_MAX);
        p.options[k] = c->layers[i];
        p.n_options = k == p.n_options ? k + 1 : p.n_options;
    }
    if (take_params(n, &p, q, e) || allocate(n, q, e))
        return -1;
    for (int t = 0; t < n->n_tensors; t++)
        for (int bits = 2; bits <= QUANTIZED_BITS_MAX; bits++)
            q->tensors[t].at[bits].scale = 1;
    for (int i = 0; i < n->n_layers * q->n_variants; i++) {
        const struct net_op *op = &n->ops[n->layers[i / q->n_variants].op];
        struct quantized_weights *w = &q->weights[i];
        struct setting s = {q->variants[i % q->n_variants].w_bits, 8, q->variants[i % q->n_variants].scheme};
        *w = (struct quantized_weights){.w_bits = s.w_bits, .scheme = s.scheme, .n_channels = (uint32_t)net_out_channels(n, op)};
        w->n_codes = (uint32_t)net_weight_count(n, op);
        if (op->kind == NET_SCAN)
            w->states = calloc(w->n_channels, sizeof *w->states);
        if (allocate_weights(w, quantized_table_bytes(s) / sizeof(int16_t)) || (op->kind == NET_SCAN && !w->states))
            return error_set(e, "out of memory");
        memset(w->codes, 0, w->n_codes * sizeof *w->codes);
        memset(w->bias, 0, w->n_channels * sizeof *w->bias);
        memset(w->table ? (void *)w->table : (void *)w->bias, 0, w->table ? quantized_table_bytes(s) : 0);
        for (uint32_t k = 0; k < w->n_channels; k++)
            w->scales[k] = 1;
    }
    return 0;
}

int quantized_blank(const struct net *n, const struct candidate *c, struct quantized *q, struct error *e)
{
    memset(q, 0, sizeof *q);
    if (!make_blank(n, c, q, e))
        return 0;
    quantized_finish(q);
    return -1;
}

int quantized_given(const struct net *n, struct quantized *q, struct error *e)
{
    memset(q, 0, sizeof *q);
    if (!net_is_given(n))
        return error_set(e, "the network's file does not have integers for all weights and activations");
    if (!take_file(n, q, e))
        return 0;
    quantized_finish(q);
    return -1;
}

int quantized_open(const char *path, const struct net *n, const struct data *calibration,
                   const struct quantize_params *p, quantize_progress *progress, void *user,
                   struct quantized *q, struct error *e)
{
    uint8_t key[SHA256_BYTES];
    struct error why = {""};
    quantized_key(n, calibration, p, key);
    int loaded = path ? quantized_load(path, key, q, &why) : 1;
    if (loaded == 0)
        return 0;
    if (loaded < 0)
        log_warning("%s; computed again", why.text);
    if (quantize_network(n, calibration, p, progress, user, q, e))
        return -1;
    if (path && quantized_save(q, path, e)) {
        quantized_finish(q);
        return -1;
    }
    return 0;
}

const struct quantized_weights *quantized_weights_of(const struct quantized *q, int layer, struct setting s)
{
    for (int v = 0; v < q->n_variants; v++)
        if (q->variants[v].w_bits == s.w_bits && q->variants[v].scheme == s.scheme)
            return &q->weights[layer * q->n_variants + v];
    return NULL;
}

uint32_t quantized_table_bytes(struct setting s)
{
    return quantizer_has_table(s.w_bits, s.scheme) ? (uint32_t)sizeof(int16_t) << s.w_bits : 0;
}
