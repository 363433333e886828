// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// From the bytes of an ONNX file to a sealed network: unpack, number the names, find what the output needs,
// take node after node.
#include "quant/import/onnx_operators.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define UNPACK_BYTES_BASE (64u << 20) // what unpacking may take beyond the file's own size four times over

/* protobuf-c makes a struct of a hundred bytes of a message of two: its memory is counted. */
struct budget {
    size_t used, limit;
};

static void *budget_alloc(void *data, size_t size)
{
    struct budget *b = data;
    if (size > b->limit - b->used)
        return NULL;
    b->used += size;
    return malloc(size ? size : 1);
}

static void budget_free(void *data, void *p)
{
    (void)data;
    free(p);
}

static int read_opset(struct onnx *x, const Onnx__ModelProto *model, struct error *e)
{
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const Onnx__OperatorSetIdProto *set = model->opset_import[i];
        if (!set->domain || !set->domain[0] || !strcmp(set->domain, "ai.onnx"))
            x->opset = set->version;
    }
    if (x->opset < ONNX_OPSET_MIN || x->opset > ONNX_OPSET_MAX)
        return error_set(e, "operator set %lld is not supported (%d to %d are)", (long long)x->opset,
                         ONNX_OPSET_MIN, ONNX_OPSET_MAX);
    return 0;
}

static struct onnx_value *value_of(struct onnx *x, const char *name, struct error *e)
{
    int i = onnx_names_number(&x->names, name ? name : "");
    if (i < 0)
        error_set(e, "more than %d names of tensors", ONNX_NAMES_MAX);
    return i < 0 ? NULL : &x->values[i];
}

static int number_initializers(struct onnx *x, const Onnx__GraphProto *g, struct error *e)
{
    for (size_t i = 0; i < g->n_initializer; i++) {
        struct onnx_value *v = value_of(x, g->initializer[i]->name, e);
        if (!v)
            return -1;
        v->state = ONNX_ENCODED;
        v->encoded = g->initializer[i];
    }
    return 0;
}

/* Who asks for the sides of a tensor alone does not keep it from being fused into what reads it. */
static bool only_asks_shape(const onnx_node *node)
{
    return node->op_type && !strcmp(node->op_type, "Shape") && (!node->domain || !node->domain[0]);
}

/* Backwards from the output: a node is needed if a later one reads what it writes. Nodes of a file are in
 * order. */
static int count_uses(struct onnx *x, const Onnx__GraphProto *g, bool *needed, struct error *e)
{
    for (size_t i = g->n_node; i-- > 0;) {
        const onnx_node *node = g->node[i];
        for (size_t k = 0; k < node->n_output; k++) {
            struct onnx_value *v = value_of(x, node->output[k], e);
            if (!v)
                return -1;
            needed[i] = needed[i] || (v->uses > 0 && node->output[k][0]);
        }
        for (size_t k = 0; needed[i] && !only_asks_shape(node) && k < node->n_input; k++) {
            struct onnx_value *v = value_of(x, node->input[k], e);
            if (!v)
                return -1;
            v->uses++;
        }
    }
    return 0;
}

static int read_input_shape(struct onnx *x, const Onnx__ValueInfoProto *info, struct error *e)
{
    const Onnx__TypeProto__Tensor *type = info->type ? info->type->tensor_type : NULL;
    if (!type || !type->shape)
        return error_set(e, "the input '%s' has no shape", info->name);
    if (type->elem_type != 1)
        return error_set(e, "the input '%s' is not float32", info->name);
    if (type->shape->n_dim < 2 || type->shape->n_dim > ONNX_RANK_MAX)
        return error_set(e, "the input '%s' has %zu axes", info->name, type->shape->n_dim);
    x->input_rank = (int)type->shape->n_dim;
    int64_t elements = 1;
    for (int i = 0; i < x->input_rank; i++) {
        const Onnx__TensorShapeProto__Dimension *d = type->shape->dim[i];
        int64_t side = d->has_dim_value ? d->dim_value : 0;
        if (i && (side < 1 || side > NET_ACTIVATIONS_MAX || elements > NET_ACTIVATIONS_MAX / side))
            return error_set(e, "the input '%s' has no fixed size, or one that is not supported", info->name);
        x->input_dims[i] = i ? side : 1;
        elements *= x->input_dims[i];
        if (!i)
            x->batch = side < 1 ? 1 : side;
    }
    return 0;
}

/* The one graph input that no constant stands for (older files list constants among the inputs). */
static int find_input(struct onnx *x, const Onnx__GraphProto *g, struct error *e)
{
    const Onnx__ValueInfoProto *found = NULL;
    for (size_t i = 0; i < g->n_input; i++) {
        struct onnx_value *v = value_of(x, g->input[i]->name, e);
        if (!v)
            return -1;
        if (v->state == ONNX_ENCODED || !g->input[i]->name || !v->uses)
            continue;
        if (found && found != g->input[i])
            return error_set(e, "two inputs, '%s' and '%s': one is supported", found->name,
                             g->input[i]->name);
        found = g->input[i];
    }
    if (!found)
        return error_set(e, "the output depends on no input");
    if (read_input_shape(x, found, e))
        return -1;
    x->input_value = onnx_names_find(&x->names, found->name);
    struct onnx_value *v = &x->values[x->input_value];
    v->state = ONNX_ACTIVATION;
    v->view = (struct onnx_view){.rank = x->input_rank, .tensor = -1};
    memcpy(v->view.dims, x->input_dims, sizeof x->input_dims);
    return 0;
}

static const char *name_of(const onnx_node *node)
{
    return node->name && node->name[0] ? node->name : node->n_output ? node->output[0] : "";
}

static int take_node(struct onnx *x, const onnx_node *node, struct error *e)
{
    const char *type = node->op_type;
    if (!type)
        return error_set(e, "node '%.128s' names no operator", name_of(node));
    bool own = node->domain && node->domain[0] && strcmp(node->domain, "ai.onnx");
    own = own && (strcmp(type, "Quant") || strcmp(node->domain, "qonnx.custom_op.general"));
    bool ours = own && !strcmp(node->domain, "pare"), part = !own && onnx_reads_part(x, node);
    const struct onnx_operator *row = own && !ours ? NULL : onnx_operator_find(type, ours), *fold = own ? NULL : onnx_folded(x, node);
    row = fold ? fold : row;
    if (part && !onnx_take_part(x, node, e))
        return 0;
    if (part)
        return error_wrap(e, "node '%.128s' (%.64s)", name_of(node), type);
    if (!row)
        error_set(e,
                  own ? "this operator of domain '%.64s' is not supported" : "this operator is not supported",
                  node->domain);
    if (row && !row->take(x, node, e))
        return 0;
    return error_wrap(e, "node '%.128s' (%.64s)", name_of(node), type);
}

/* A softmax over a vector changes no arg-max: at the end it is left away. A clamp behind it would be another network's. */
static void leave_softmax(struct net *n, bool logarithm)
{
    const struct net_tensor t = n->tensors[n->output];
    n->softmax = logarithm;
    for (int i = 0; i < n->n_ops && t.h == 1 && t.w == 1; i++) {
        const struct net_op *op = &n->ops[i];
        bool clamps = (isfinite(op->act_min) || isfinite(op->act_max)) && !n->grids[op->out].bits;
        if (op->out == n->output && op->kind == NET_SOFTMAX && !clamps) {
            n->softmax = true;
            n->output = op->in[0];
            return;
        }
    }
}

static int take_output(struct onnx *x, const Onnx__GraphProto *g, struct error *e)
{
    struct onnx_value *v = value_of(x, g->output[0]->name, e);
    if (!v || v->state != ONNX_ACTIVATION || v->view.tensor < 0)
        return error_set(e, "nothing computes the output '%.128s'",
                         g->output[0]->name ? g->output[0]->name : "");
    if (v->view.part)
        return error_set(e, "a part of RMSNorm or GELU as the output is not supported");
    if (onnx_view_has_pads(&v->view) || v->view.split || v->view.expanded)
        return error_set(e, "an output with zero pads around it, of split channels or out of an Expand is not supported");
    x->net->input = x->settled.tensor;
    if (!x->net->grids[x->net->input].bits)
        x->net->grids[x->net->input] = x->input_grid;
    x->net->output = v->view.tensor;
    leave_softmax(x->net, v->view.log_softmax);
    return net_seal(x->net, e);
}

static int take_graph(struct onnx *x, const Onnx__GraphProto *g, bool *needed, struct error *e)
{
    if (g->n_output != 1)
        return error_set(e, "%zu outputs: one is supported", g->n_output);
    struct onnx_value *out = value_of(x, g->output[0]->name, e);
    if (!out || number_initializers(x, g, e))
        return -1;
    out->uses++;
    if (count_uses(x, g, needed, e) || find_input(x, g, e))
        return -1;
    for (size_t i = 0; i < g->n_node; i++)
        if (needed[i] && take_node(x, g->node[i], e))
            return -1;
    return take_output(x, g, e);
}

static int take_model(struct onnx *x, const Onnx__ModelProto *model, struct error *e)
{
    const Onnx__GraphProto *g = model->graph;
    if (!g || !g->n_node)
        return error_set(e, "an ONNX file without a graph");
    if (g->n_node > ONNX_NODES_MAX)
        return error_set(e, "%zu nodes, more than %d", g->n_node, ONNX_NODES_MAX);
    if (read_opset(x, model, e))
        return -1;
    bool *needed = calloc(g->n_node, sizeof *needed);
    x->values = calloc(ONNX_NAMES_MAX, sizeof *x->values);
    int failed = -1;
    if (!needed || !x->values || onnx_names_init(&x->names, ONNX_NAMES_MAX))
        error_set(e, "out of memory");
    else
        failed = take_graph(x, g, needed, e);
    for (int i = 0; x->values && i < x->names.n; i++)
        onnx_constant_free(&x->values[i].constant);
    onnx_names_finish(&x->names);
    free(x->values);
    free(needed);
    return failed;
}

int onnx_import(const char *bytes, size_t size, struct net *n, struct error *e)
{
    struct budget budget = {.limit = UNPACK_BYTES_BASE + 4 * size};
    ProtobufCAllocator allocator = {.alloc = budget_alloc, .free = budget_free, .allocator_data = &budget};
    Onnx__ModelProto *model = onnx__model_proto__unpack(&allocator, size, (const uint8_t *)bytes);
    if (!model)
        return error_set(e, "not an ONNX file, or one that was cut off");
    struct onnx x = {.net = n, .settled = {.tensor = -1}};
    int failed = take_model(&x, model, e);
    onnx__model_proto__free_unpacked(model, &allocator);
    return failed;
}
