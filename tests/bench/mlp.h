// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A small dense network with ReLU between layers and Adam, for the rivals that learn with one.
#ifndef PARE_TESTS_BENCH_MLP_H
#define PARE_TESTS_BENCH_MLP_H

#include "base/rng.h"

#define MLP_LAYERS_MAX 4

struct mlp {
    int n_layers, sizes[MLP_LAYERS_MAX + 1], batch_max, batch;
    int n; // parameters: for each layer weights [out][in], then biases [out]
    float *parameters, *gradient, *m, *v;
    float *activation[MLP_LAYERS_MAX + 1]; // [batch][size] of the last mlp_forward
    float *delta[MLP_LAYERS_MAX + 1];
    int steps;
};

/* Weights and biases are uniform within 1/sqrt(inputs), as PyTorch has it. */
void mlp_init(struct mlp *m, const int *sizes, int n_layers, int batch_max, struct rng *r);
void mlp_finish(struct mlp *m);
void mlp_copy(struct mlp *to, const struct mlp *from, float share); // to += share * (from - to)

/* The outputs [batch][outputs] (before any squashing), valid until the next call. */
const float *mlp_forward(struct mlp *m, const float *input, int batch);

/* Adds to the gradient what d loss / d output [batch][outputs] gives for the last mlp_forward. Returns d loss / d input. */
const float *mlp_backward(struct mlp *m, const float *d_output);

void mlp_descend(struct mlp *m, float learning_rate); // Adam, then the gradient is zero

#endif
