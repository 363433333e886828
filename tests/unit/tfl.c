// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/tfl.h"

#include "quant/import/import.h"

#include <check.h>
#include <string.h>

struct tfl tfl;

void tfl_setup(void)
{
    memset(&tfl.file, 0, sizeof tfl.file);
    net_init(&tfl.net);
    rng_seed(&tfl.rng, 5, 1);
    tfl.error.text[0] = 0;
    for (size_t i = 0; i < sizeof tfl.noise / sizeof *tfl.noise; i++)
        tfl.noise[i] = (float)rng_normal(&tfl.rng);
}

void tfl_teardown(void)
{
    net_finish(&tfl.net);
}

int tfl_tensor(int rank, const int32_t *dims, int type, const void *data, size_t bytes)
{
    int t = tfl.file.n_tensors++;
    tfl.file.tensors[t].rank = rank;
    tfl.file.tensors[t].type = type;
    memcpy(tfl.file.tensors[t].dims, dims, (size_t)rank * sizeof *dims);
    tfl.file.tensors[t].data = data;
    tfl.file.tensors[t].bytes = bytes;
    return t;
}

int tfl_activation(int h, int w, int c)
{
    return tfl_tensor(4, INTS(1, h, w, c), FLOAT32, NULL, 0);
}

int tfl_weights(int a, int b, int c, int d)
{
    return tfl_tensor(4, INTS(a, b, c, d), FLOAT32, tfl.noise, (size_t)(a * b * c * d) * sizeof *tfl.noise);
}

void tfl_op(int code, int in0, int in1, int in2, int out, int n_options, const int32_t *options)
{
    int k = tfl.file.n_ops++;
    tfl.file.ops[k].code = code;
    tfl.file.ops[k].n_inputs = in2 >= 0 ? 3 : in1 >= 0 ? 2 : 1;
    tfl.file.ops[k].inputs[0] = in0;
    tfl.file.ops[k].inputs[1] = in1;
    tfl.file.ops[k].inputs[2] = in2;
    tfl.file.ops[k].output = out;
    tfl.file.ops[k].n_options = n_options;
    memcpy(tfl.file.ops[k].options, options, (size_t)n_options * sizeof *options);
}

static void write_tensors(size_t graph)
{
    size_t tables[TFL_TENSORS_MAX], list = flat_builder_references(&tfl.builder, (size_t)tfl.file.n_tensors);
    flat_builder_refer(&tfl.builder, graph, 0, list);
    for (int i = 0; i < tfl.file.n_tensors; i++) {
        tables[i] = flat_builder_table(&tfl.builder, 5);
        flat_builder_element(&tfl.builder, list, (size_t)i, tables[i]);
        flat_builder_set(&tfl.builder, tables[i], 1, tfl.file.tensors[i].type);
        flat_builder_set(&tfl.builder, tables[i], 2, i + 1);
        flat_builder_refer(
            &tfl.builder, tables[i], 0,
            flat_builder_integers(&tfl.builder, (size_t)tfl.file.tensors[i].rank, tfl.file.tensors[i].dims));
        char name[] = {'t', (char)('a' + i), ';', 'x'};
        flat_builder_refer(&tfl.builder, tables[i], 3, flat_builder_bytes(&tfl.builder, name, sizeof name, 1));
        size_t q = flat_builder_table(&tfl.builder, 4);
        if (tfl.file.tensors[i].n_scales)
            flat_builder_refer(&tfl.builder, q, 3, flat_builder_bytes(&tfl.builder, &tfl.file.tensors[i].zero, 1, 8));
        flat_builder_refer(&tfl.builder, tables[i], 4, q);
        flat_builder_refer(&tfl.builder, q, 0, flat_builder_integers(&tfl.builder, 0, INTS(0)));
        flat_builder_refer(&tfl.builder, q, 1, flat_builder_integers(&tfl.builder, 0, INTS(0)));
        flat_builder_refer(
            &tfl.builder, q, 2,
            flat_builder_bytes(&tfl.builder, tfl.file.tensors[i].scales, (size_t)tfl.file.tensors[i].n_scales, 4));
    }
}

static void write_ops(size_t graph)
{
    size_t list = flat_builder_references(&tfl.builder, (size_t)tfl.file.n_ops);
    flat_builder_refer(&tfl.builder, graph, 3, list);
    for (int i = 0; i < tfl.file.n_ops; i++) {
        size_t t = flat_builder_table(&tfl.builder, 5);
        flat_builder_element(&tfl.builder, list, (size_t)i, t);
        flat_builder_set(&tfl.builder, t, 0, i);
        flat_builder_refer(&tfl.builder, t, 1,
                           flat_builder_integers(&tfl.builder, (size_t)tfl.file.ops[i].n_inputs, tfl.file.ops[i].inputs));
        flat_builder_refer(&tfl.builder, t, 2, flat_builder_integers(&tfl.builder, 1, INTS(tfl.file.ops[i].output)));
        size_t options = flat_builder_table(&tfl.builder, (unsigned)tfl.file.ops[i].n_options);
        flat_builder_refer(&tfl.builder, t, 4, options);
        for (int k = 0; k < tfl.file.ops[i].n_options; k++)
            flat_builder_set(&tfl.builder, options, (unsigned)k, tfl.file.ops[i].options[k]);
    }
}

static void write_file(void)
{
    flat_builder_init(&tfl.builder, "TFL3");
    size_t model = flat_builder_table(&tfl.builder, 5);
    flat_builder_set(&tfl.builder, model, 0, 3);
    size_t codes = flat_builder_references(&tfl.builder, (size_t)tfl.file.n_ops);
    flat_builder_refer(&tfl.builder, model, 1, codes);
    for (int i = 0; i < tfl.file.n_ops; i++) {
        size_t code = flat_builder_table(&tfl.builder, 4);
        flat_builder_element(&tfl.builder, codes, (size_t)i, code);
        flat_builder_set(&tfl.builder, code, 3, tfl.file.ops[i].code);
    }
    size_t graphs = flat_builder_references(&tfl.builder, 1), graph = flat_builder_table(&tfl.builder, 4);
    flat_builder_refer(&tfl.builder, model, 2, graphs);
    flat_builder_element(&tfl.builder, graphs, 0, graph);
    flat_builder_refer(&tfl.builder, model, 3, flat_builder_bytes(&tfl.builder, "test", 4, 1));
    write_tensors(graph);
    flat_builder_refer(&tfl.builder, graph, 1, flat_builder_integers(&tfl.builder, 1, INTS(tfl.file.input)));
    flat_builder_refer(&tfl.builder, graph, 2, flat_builder_integers(&tfl.builder, 1, INTS(tfl.file.output)));
    write_ops(graph);
    size_t buffers = flat_builder_references(&tfl.builder, (size_t)tfl.file.n_tensors + 1);
    flat_builder_refer(&tfl.builder, model, 4, buffers);
    for (int i = 0; i <= tfl.file.n_tensors; i++) {
        size_t buffer = flat_builder_table(&tfl.builder, 1);
        flat_builder_element(&tfl.builder, buffers, (size_t)i, buffer);
        flat_builder_refer(&tfl.builder, buffer, 0,
                           flat_builder_bytes(&tfl.builder, i ? tfl.file.tensors[i - 1].data : NULL,
                                              i ? tfl.file.tensors[i - 1].bytes : 0, 1));
    }
}

void tfl_take(int output)
{
    tfl.file.output = output;
    write_file();
    ck_assert_msg(import_bytes((const char *)tfl.builder.bytes, tfl.builder.size, &tfl.net, &tfl.error) == 0, "%s",
                  tfl.error.text);
}

void tfl_refuse(int output, const char *why)
{
    tfl.file.output = output;
    write_file();
    ck_assert_int_eq(import_bytes((const char *)tfl.builder.bytes, tfl.builder.size, &tfl.net, &tfl.error), -1);
    ck_assert_msg(strstr(tfl.error.text, why) != NULL, "said \"%s\"", tfl.error.text);
}
