// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The parts of a C package that are made from an image's bytes: C arrays, their declarations, and what the
// templates need.
#ifndef PARE_QUANT_TOOL_PACKAGE_SOURCE_H
#define PARE_QUANT_TOOL_PACKAGE_SOURCE_H

#include "base/buffer.h"
#include "quant/tool/package.h"
#include "quant/tool/template.h"

#include <stdbool.h>

/* Each appends one C file's text. Return 0, or -1 (limit, memory). */
int package_source_data(const struct package *p, const struct image_view *image, struct buffer *out);
int package_source_weights(const struct package *p, const struct image_view *image, struct buffer *out);
int package_source_program(const struct package *p, const struct image_view *image, struct buffer *out);
int package_source_vectors_header(const struct package *p, const struct image_view *image,
                                  struct buffer *out);
int package_source_vectors(const struct package *p, const struct image_view *image, struct buffer *out);

/* Sets every key that the templates of quant/tool/package/ have. */
void package_source_keys(const struct package *p, const struct image_view *image, struct template *t);

/* The name of layer `i` in p->config, or "" when it has none. */
const char *package_source_layer(const struct package *p, int i);

/* Whether the program is in float32. */
bool package_source_is_float(const struct image_view *image);

#endif
