// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tool/work_answer.h"

#include "quant/program/footprint.h"
#include "quant/tool/candidate_file.h"
#include "quant/tool/session_tuned.h"

#include <stdlib.h>

static void add_number(cJSON *o, const char *key, int64_t value)
{
    cJSON_AddNumberToObject(o, key, (double)value);
}

static void add_sha256(cJSON *o, const char *key, const uint8_t sha256[SHA256_BYTES])
{
    char hex[SHA256_HEX];
    cJSON_AddStringToObject(o, key, sha256_hex(sha256, hex));
}

static void add_shape(cJSON *o, const char *key, const struct net_tensor *t)
{
    const int shape[3] = {t->h, t->w, t->c};
    cJSON_AddItemToObject(o, key, cJSON_CreateIntArray(shape, 3));
}

static int64_t layer_parameters(const struct net *n, int i)
{
    const struct net_op *op = &n->ops[n->layers[i].op];
    return (int64_t)net_weight_count(n, op) + (op->bias ? net_out_channels(n, op) : 0);
}

static int64_t layer_macs(const struct net *n, int i)
{
    return net_macs(n, &n->ops[n->layers[i].op]);
}

static void add_geometry(const struct net *n, const struct net_op *op, cJSON *o)
{
    const int kernel[2] = {op->kernel_h, op->kernel_w}, stride[2] = {op->stride_h, op->stride_w};
    add_shape(o, "input", &n->tensors[op->in[0]]);
    add_shape(o, "output", &n->tensors[op->out]);
    if (net_has_window(op->kind)) {
        cJSON_AddItemToObject(o, "kernel", cJSON_CreateIntArray(kernel, 2));
        cJSON_AddItemToObject(o, "stride", cJSON_CreateIntArray(stride, 2));
    }
}

static cJSON *layers_json(const struct net *n)
{
    cJSON *layers = cJSON_CreateArray();
    for (int i = 0; i < n->n_layers; i++) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "name", candidate_file_name(n, i));
        cJSON_AddStringToObject(o, "kind", candidate_file_kind(n, i));
        add_number(o, "slot", n->layers[i].slot);
        add_number(o, "input_slot", net_tensor_slot(n, n->ops[n->layers[i].op].in[0]));
        add_number(o, "macs", layer_macs(n, i));
        add_number(o, "parameters", layer_parameters(n, i));
        add_geometry(n, &n->ops[n->layers[i].op], o);
        cJSON_AddItemToArray(layers, o);
    }
    return layers;
}

static void add_options(const struct session *s, int slot, cJSON *o)
{
    const struct quantize_params *q = &s->params.quantize;
    cJSON *allowed = cJSON_AddArrayToObject(o, "allowed");
    cJSON *flash = cJSON_AddArrayToObject(o, "flash_bytes");
    cJSON *sensitivity = cJSON_AddArrayToObject(o, "sensitivity");
    for (int i = 0; i < q->n_options; i++) {
        if (s->allowed[slot] >> i & 1)
            cJSON_AddItemToArray(allowed, cJSON_CreateNumber(i));
        cJSON_AddItemToArray(flash, cJSON_CreateNumber((double)footprint_slot(&s->net, slot, q->options[i])));
        cJSON_AddItemToArray(sensitivity,
                             cJSON_CreateNumber(s->quantized.sensitivity[slot * q->n_options + i]));
    }
}

static cJSON *slots_json(const struct session *s)
{
    const struct net *n = &s->net;
    cJSON *slots = cJSON_CreateArray();
    for (int slot = 0; slot < n->n_slots; slot++) {
        cJSON *o = cJSON_CreateObject();
        int64_t macs = 0, parameters = 0;
        int first = -1;
        for (int i = 0; i < n->n_layers; i++) {
            if (n->layers[i].slot != slot)
                continue;
            first = first < 0 ? i : first;
            macs += layer_macs(n, i);
            parameters += layer_parameters(n, i);
        }
        cJSON_AddStringToObject(o, "name", candidate_file_name(n, first));
        add_options(s, slot, o);
        add_number(o, "macs", macs);
        add_number(o, "parameters", parameters);
        cJSON_AddItemToArray(slots, o);
    }
    return slots;
}

static cJSON *steps_json(const struct session *s)
{
    const struct quantize_params *q = &s->params.quantize;
    struct footprint_step *steps = calloc((size_t)s->net.n_ops, sizeof *steps);
    cJSON *list = steps ? cJSON_CreateArray() : NULL;
    if (steps)
        footprint_steps(&s->net, q->options, q->n_options, steps);
    for (int i = 0; list && i < s->net.n_ops; i++) {
        cJSON *o = cJSON_CreateObject();
        add_number(o, "fixed_bytes", steps[i].fixed_bytes);
        cJSON *slots = cJSON_AddArrayToObject(o, "slots");
        for (int k = 0; k < steps[i].n; k++) {
            const double pair[2] = {steps[i].slot[k], (double)steps[i].slot_bytes[k]};
            cJSON_AddItemToArray(slots, cJSON_CreateDoubleArray(pair, 2));
        }
        cJSON_AddItemToArray(list, o);
    }
    free(steps);
    return list;
}

static void add_data(const struct session *s, cJSON *o)
{
    cJSON *sha256 = cJSON_AddObjectToObject(o, "data_sha256");
    add_sha256(sha256, "calibration", s->calibration.sha256);
    add_sha256(sha256, "validation", s->validation.samples.sha256);
    add_sha256(sha256, "validation_labels", s->validation.labels_sha256);
    if (s->test.labels) {
        add_sha256(sha256, "test", s->test.samples.sha256);
        add_sha256(sha256, "test_labels", s->test.labels_sha256);
    }
    add_number(o, "validation_samples", s->validation.n_labelled);
    add_number(o, "test_samples", s->test.n_labelled);
    add_number(o, "float_correct", s->float_correct);
    cJSON_AddStringToObject(o, "metric", metric_name(s->params.metric.kind));
}

cJSON *work_answer_open(const struct session *s)
{
    const struct net *n = &s->net;
    uint8_t quantized[SHA256_BYTES];
    cJSON *o = cJSON_CreateObject();
    int64_t macs = 0, parameters = 0;
    for (int i = 0; i < n->n_layers; i++) {
        macs += layer_macs(n, i);
        parameters += layer_parameters(n, i);
    }
    add_sha256(o, "network_sha256", s->network_sha256);
    quantized_sha256(&s->quantized, quantized);
    add_sha256(o, "quantized_sha256", quantized);
    add_number(o, "parameters", parameters);
    add_number(o, "macs", macs);
    add_number(o, "classes", (int64_t)net_elements(&n->tensors[n->output]));
    add_shape(o, "input", &n->tensors[n->input]);
    add_data(s, o);
    cJSON *options = cJSON_AddArrayToObject(o, "options");
    for (int i = 0; i < s->params.quantize.n_options; i++) {
        char text[SETTING_TEXT_MAX];
        cJSON_AddItemToArray(options,
                             cJSON_CreateString(setting_format(s->params.quantize.options[i], text)));
    }
    cJSON_AddItemToObject(o, "layers", layers_json(n));
    cJSON_AddItemToObject(o, "slots", slots_json(s));
    cJSON_AddItemToObject(o, "steps", steps_json(s));
    add_number(o, "flash_fixed_bytes", footprint_fixed(n));
    add_number(o, "ops", n->n_ops);
    return o;
}

/* What the candidate's weights were trained with. */
static void add_trained(const struct session *s, cJSON *o)
{
    struct tune_params p = session_tune_params(s);
    if (!session_is_tuned(s, &s->candidate))
        return;
    cJSON *t = cJSON_AddObjectToObject(o, "trained");
    add_number(t, "steps", p.steps);
    add_number(t, "batch", p.batch);
    cJSON_AddNumberToObject(t, "rate", p.rate);
    add_number(t, "samples", p.calibration_samples);
    add_number(t, "seed", (int64_t)p.seed);
}

cJSON *work_answer_lower(const struct session *s, const struct image_written *image)
{
    const struct lowered *l = &s->lowered;
    cJSON *o = cJSON_CreateObject();
    add_number(o, "flash_bytes", l->flash_bytes);
    add_number(o, "weights_bytes", l->weights_bytes);
    add_number(o, "parameters_bytes", l->parameters_bytes);
    add_number(o, "program_bytes", l->program_bytes);
    add_number(o, "ram_bytes", l->ram_bytes);
    if (image) {
        add_sha256(o, "image_sha256", image->sha256);
        add_number(o, "image_bytes", image->bytes);
        add_number(o, "image_samples", image->n_samples);
    }
    add_trained(s, o);
    cJSON *layers = cJSON_AddArrayToObject(o, "op_layers");
    for (uint32_t i = 0; i < l->program.header->n_ops; i++) {
        int layer = l->program.ops[i].layer;
        cJSON_AddItemToArray(layers, cJSON_CreateNumber(layer == 0xffff ? -1 : layer));
    }
    return o;
}

cJSON *work_answer_score(const struct score *score)
{
    cJSON *o = cJSON_CreateObject();
    add_number(o, "correct", score->correct);
    add_number(o, "total", score->total);
    add_sha256(o, "outputs_sha256", score->outputs_sha256);
    return o;
}
