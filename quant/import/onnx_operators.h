// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The functions behind the table of operators, by family.
#ifndef PARE_QUANT_IMPORT_ONNX_OPERATORS_H
#define PARE_QUANT_IMPORT_ONNX_OPERATORS_H

#include "quant/import/onnx.h"

typedef int onnx_take(struct onnx *x, const onnx_node *node, struct error *e);

onnx_take onnx_conv;   // onnx_conv.c
onnx_take onnx_gemm;   // onnx_dense.c
onnx_take onnx_matmul;
onnx_take onnx_square; // onnx_sequence.c
onnx_take onnx_take_part;
onnx_take onnx_erf; // onnx_gelu.c
onnx_take onnx_take_gelu;
onnx_take onnx_selective_scan;
onnx_take onnx_average_pool; // onnx_pool.c
onnx_take onnx_max_pool;
onnx_take onnx_global_average_pool;
onnx_take onnx_global_max_pool;
onnx_take onnx_reduce_mean;
onnx_take onnx_batch_normalization; // onnx_norm.c
onnx_take onnx_add;
onnx_take onnx_sub;
onnx_take onnx_mul;
onnx_take onnx_div;
onnx_take onnx_relu; // onnx_activation.c
onnx_take onnx_clip;
onnx_take onnx_log_softmax;
onnx_take onnx_softmax;
onnx_take onnx_shape; // onnx_fold.c
onnx_take onnx_function; // onnx_function.c
onnx_take onnx_prelu;
onnx_take onnx_expand;   // of one value for each channel, for a product
onnx_take onnx_product;  // of two activations
onnx_take onnx_identity; // onnx_shape.c
onnx_take onnx_dropout;
onnx_take onnx_constant_node;
onnx_take onnx_flatten;
onnx_take onnx_reshape;
onnx_take onnx_squeeze;
onnx_take onnx_unsqueeze;
onnx_take onnx_transpose;
onnx_take onnx_pad; // onnx_pad.c
onnx_take onnx_slice;
onnx_take onnx_concat; // onnx_channels.c
onnx_take onnx_gather;
onnx_take onnx_split;
onnx_take onnx_resize; // onnx_resize.c
onnx_take onnx_quantize_linear; // onnx_quantize.c
onnx_take onnx_dequantize_linear;
onnx_take onnx_quant;

#endif
