// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/onnx_node_test.h"

#include "base/file.h"
#include "tests/onnx_model.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES_MAX (16u << 20)
#define NAMES_ROOM 1024
#define FLAT_MAX 512 // values that a layer after a Flatten takes: its weights are the square of it

// names that no test has
#define DATA "pare.data"
#define WHOLE "pare.whole"
#define SIZES "pare.sizes"
#define FLAT "pare.flat"
#define RESULT "pare.result"

/* ---- reading ---- */

static Onnx__TensorProto *read_tensor(const char *path, struct error *e)
{
    char *bytes;
    size_t size;
    if (file_read(path, FILE_BYTES_MAX, &bytes, &size, e))
        return NULL;
    Onnx__TensorProto *t = onnx__tensor_proto__unpack(NULL, size, (const uint8_t *)bytes);
    free(bytes);
    return t;
}

static int read_tensors(const char *folder, const char *kind, Onnx__TensorProto **tensors, struct error *e)
{
    char path[PATH_MAX + 64];
    int n = 0;
    for (; n < ONNX_NODE_TEST_TENSORS; n++) {
        snprintf(path, sizeof path, "%s/test_data_set_0/%s_%d.pb", folder, kind, n);
        if (access(path, R_OK))
            break;
        tensors[n] = read_tensor(path, e);
    }
    return n;
}

int onnx_node_test_read(const char *folder, struct onnx_node_test *t, struct error *e)
{
    char path[PATH_MAX + 64], *bytes;
    size_t size;
    *t = (struct onnx_node_test){0};
    snprintf(path, sizeof path, "%s/model.onnx", folder);
    if (file_read(path, FILE_BYTES_MAX, &bytes, &size, e))
        return -1;
    t->model = onnx__model_proto__unpack(NULL, size, (const uint8_t *)bytes);
    free(bytes);
    if (!t->model || !t->model->graph)
        return error_set(e, "%s: not a model", path);
    t->n_inputs = read_tensors(folder, "input", t->inputs, e);
    t->n_outputs = read_tensors(folder, "output", t->outputs, e);
    return 0;
}

void onnx_node_test_finish(struct onnx_node_test *t)
{
    if (t->model)
        onnx__model_proto__free_unpacked(t->model, NULL);
    for (int i = 0; i < ONNX_NODE_TEST_TENSORS; i++) {
        if (t->inputs[i])
            onnx__tensor_proto__free_unpacked(t->inputs[i], NULL);
        if (t->outputs[i])
            onnx__tensor_proto__free_unpacked(t->outputs[i], NULL);
    }
}

/* ---- the input ---- */

static bool is_float(const Onnx__TensorProto *t)
{
    return t && t->data_type == ONNX_TYPE_FLOAT;
}

static bool has_layer(const struct onnx_constant *shape, enum onnx_node_form form)
{
    return form == ONNX_NODE_LAST ? shape->rank == 3 : shape->rank >= 2 && shape->rank <= 4;
}

static int channel_axis(enum onnx_node_form form)
{
    return form == ONNX_NODE_LAST ? 2 : 1;
}

/* Can the two be parts of one tensor, along the axis of channels? */
static bool fit_together(const Onnx__TensorProto *a, const Onnx__TensorProto *b, enum onnx_node_form form)
{
    size_t axis = (size_t)channel_axis(form);
    bool fit = is_float(b) && a->n_dims == b->n_dims && a->n_dims > axis;
    for (size_t d = 0; fit && d < a->n_dims; d++)
        fit = d == axis || a->dims[d] == b->dims[d];
    return fit;
}

/* Puts `part` behind what `whole` has, along `axis`. */
static void join(struct onnx_constant *whole, const struct onnx_constant *part, int axis)
{
    size_t rows = 1;
    for (int d = 0; d < axis; d++)
        rows *= (size_t)whole->dims[d];
    size_t a = whole->elements / rows, b = part->elements / rows;
    float *both = malloc((whole->elements + part->elements + 1) * sizeof *both);
    for (size_t i = 0; both && i < rows; i++) {
        memcpy(both + i * (a + b), whole->floats + i * a, a * sizeof *both);
        memcpy(both + i * (a + b) + a, part->floats + i * b, b * sizeof *both);
    }
    free(whole->floats);
    whole->floats = both;
    whole->elements += part->elements;
    whole->dims[axis] += part->dims[axis];
}

/* The data that the network gets. */
static int take_input(const struct onnx_node_test *t, int n_data, enum onnx_node_form form, struct onnx_constant *input)
{
    struct error e = {{0}};
    if (onnx_constant_decode(t->inputs[0], FILE_BYTES_MAX, input, &e))
        return 1;
    for (int i = 1; i < n_data; i++) {
        struct onnx_constant part = {0};
        if (onnx_constant_decode(t->inputs[i], FILE_BYTES_MAX, &part, &e))
            return 1;
        join(input, &part, channel_axis(form));
        onnx_constant_free(&part);
    }
    return !input->floats || !input->elements;
}

/* ---- layers that change nothing ---- */

/* Ones on the diagonal, for a tensor of this shape: a convolution, or a dense layer of vectors or, with channels last, of each time. */
static void add_layer(Onnx__ModelProto *m, const char *from, const char *to, const struct onnx_constant *shape,
                      enum onnx_node_form form)
{
    char weights[NAMES_ROOM], inputs[2 * NAMES_ROOM];
    const char *type = form == ONNX_NODE_LAST ? "MatMul" : shape->rank == 2 ? "Gemm" : "Conv";
    int64_t c = shape->dims[channel_axis(form)], dims[] = {c, c, 1, 1};
    struct rng r;
    rng_seed(&r, 1, 0);
    snprintf(weights, sizeof weights, "pare.weights.%.900s", to);
    snprintf(inputs, sizeof inputs, "%.900s %s", from, weights);
    Onnx__TensorProto *w = onnx_model_noise(m, weights, !strcmp(type, "Conv") ? shape->rank : 2, dims, 0, &r);
    float *ones = (float *)w->raw_data.data;
    for (int64_t i = 0; i < c * c; i++)
        ones[i] = i % (c + 1) == 0;
    onnx_model_node(m, type, inputs, to);
}

/* Operators that mean in operator set 7 what they meant in the earlier one of their tests. */
static void raise_operator_set(Onnx__ModelProto *m)
{
    static const char *const same[] = {"Elu", "GlobalAveragePool", "GlobalMaxPool", "HardSigmoid", "Softplus"};
    for (size_t i = 0; m->graph->n_node == 1 && i < sizeof same / sizeof *same; i++)
        if (!strcmp(m->graph->node[0]->op_type, same[i]) && m->opset_import[0]->version < 7)
            m->opset_import[0]->version = 7;
}

static void rename_value(Onnx__ValueInfoProto *v, const char *name)
{
    free(v->name);
    v->name = strdup(name);
}

/* Splits WHOLE into the data inputs. */
static void add_split(const struct onnx_node_test *t, int n_data, int axis)
{
    int64_t sizes[ONNX_NODE_TEST_TENSORS];
    char names[NAMES_ROOM] = "";
    for (int i = 0; i < n_data; i++) {
        size_t at = strlen(names);
        snprintf(names + at, sizeof names - at, "%s%s", i ? " " : "", t->model->graph->input[i]->name);
        sizes[i] = t->inputs[i]->dims[axis];
    }
    bool attribute = t->model->opset_import[0]->version < 13;
    Onnx__NodeProto *split = onnx_model_node(t->model, "Split", attribute ? WHOLE : WHOLE " " SIZES, names);
    onnx_model_int(split, "axis", axis);
    if (attribute)
        onnx_model_ints(split, "split", n_data, sizes);
    else
        onnx_model_list(t->model, SIZES, n_data, sizes);
}

/* Nodes from `first` on, at most two, come before all others. */
static void move_to_front(Onnx__GraphProto *g, size_t first)
{
    Onnx__NodeProto *added[2];
    size_t n = g->n_node - first;
    memcpy(added, g->node + first, n * sizeof *added);
    memmove(g->node + n, g->node, first * sizeof *added);
    memcpy(g->node, added, n * sizeof *added);
}

static void add_before(struct onnx_node_test *t, int n_data, enum onnx_node_form form, const struct onnx_constant *input)
{
    Onnx__GraphProto *g = t->model->graph;
    int axis = channel_axis(form);
    size_t n = g->n_node;
    add_layer(t->model, DATA, n_data > 1 ? WHOLE : g->input[0]->name, input, form);
    if (n_data > 1)
        add_split(t, n_data, axis);
    move_to_front(g, n);
    rename_value(g->input[0], DATA);
    Onnx__TypeProto__Tensor *type = g->input[0]->type ? g->input[0]->type->tensor_type : NULL;
    if (!type || !type->shape || type->shape->n_dim <= (size_t)axis)
        return;
    type->shape->dim[axis]->has_dim_value = 1;
    type->shape->dim[axis]->dim_value = input->dims[axis];
}

static bool ends_in(const Onnx__GraphProto *g, const char *name, const char *type)
{
    const Onnx__NodeProto *last = g->node[g->n_node - 1];
    return last->n_output == 1 && !strcmp(last->output[0], name) && !strcmp(last->op_type, type);
}

/* From here on the output is a vector. */
static void add_flatten(Onnx__ModelProto *m, struct onnx_constant *output)
{
    int64_t batch = output->dims[0];
    onnx_model_int(onnx_model_node(m, "Flatten", m->graph->output[0]->name, FLAT), "axis", 1);
    rename_value(m->graph->output[0], FLAT);
    output->rank = 2;
    output->dims[1] = (int64_t)output->elements / batch;
}

static void add_after(struct onnx_node_test *t, enum onnx_node_form form, struct onnx_node_case *c)
{
    Onnx__GraphProto *g = t->model->graph;
    c->logarithm = ends_in(g, g->output[0]->name, "LogSoftmax");
    c->softmax = c->logarithm; // a Softmax that a layer follows stays
    if (form == ONNX_NODE_FLAT)
        add_flatten(t->model, &c->output);
    if (c->softmax)
        return;
    add_layer(t->model, g->output[0]->name, RESULT, &c->output, form);
    rename_value(g->output[0], RESULT);
}

/* ---- cases ---- */

/* Inputs first .. end - 1 are none any more. */
static void drop_inputs(Onnx__GraphProto *g, int first, int end)
{
    for (int i = first; i < end; i++)
        onnx__value_info_proto__free_unpacked(g->input[i], NULL);
    memmove(g->input + first, g->input + end, (g->n_input - (size_t)end) * sizeof *g->input);
    g->n_input -= (size_t)(end - first);
}

static void keep_output(Onnx__GraphProto *g, int k)
{
    Onnx__ValueInfoProto *kept = g->output[k];
    g->output[k] = g->output[0];
    g->output[0] = kept;
    while (g->n_output > 1)
        onnx__value_info_proto__free_unpacked(g->output[--g->n_output], NULL);
}

/* Everything but the data: hands the tensors over. */
static void make_constants(struct onnx_node_test *t, int n_data)
{
    Onnx__GraphProto *g = t->model->graph;
    size_t n = g->n_initializer + (size_t)(t->n_inputs - n_data);
    g->initializer = realloc(g->initializer, (n + 1) * sizeof *g->initializer);
    for (int i = n_data; i < t->n_inputs; i++) {
        free(t->inputs[i]->name);
        t->inputs[i]->name = strdup(g->input[i]->name);
        g->initializer[g->n_initializer++] = t->inputs[i];
        t->inputs[i] = NULL;
    }
}

static bool fits(const struct onnx_node_test *t, bool all, enum onnx_node_form form, int k)
{
    const Onnx__GraphProto *g = t->model->graph;
    bool good = t->n_inputs > all && (size_t)t->n_inputs == g->n_input && (size_t)k < g->n_output && g->n_node &&
                t->model->n_opset_import && is_float(t->inputs[0]) && is_float(t->outputs[k]);
    for (int i = 1; good && i < t->n_inputs; i++)
        good = all ? fit_together(t->inputs[0], t->inputs[i], form) : t->inputs[i] != NULL;
    return good;
}

/* The values, and whether layers of this form can stand around the node. */
static bool take_values(const struct onnx_node_test *t, int n_data, enum onnx_node_form form, int k, struct onnx_node_case *c)
{
    struct error e = {{0}};
    if (take_input(t, n_data, form, &c->input) || onnx_constant_decode(t->outputs[k], FILE_BYTES_MAX, &c->output, &e))
        return false;
    const struct onnx_constant *out = &c->output;
    bool flat = out->rank > 2 && out->elements && out->elements <= (size_t)out->dims[0] * FLAT_MAX;
    return has_layer(&c->input, form) && (form == ONNX_NODE_FLAT ? flat : has_layer(out, form));
}

int onnx_node_case_make(struct onnx_node_test *t, bool all, enum onnx_node_form form, int k, struct onnx_node_case *c)
{
    int n_data = all ? t->n_inputs : 1;
    *c = (struct onnx_node_case){.channels_last = form == ONNX_NODE_LAST};
    if (!fits(t, all, form, k) || !take_values(t, n_data, form, k, c)) {
        onnx_node_case_finish(c);
        return 1;
    }
    raise_operator_set(t->model);
    make_constants(t, n_data);
    keep_output(t->model->graph, k);
    add_before(t, n_data, form, &c->input);
    drop_inputs(t->model->graph, 1, n_data);
    add_after(t, form, c);
    c->size = onnx_model_pack(t->model, &c->bytes);
    return 0;
}

void onnx_node_case_finish(struct onnx_node_case *c)
{
    onnx_constant_free(&c->input);
    onnx_constant_free(&c->output);
    free(c->bytes);
    *c = (struct onnx_node_case){0};
}
