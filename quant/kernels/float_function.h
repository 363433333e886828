// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Functions of one number in float32, the same bits everywhere. Private to this folder.
#ifndef PARE_QUANT_KERNELS_FLOAT_FUNCTION_H
#define PARE_QUANT_KERNELS_FLOAT_FUNCTION_H

float float_exponential(float x); // between exp(-87) and exp(88)
float float_softplus(float x);

#endif
