// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The table of ONNX operators that are taken.
#include "quant/import/onnx_operators.h"

#include <string.h>

static const struct onnx_operator operators[] = {
    {"Add", onnx_add},
    {"AveragePool", onnx_average_pool},
    {"BatchNormalization", onnx_batch_normalization},
    {"Clip", onnx_clip},
    {"Concat", onnx_concat},
    {"Constant", onnx_constant_node},
    {"Conv", onnx_conv},
    {"DequantizeLinear", onnx_dequantize_linear},
    {"Div", onnx_div},
    {"Dropout", onnx_dropout},
    {"Elu", onnx_function},
    {"Erf", onnx_erf},
    {"Expand", onnx_expand},
    {"Flatten", onnx_flatten},
    {"Gather", onnx_gather},
    {"Gelu", onnx_function},
    {"Gemm", onnx_gemm},
    {"GlobalAveragePool", onnx_global_average_pool},
    {"GlobalMaxPool", onnx_global_max_pool},
    {"HardSigmoid", onnx_function},
    {"HardSwish", onnx_function},
    {"Identity", onnx_identity},
    {"LeakyRelu", onnx_function},
    {"LogSoftmax", onnx_log_softmax},
    {"MatMul", onnx_matmul},
    {"MaxPool", onnx_max_pool},
    {"Mul", onnx_mul},
    {"PRelu", onnx_prelu},
    {"Pad", onnx_pad},
    {"Pow", onnx_square},
    {"Quant", onnx_quant},
    {"QuantizeLinear", onnx_quantize_linear},
    {"ReduceMean", onnx_reduce_mean},
    {"Relu", onnx_relu},
    {"Reshape", onnx_reshape},
    {"Resize", onnx_resize},
    {"Shape", onnx_shape},
    {"Sigmoid", onnx_function},
    {"Slice", onnx_slice},
    {"Softmax", onnx_softmax},
    {"Softplus", onnx_function},
    {"Split", onnx_split},
    {"Squeeze", onnx_squeeze},
    {"Sub", onnx_sub},
    {"Tanh", onnx_function},
    {"Transpose", onnx_transpose},
    {"Unsqueeze", onnx_unsqueeze},
    {"Upsample", onnx_resize},
};

static const struct onnx_operator own_operators[] = {
    {"SelectiveScan", onnx_selective_scan},
};

const struct onnx_operator *onnx_operator_find(const char *name, bool own)
{
    for (size_t i = 0; own && i < sizeof own_operators / sizeof *own_operators; i++)
        if (!strcmp(own_operators[i].name, name))
            return &own_operators[i];
    if (own)
        return NULL;
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (!strcmp(operators[i].name, name))
            return &operators[i];
    return NULL;
}
