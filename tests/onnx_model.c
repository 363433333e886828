// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/onnx_model.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Everything is put together from malloc, as protobuf-c's free_unpacked expects. */
static void *fresh(size_t size)
{
    void *p = calloc(1, size);
    ck_assert_ptr_nonnull(p);
    return p;
}

static void *append(void *list, size_t *n, void *item)
{
    void **grown = realloc(list, (*n + 1) * sizeof *grown);
    ck_assert_ptr_nonnull(grown);
    grown[(*n)++] = item;
    return grown;
}

static Onnx__ValueInfoProto *info(const char *name, int rank, const int64_t *dims)
{
    Onnx__ValueInfoProto *v = fresh(sizeof *v);
    onnx__value_info_proto__init(v);
    v->name = strdup(name);
    v->type = fresh(sizeof *v->type);
    onnx__type_proto__init(v->type);
    Onnx__TypeProto__Tensor *t = v->type->tensor_type = fresh(sizeof *t);
    onnx__type_proto__tensor__init(t);
    t->has_elem_type = 1;
    t->elem_type = 1;
    t->shape = fresh(sizeof *t->shape);
    onnx__tensor_shape_proto__init(t->shape);
    for (int i = 0; i < rank; i++) {
        Onnx__TensorShapeProto__Dimension *d = fresh(sizeof *d);
        onnx__tensor_shape_proto__dimension__init(d);
        d->has_dim_value = 1;
        d->dim_value = dims[i];
        t->shape->dim = append(t->shape->dim, &t->shape->n_dim, d);
    }
    return v;
}

Onnx__ModelProto *onnx_model_create(int opset, int rank, const int64_t *dims)
{
    Onnx__ModelProto *m = fresh(sizeof *m);
    onnx__model_proto__init(m);
    m->has_ir_version = 1;
    m->ir_version = 7;
    Onnx__OperatorSetIdProto *set = fresh(sizeof *set);
    onnx__operator_set_id_proto__init(set);
    set->has_version = 1;
    set->version = opset;
    m->opset_import = append(NULL, &m->n_opset_import, set);
    m->graph = fresh(sizeof *m->graph);
    onnx__graph_proto__init(m->graph);
    m->graph->input = append(NULL, &m->graph->n_input, info("x", rank, dims));
    m->graph->output = append(NULL, &m->graph->n_output, info("y", 0, NULL));
    return m;
}

void onnx_model_destroy(Onnx__ModelProto *m)
{
    onnx__model_proto__free_unpacked(m, NULL);
}

Onnx__NodeProto *onnx_model_node(Onnx__ModelProto *m, const char *type, const char *inputs,
                                 const char *output)
{
    Onnx__NodeProto *n = fresh(sizeof *n);
    onnx__node_proto__init(n);
    n->op_type = strdup(type);
    n->name = strdup(output);
    char *names = strdup(inputs), *at = names, *outputs = strdup(output), *to = outputs;
    for (char *name; (name = strsep(&at, " "));)
        if (name[0])
            n->input = append(n->input, &n->n_input, strdup(strcmp(name, "-") ? name : ""));
    for (char *name; (name = strsep(&to, " "));)
        n->output = append(n->output, &n->n_output, strdup(name));
    free(names);
    free(outputs);
    m->graph->node = append(m->graph->node, &m->graph->n_node, n);
    return n;
}

static Onnx__AttributeProto *attribute(Onnx__NodeProto *n, const char *name, int type)
{
    Onnx__AttributeProto *a = fresh(sizeof *a);
    onnx__attribute_proto__init(a);
    a->name = strdup(name);
    a->has_type = 1;
    a->type = type;
    n->attribute = append(n->attribute, &n->n_attribute, a);
    return a;
}

void onnx_model_float(Onnx__NodeProto *n, const char *name, float value)
{
    Onnx__AttributeProto *a = attribute(n, name, 1);
    a->has_f = 1;
    a->f = value;
}

void onnx_model_int(Onnx__NodeProto *n, const char *name, int64_t value)
{
    Onnx__AttributeProto *a = attribute(n, name, 2);
    a->has_i = 1;
    a->i = value;
}

void onnx_model_text(Onnx__NodeProto *n, const char *name, const char *value)
{
    Onnx__AttributeProto *a = attribute(n, name, 3);
    a->has_s = 1;
    a->s.data = (uint8_t *)strdup(value);
    a->s.len = strlen(value);
}

void onnx_model_ints(Onnx__NodeProto *n, const char *name, int count, const int64_t *values)
{
    Onnx__AttributeProto *a = attribute(n, name, 7);
    a->n_ints = (size_t)count;
    a->ints = fresh((size_t)count * sizeof *values + 1);
    memcpy(a->ints, values, (size_t)count * sizeof *values);
}

static Onnx__TensorProto *tensor(Onnx__ModelProto *m, const char *name, int type, int rank,
                                 const int64_t *dims)
{
    Onnx__TensorProto *t = fresh(sizeof *t);
    onnx__tensor_proto__init(t);
    t->name = strdup(name);
    t->has_data_type = 1;
    t->data_type = type;
    t->n_dims = (size_t)rank;
    t->dims = fresh((size_t)rank * sizeof *dims + 1);
    if (rank)
        memcpy(t->dims, dims, (size_t)rank * sizeof *dims);
    m->graph->initializer = append(m->graph->initializer, &m->graph->n_initializer, t);
    return t;
}

Onnx__TensorProto *onnx_model_noise(Onnx__ModelProto *m, const char *name, int rank, const int64_t *dims,
                                    double mean, struct rng *r)
{
    Onnx__TensorProto *t = tensor(m, name, 1, rank, dims);
    size_t n = 1;
    for (int i = 0; i < rank; i++)
        n *= (size_t)dims[i];
    t->has_raw_data = 1;
    t->raw_data.len = n * sizeof(float);
    t->raw_data.data = fresh(t->raw_data.len + 1);
    for (size_t i = 0; i < n; i++) {
        float value = (float)(mean + 0.5 * rng_normal(r));
        memcpy(t->raw_data.data + i * sizeof value, &value, sizeof value);
    }
    return t;
}

Onnx__TensorProto *onnx_model_number(Onnx__ModelProto *m, const char *name, float value)
{
    Onnx__TensorProto *t = tensor(m, name, 1, 0, NULL);
    t->n_float_data = 1;
    t->float_data = fresh(sizeof value);
    t->float_data[0] = value;
    return t;
}

Onnx__TensorProto *onnx_model_list(Onnx__ModelProto *m, const char *name, int count, const int64_t *values)
{
    const int64_t dims[] = {count};
    Onnx__TensorProto *t = tensor(m, name, 7, 1, dims);
    t->n_int64_data = (size_t)count;
    t->int64_data = fresh((size_t)count * sizeof *values + 1);
    memcpy(t->int64_data, values, (size_t)count * sizeof *values);
    return t;
}

size_t onnx_model_pack(const Onnx__ModelProto *m, char **bytes)
{
    size_t size = onnx__model_proto__get_packed_size(m);
    *bytes = fresh(size + 1);
    onnx__model_proto__pack(m, (uint8_t *)*bytes);
    return size;
}
