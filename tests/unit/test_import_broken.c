// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// ONNX files that cannot be taken: what is said, and that nothing crashes or takes much memory.
#include "tests/import_case.h"

#include "quant/import/import.h"
#include "tests/suite.h"

#include <stdlib.h>
#include <string.h>

/* ---- refused ---- */

START_TEST(an_operator_that_is_not_supported_is_named_with_its_node)
{
    import_case_start(13, 4, DIMS(1, 3, 5, 5));
    import_case_stem("s", 3, 4);
    import_case_node("Cosh", "s", "cosh_7");
    import_case_node("Relu", "cosh_7", "y");
    import_case_refuse("node 'cosh_7' (Cosh): this operator is not supported");
    free(import_case.model->graph->node[1]->domain);
    import_case.model->graph->node[1]->domain = strdup("com.example");
    import_case_refuse("domain 'com.example' is not supported");
}
END_TEST

START_TEST(what_an_operator_cannot_do_is_said)
{
    import_case_start(13, 4, DIMS(1, 3, 5, 5));
    import_case_stem("s", 3, 4);
    Onnx__NodeProto *n = import_case_node("AveragePool", "s", "y");
    onnx_model_ints(n, "kernel_shape", 2, DIMS(3, 3));
    onnx_model_ints(n, "strides", 2, DIMS(2, 2));
    onnx_model_ints(n, "pads", 4, DIMS(1, 1, 0, 0));
    onnx_model_int(n, "count_include_pad", 1);
    onnx_model_int(n, "ceil_mode", 1);
    import_case_refuse("node 'y' (AveragePool): ceil_mode with a last window that is not whole is not supported where pads count");

    import_case_start(13, 4, DIMS(1, 3, 5, 5));
    import_case_stem("s", 3, 4);
    onnx_model_list(import_case.model, "pads", 8, DIMS(0, 0, 1, 1, 0, 0, 1, 1));
    import_case_node("Pad", "s pads", "p");
    n = import_case_node("AveragePool", "p", "y");
    onnx_model_ints(n, "kernel_shape", 2, DIMS(3, 3));
    onnx_model_ints(n, "pads", 4, DIMS(1, 0, 0, 0));
    import_case_refuse("node 'y' (AveragePool): pads that do not count, around some that do, are not supported");

    import_case_start(13, 4, DIMS(1, 3, 5, 5));
    import_case_stem("s", 3, 4);
    onnx_model_text(import_case_node("Pad", "s", "y"), "mode", "reflect");
    import_case_refuse("(Pad): mode reflect is not supported");

    import_case_start(13, 4, DIMS(1, 3, 5, 5));
    import_case_stem("s", 3, 4);
    import_case_node("Softmax", "s", "y");
    import_case_refuse("(Softmax): over other axes than the channels of a plane, or all of a vector, is not supported");

    import_case_start(13, 2, DIMS(1, 12));
    import_case_noise("w", 2, DIMS(12, 12));
    import_case_node("MatMul", "x w", "g");
    import_case_node("LogSoftmax", "g", "s");
    import_case_node("MatMul", "s w", "y");
    import_case_refuse("a LogSoftmax is supported only at the network's end");

    import_case_start(13, 2, DIMS(1, 12));
    import_case_noise("w", 2, DIMS(12, 12));
    import_case_node("MatMul", "x w", "g");
    onnx_model_int(import_case_node("Softmax", "g", "y"), "axis", 0);
    import_case_refuse("(Softmax): over other axes than the channels of a plane, or all of a vector, is not supported");

    import_case_start(13, 4, DIMS(1, 3, 5, 5));
    import_case_stem("s", 3, 4);
    onnx_model_number(import_case.model, "ratio", 0.5f);
    onnx_model_number(import_case.model, "training", 1);
    import_case_node("Dropout", "s ratio training", "y");
    import_case_refuse("(Dropout): training_mode is not supported");

    import_case_start(13, 4, DIMS(1, 8, 5, 5));
    import_case_stem("s", 8, 8);
    onnx_model_list(import_case.model, "shape", 4, DIMS(1, 4, 10, 5));
    import_case_node("Reshape", "s shape", "r");
    import_case_node("Relu", "r", "y");
    import_case_refuse("(Reshape): from shape (1, 8, 5, 5) to (1, 4, 10, 5)");
}
END_TEST

START_TEST(weights_that_do_not_fit_are_refused)
{
    import_case_start(13, 4, DIMS(1, 3, 5, 5));
    import_case_noise("w", 4, DIMS(4, 2, 3, 3));
    import_case_node("Conv", "x w", "y");
    import_case_refuse("weights of shape (4, 2, 3, 3) do not fit 3 input channels");

    import_case_start(13, 4, DIMS(1, 3, 5, 5));
    import_case_noise("w", 4, DIMS(4, 3, 9, 9));
    import_case_node("Conv", "x w", "y");
    import_case_refuse("larger than the plane");

    import_case_start(13, 2, DIMS(1, 10));
    import_case_noise("w", 2, DIMS(11, 3));
    import_case_node("Gemm", "x w", "y");
    import_case_refuse("weights for 11 inputs, but an input of shape (1, 10)");

    import_case_start(13, 2, DIMS(1, 10));
    import_case_noise("w", 2, DIMS(10, 3));
    import_case.model->graph->initializer[0]->dims[0] = 1000000;
    import_case_node("Gemm", "x w", "y");
    import_case_refuse("numbers where its shape needs 3000000");

    import_case_start(13, 2, DIMS(1, 10));
    import_case_noise("w", 2, DIMS(10, 3));
    import_case.model->graph->initializer[0]->data_type = 10; // float16
    import_case_node("Gemm", "x w", "y");
    import_case_refuse("data type 10 is not supported");
}
END_TEST

START_TEST(graphs_that_make_no_sense_are_refused)
{
    import_case_start(13, 4, DIMS(1, 3, 5, 5));
    import_case_node("Relu", "nothing", "y");
    import_case_refuse("the output depends on no input");

    import_case_start(13, 4, DIMS(1, 3, 5, 5));
    import_case_stem("s", 3, 4);
    import_case_node("Add", "s nothing", "y");
    import_case_refuse("nothing before it computes");

    import_case_start(13, 4, DIMS(1, 3, 5, 5));
    import_case_stem("x", 3, 3);
    import_case_node("Relu", "x", "y");
    import_case_refuse("which is there already");

    import_case_start(13, 4, DIMS(1, 3, 5, 5));
    import_case_node("Relu", "x", "y");
    import_case_refuse("no layer has weights");

    import_case_start(5, 4, DIMS(1, 3, 5, 5));
    import_case_stem("y", 3, 4);
    import_case_refuse("operator set 5 is not supported (7 to 21 are)");

    import_case_start(13, 4, DIMS(1, 3, 1 << 20, 1 << 20));
    import_case_stem("y", 3, 4);
    import_case_refuse("no fixed size");

    import_case_start(13, 4, DIMS(1, 3, 5, 0));
    import_case_stem("y", 3, 4);
    import_case_refuse("no fixed size");
}
END_TEST

START_TEST(a_node_without_an_operator_is_refused)
{
    import_case_start(13, 4, DIMS(1, 3, 5, 5));
    import_case_stem("s", 3, 4);
    Onnx__NodeProto *n = import_case_node("Relu", "s", "y");
    free(n->op_type);
    n->op_type = NULL;
    import_case_refuse("node 'y' names no operator");
}
END_TEST

START_TEST(other_files_are_told_apart)
{
    static const char *const files[][2] = {{"\x89HDF\r\n\x1a\n", "tf2onnx"},
                                           {"PK\x03\x04....", "torch.onnx.export"},
                                           {"hello, world", "not an ONNX file"}};
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(import_bytes(files[i][0], strlen(files[i][0]), &import_case.net, &import_case.error),
                         -1);
        ck_assert_msg(strstr(import_case.error.text, files[i][1]) != NULL, "said \"%s\"",
                      import_case.error.text);
    }
    ck_assert_int_eq(import_bytes("", 0, &import_case.net, &import_case.error), -1);
    ck_assert_int_eq(import_network("/nonexistent.onnx", &import_case.net, &import_case.error), -1);
    ck_assert_str_eq(import_case.error.text, "/nonexistent.onnx: No such file or directory");
}
END_TEST

/* A graph of a million empty nodes is two megabytes of file and would be a hundred in memory. */
START_TEST(small_files_cannot_take_much_memory)
{
    size_t n = 16u << 20, at = 0;
    char *bytes = malloc(n + 16);
    bytes[at++] = 0x3a; // graph, length-delimited
    for (size_t rest = n; rest; rest >>= 7)
        bytes[at++] = (char)((rest & 127) | (rest > 127 ? 128 : 0));
    for (size_t i = 0; i < n; i += 2) { // node, empty
        bytes[at + i] = 0x0a;
        bytes[at + i + 1] = 0;
    }
    ck_assert_int_eq(import_bytes(bytes, at + n, &import_case.net, &import_case.error), -1);
    free(bytes);
}
END_TEST

/* ---- broken files ---- */

START_TEST(the_demo_network_is_taken)
{
    char *bytes;
    size_t size = import_case_demo(&bytes);
    ck_assert_msg(import_bytes(bytes, size, &import_case.net, &import_case.error) == 0, "%s",
                  import_case.error.text);
    ck_assert_int_eq(import_case.net.n_layers, 10);
    ck_assert_int_eq(import_case.net.n_slots, 10);
    ck_assert_int_eq(import_case.net.tensors[import_case.net.input].h, 49);
    ck_assert_int_eq(import_case.net.tensors[import_case.net.output].c, 12);
    free(bytes);
}
END_TEST

START_TEST(truncated_files_are_refused)
{
    char *bytes;
    size_t size = import_case_demo(&bytes);
    for (size_t cut = 0; cut < 200; cut++) {
        ck_assert_int_eq(import_bytes(bytes, cut * (size - 1) / 199, &import_case.net, &import_case.error),
                         -1);
        ck_assert(import_case.error.text[0] != 0);
    }
    free(bytes);
}
END_TEST

/* Bytes anywhere: most hit weights, so half of the hits go to the graph's structure at the start. */
START_TEST(mutated_files_never_crash)
{
    char *bytes, *broken = malloc(1 << 20);
    size_t size = import_case_demo(&bytes);
    int taken = 0;
    for (int i = 0; i < 500; i++) {
        memcpy(broken, bytes, size);
        for (int k = 0; k < 1 + i % 8; k++) {
            size_t where = rng_below(&import_case.rng, i % 2 ? 3000 : (uint32_t)size);
            broken[where] = i % 3 ? (char)rng_u32(&import_case.rng)
                                  : (char)(broken[where] ^ 1 << rng_below(&import_case.rng, 8));
        }
        import_case.error.text[0] = 0;
        if (import_bytes(broken, size, &import_case.net, &import_case.error)) {
            ck_assert(import_case.error.text[0] != 0);
            ck_assert_int_eq(import_case.net.n_ops, 0);
        } else {
            taken++;
            net_finish(&import_case.net);
        }
    }
    ck_assert_int_gt(taken, 10);
    ck_assert_int_lt(taken, 490);
    free(broken);
    free(bytes);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("import");
    TCase *tc = suite_case(s, "broken", import_case_setup, import_case_teardown);
    tcase_add_test(tc, an_operator_that_is_not_supported_is_named_with_its_node);
    tcase_add_test(tc, what_an_operator_cannot_do_is_said);
    tcase_add_test(tc, weights_that_do_not_fit_are_refused);
    tcase_add_test(tc, graphs_that_make_no_sense_are_refused);
    tcase_add_test(tc, a_node_without_an_operator_is_refused);
    tcase_add_test(tc, other_files_are_told_apart);
    tcase_add_test(tc, small_files_cannot_take_much_memory);
    tcase_add_test(tc, the_demo_network_is_taken);
    tcase_add_test(tc, truncated_files_are_refused);
    tcase_add_test(tc, mutated_files_never_crash);
    return suite_run(s);
}
