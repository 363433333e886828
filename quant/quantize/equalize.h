// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Makes the weights of successive layers equally large, channel by channel; the network computes the same.
#ifndef PARE_QUANT_QUANTIZE_EQUALIZE_H
#define PARE_QUANT_QUANTIZE_EQUALIZE_H

#include "quant/net/net.h"

/* Where one layer alone reads what another one writes, clamped at zero or not at all, channel i of the first is divided by s_i and
 * its weights in the second multiplied, s_i = sqrt(r1_i r2_i) / r2_i with r the largest weights (Nagel et al., "Data-free
 * quantization through weight equalization and bias correction", arXiv:1906.04721, section 4.1); repeated until nothing changes
 * much. Where r1_i or r2_i is at most 2^-12 of its layer's largest, the channel says next to nothing and is left as it is: so in one
 * round no s_i is further than a factor of 2^6 from what the two layers' largest weights would give. (Others limit s to 1e-6 .. 1e6
 * and leave channels of small r1 + r2: TinyNeuralNetwork, cross_layer_equalization.py. Over rounds a limit for each adds up.)
 * Changes weights and biases in place. Returns how many pairs of layers there were. */
int equalize_network(struct net *n);

#endif
