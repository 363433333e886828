// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Data sets: samples and labels from .npy files (format 1.0 and 2.0, C order, little-endian), as floats that a network takes.
#ifndef PARE_QUANT_NET_DATA_H
#define PARE_QUANT_NET_DATA_H

#include "base/error.h"
#include "base/sha256.h"
#include "quant/net/net.h"
#include "quant/net/npy.h"

#include <stdint.h>

#define DATA_FILE_MAX (1u << 30) // bytes of one .npy
#define DATA_CHANNELS_MAX 64     // means and deviations given one by one

/* How stored numbers become the network's input: x * scale, then (x - mean[c]) / std[c]. n_mean and n_std are 0 (none), 1 (all channels
 * alike) or the channels' count. Zero-initialized it is the identity (scale 0 counts as 1). `nchw`: samples in the file are c, h, w. */
struct data_transform {
    double scale;
    int n_mean, n_std;
    double mean[DATA_CHANNELS_MAX], std[DATA_CHANNELS_MAX];
    bool nchw;
};

/* Samples as stored (the file is read whole: a mapped one could shrink while it is used); float on request, so that large sets stay
 * small. */
struct data {
    int n;                  // samples
    size_t elements;        // of one sample
    struct data_transform transform;
    uint8_t sha256[SHA256_BYTES]; // of the file
    // what follows is private to data.c
    char *bytes;
    struct npy array;
    int h, w, c;
};

/* Opens samples of dtype u1, i1, i2, i4, f4 or f8 whose shape after the first axis is the input's (h, w, c, or c, h, w with nchw; axes
 * of 1 may be missing or added: they change no order). All are finite. Returns 0, or -1 with the reason (no such file, not .npy, wrong
 * shape: both shapes are named). */
int data_open(const char *path, const struct net_tensor *input, const struct data_transform *t, struct data *d,
              struct error *e);
void data_close(struct data *d);

/* Writes sample `i` as the network's float input, NHWC, `elements` floats. */
void data_sample(const struct data *d, int i, float *x);

/* Reads labels (u1, i1, i2, i4, i8, one axis) into heap memory: labels[n]. Each must be in 0..classes-1, or 255 or -1 for "leave out"
 * (stored as -1). Returns 0, or -1 with the reason (the first bad label and its place; the count differs from `n`). */
int data_labels(const char *path, int n, int classes, int32_t **labels, struct error *e);

#endif
