// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// NumPy's array files (numpy.lib.format, versions 1.0 and 2.0): the header, checked against the file's size.
#ifndef PARE_QUANT_NET_NPY_H
#define PARE_QUANT_NET_NPY_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

#define NPY_AXES_MAX 8

enum npy_type {
    NPY_NONE = 0,
    NPY_U1,
    NPY_I1,
    NPY_I2,
    NPY_I4,
    NPY_I8,
    NPY_F4,
    NPY_F8,
    NPY_TYPE_COUNT,
};

struct npy {
    enum npy_type type;
    int n_axes;
    size_t axes[NPY_AXES_MAX];
    size_t elements; // of the whole array
    size_t offset;   // of the first element in the file
};

size_t npy_type_bytes(enum npy_type type);

/* Reads the header of a whole file in memory. Elements fill the file from `offset` to its end exactly. Returns 0, or -1 with the
 * reason: not .npy, a version, type or order that is not taken, more or fewer bytes than the shape needs. */
int npy_parse(const char *bytes, size_t size, struct npy *a, struct error *e);

/* Element `i` < elements. */
double npy_number(const struct npy *a, const char *bytes, size_t i);
int64_t npy_integer(const struct npy *a, const char *bytes, size_t i); // of an integer type

/* The shape as a person writes it, "(1000, 32, 32, 3)", from axis `first` on. Returns `text`. */
char *npy_shape_text(const struct npy *a, int first, char *text, size_t size);

/* Writes an array of F4 or I4, format 1.0. Returns 0, or -1 with the reason. */
int npy_write(const char *path, enum npy_type type, int n_axes, const size_t *axes, const void *data, struct error *e);

#endif
