// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Small random networks and data for tests of quantization, lowering and evaluation.
#ifndef PARE_TESTS_NET_CASE_H
#define PARE_TESTS_NET_CASE_H

#include "base/rng.h"
#include "quant/net/data.h"
#include "quant/net/net.h"
#include "quant/quantize/quantized.h"

#define NET_CASE_SAMPLES 24

struct net_case {
    struct net net;
    struct data data; // NET_CASE_SAMPLES samples of normal noise
    char folder[64];  // of its own, removed at the end
};

/* A sealed network of 3 to 25 operations of all kinds, strides, pads, groups and residual additions. Fails the
 * test when something goes wrong. */
void net_case_make(struct net_case *c, struct rng *r);
void net_case_finish(struct net_case *c);

/* Gives a network that the test built itself its folder and data: NET_CASE_SAMPLES samples of `values`. */
void net_case_data(struct net_case *c, const float *values);

/* Makes a network of one layer, folder and data included: a 3 x 3 convolution with padding over 6 x 6 x 4, or a dense layer (NET_DENSE)
 * behind as many; 5 channels out, weights and bias are noise. */
void net_case_one_layer(struct net_case *c, struct rng *r, enum net_kind kind, const float *data);

/* `n` normal numbers with deviation `size`; the caller frees them. */
float *net_case_noise(struct rng *r, size_t n, double size);

/* Quantizes it for all of NET_CASE_OPTIONS. */
void net_case_quantize(const struct net_case *c, struct quantized *q);

/* Both from a generator that is seeded anew, and the end of both. */
void net_case_begin(struct net_case *c, struct rng *r, uint64_t seed, uint64_t stream, struct quantized *q);
void net_case_end(struct net_case *c, struct quantized *q);

/* A random setting for each slot among the options; 16-bit activations only where no addition and no function meets them. */
void net_case_candidate(const struct net_case *c, struct rng *r, struct candidate *candidate);

struct quantize_params net_case_params(void);

#endif
