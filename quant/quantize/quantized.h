// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Everything that float arithmetic found out about quantizing one network: scales of activations, codes,
// scales and biases of weights, sensitivities. Computed once, kept in a file; what follows from it is integer
// and the same everywhere.
#ifndef PARE_QUANT_QUANTIZE_QUANTIZED_H
#define PARE_QUANT_QUANTIZE_QUANTIZED_H

#include "base/candidate.h"
#include "base/error.h"
#include "base/sha256.h"
#include "quant/net/data.h"
#include "quant/net/net.h"

#include <stdint.h>

#define QUANTIZED_OPTIONS_MAX 32      // as many as a search space has
#define QUANTIZED_BITS_MAX 16         // widths of activations and weights
#define QUANTIZED_INPUT_BITS 8        // of the network's input
#define QUANTIZED_STATE_BITS 32       // of a scan's states, where the user does not decide
#define QUANTIZED_FILE_MAX (2u << 30) // bytes of one file: ResNet-50 at 32 options is below

/* Where the range of an activation ends. */
enum clipping {
    CLIPPING_NONE = 0,
    CLIPPING_MSE,    // least mean squared error over the calibration samples, for each width by itself
    CLIPPING_MINMAX, // all that was seen
    CLIPPING_PERCENTILE, // all but one in ten thousand at each end
    CLIPPING_ACIQ,       // by the analytic rule for a normal or a Laplace distribution
    CLIPPING_COUNT,
};

/* "mse", "minmax", "percentile", "aciq"; and back: CLIPPING_NONE when there is no such name. */
const char *clipping_name(enum clipping clipping);
enum clipping clipping_of(const char *name);

/* What the user decides. */
struct quantize_params {
    enum clipping clipping;
    bool per_tensor;         // one scale for all weights of a layer
    int calibration_samples; // the first so many; 0: all
    int state_bits;          // of a scan's states: 16, 32 or 0: QUANTIZED_STATE_BITS
    int n_options;           // settings that candidates may use; float32 may be among them
    struct setting options[QUANTIZED_OPTIONS_MAX];
};

/* real value = scale * (q - zero_point), q in -2^(bits-1) .. 2^(bits-1)-1. With 16 bits the zero point is 0.
 */
struct quantized_scale {
    float scale;
    int32_t zero_point;
};

/* An activation. What a pool writes has the scales of what it reads. Where the network's file has a grid of some width, that is the
 * scale of this width. */
struct quantized_tensor {
    float low, high;                                   // seen on the calibration samples
    struct quantized_scale at[QUANTIZED_BITS_MAX + 1]; // by width: 2..8 and 16; scale 0 elsewhere
};

/* The weights of one layer at one width and scheme. The number of a code is `table[code]`, or code -
 * 2^(w_bits-1) without a table; the weight is scales[output channel] times that. */
struct quantized_weights {
    uint8_t w_bits, scheme;
    uint32_t n_channels, n_codes;
    float *scales;   // [n_channels]
    float *bias;     // [n_channels], the network's, corrected by what rounding the weights changes on average
    uint16_t *codes; // [n_codes] in the order of net_op.weights
    int16_t *table;  // [2^w_bits] or NULL
    float *states;   // [n_channels] of a scan: the largest |state| seen; else NULL
    int32_t *sums;   // [n_channels] biases in the integers that the file has, or NULL; they hold while the input's scale
    float sums_scale; // is this one
};

/* A width and scheme of weights that at least one option has. */
struct quantized_variant {
    uint8_t w_bits, scheme;
};

/* The number that code `i` stands for. */
static inline int quantized_number(const struct quantized_weights *w, size_t i)
{
    return w->table ? w->table[w->codes[i]] : (int)w->codes[i] - (1 << (w->w_bits - 1));
}

struct quantized {
    uint8_t key[SHA256_BYTES]; // quantized_key of what it was made from
    int n_tensors, n_layers, n_slots, n_options, n_variants, state_bits;
    struct setting options[QUANTIZED_OPTIONS_MAX];
    struct quantized_variant variants[QUANTIZED_OPTIONS_MAX];
    struct quantized_tensor *tensors;  // [n_tensors] as in the net
    struct quantized_weights *weights; // [n_layers][n_variants]
    double *sensitivity; // [n_slots][n_options]: mean squared error at the outputs of the slot's layers
                         // relative to their power, summed over these, additions and average pools; weights
                         // and activations; 0 for float32
};

/* Called now and then while quantize_network computes; may be NULL. */
typedef void quantize_progress(void *user, const char *text, int done, int total);

/* SHA-256 over the network (shapes, operations, weights), the calibration data with its transform, and the
 * params. */
void quantized_key(const struct net *n, const struct data *calibration, const struct quantize_params *p,
                   uint8_t key[SHA256_BYTES]);

/* SHA-256 over all that programs are made from: the tensors' scales and every layer's weights. Two with the same one give the same
 * programs, whatever file, version or machine they came from. */
void quantized_sha256(const struct quantized *q, uint8_t sha256[SHA256_BYTES]);

/* Computes everything. Returns 0, or -1 with the reason (no such scheme or width, a network that gives no
 * finite numbers, out of memory); `q` is then empty. End it with quantized_finish. */
int quantize_network(const struct net *n, const struct data *calibration, const struct quantize_params *p,
                     quantize_progress *progress, void *user, struct quantized *q, struct error *e);
void quantized_finish(struct quantized *q);

/* What a quantized file has, as its own candidate (net_given_setting for each slot) and nothing else: no data are needed, nothing is
 * computed, sensitivities and the key are 0. Returns 0, or -1 with the reason (net_is_given is false). */
int quantized_given(const struct net *n, struct quantized *q, struct error *e);

/* Scales of 1 and weights of 0 for a candidate: for what follows from settings alone (flash, RAM). The candidate's settings are the
 * options. Returns 0, or -1 with the reason. */
int quantized_blank(const struct net *n, const struct candidate *c, struct quantized *q, struct error *e);

/* To and from a file (magic, version, key, checksum), bit for bit. quantized_load returns 0, 1 when there is
 * no such file or its key is another (it has to be computed again), or -1 with the reason when the file is
 * broken or of another version. */
int quantized_save(const struct quantized *q, const char *path, struct error *e);
int quantized_load(const char *path, const uint8_t key[SHA256_BYTES], struct quantized *q, struct error *e);

/* Loads a file whatever its key, if it is of a network of this shape (what was trained for one candidate has a key of its own).
 * Returns 0, or -1 with the reason. */
int quantized_load_any(const char *path, const struct net *n, struct quantized *q, struct error *e);

/* What a worker calls: loads `path`, or computes and saves it when it is missing, broken or made from
 * something else. `path` NULL: computes only. */
int quantized_open(const char *path, const struct net *n, const struct data *calibration,
                   const struct quantize_params *p, quantize_progress *progress, void *user,
                   struct quantized *q, struct error *e);

/* A copy of what a candidate needs of `q`: its settings as the options, and their weights. The key is left zero. Returns 0, or -1
 * with the reason: out of memory, or a setting that is not among the options. */
int quantized_of_candidate(const struct quantized *q, const struct candidate *c, struct quantized *to, struct error *e);

/* The weights of `layer` at a setting, or NULL when no option has that width and scheme. */
const struct quantized_weights *quantized_weights_of(const struct quantized *q, int layer, struct setting s);

/* How an option's weights stand in a program: bytes of int16 table per layer (0: uniform codes). */
uint32_t quantized_table_bytes(struct setting s);

#endif
