// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tool/package_source.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_PER_LINE 20
#define BLOBS_PER_LINE 6

static int put(struct buffer *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int put(struct buffer *out, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return n < 0 || (size_t)n >= sizeof text ? -1 : buffer_append(out, text, (size_t)n);
}

static int put_bytes(struct buffer *out, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char text[16];
        int used = snprintf(text, sizeof text, "%s%u,", i % BYTES_PER_LINE ? "" : "\n    ", bytes[i]);
        if (buffer_append(out, text, (size_t)used))
            return -1;
    }
    return 0;
}

/* The name in upper case; the caller has checked its length. */
static const char *upper(const char *name, char text[PACKAGE_NAME_MAX + 1])
{
    size_t n = 0;
    for (; name[n] && n < PACKAGE_NAME_MAX; n++)
        text[n] = (char)toupper((unsigned char)name[n]);
    text[n] = 0;
    return text;
}

const char *package_source_layer(const struct package *p, int i)
{
    const cJSON *layer = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(p->config, "layers"), i);
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(layer, "name"));
    return name ? name : "";
}

bool package_source_is_float(const struct image_view *image)
{
    return program_output(&image->program)->bits == 32;
}

int package_source_data(const struct package *p, const struct image_view *image, struct buffer *out)
{
    char name[PACKAGE_NAME_MAX + 1];
    upper(p->name, name);
    int rc = put(
        out,
        "// The network's constants, aligned to 16 as kernels want them.\n#ifndef PARE_PACKAGE_%s_DATA_H\n"
        "#define PARE_PACKAGE_%s_DATA_H\n\n#include <stdint.h>\n\n",
        name, name);
    rc |= put(out, "extern const uint8_t %s_program[%u];\n", p->name, image->program.header->bytes);
    for (uint32_t i = 0; i < image->header->n_blobs; i++)
        rc |= put(out, "extern const uint8_t %s_weights_%u[%u];\n", p->name, i, image->blobs[i].bytes);
    return rc | put(out, "\n#endif\n");
}

/* A comment that names the layer; names come from a user's file. */
static int put_layer_comment(const struct package *p, const struct image_view *image, uint32_t blob,
                             struct buffer *out)
{
    int i = image_view_op_of_blob(image, blob);
    const struct image_op *op = i < 0 ? NULL : &image->program.ops[i];
    char name[96] = "";
    if (op && op->layer != 0xffff)
        snprintf(name, sizeof name, "%s", package_source_layer(p, op->layer));
    for (char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("_-./:", *c))
            *c = '_';
    for (char *c = name; *c; c++)
        if (*c == '/' && (c[1] == '*' || c[1] == '/'))
            *c = '_';
    return put(out, "\n// %s: %u bits, rows of %u bytes\n", *name ? name : "a layer", op ? op->w_bits : 0,
               op ? op->weights_row_bytes : 0);
}

static int put_array(struct buffer *out, const uint8_t *bytes, size_t n)
{
    return put(out, " __attribute__((aligned(16))) = {") | put_bytes(out, bytes, n) | put(out, "\n};\n");
}

int package_source_weights(const struct package *p, const struct image_view *image, struct buffer *out)
{
    int rc = put(out, "// Packed weights: %u bytes in all.\n#include \"%s_data.h\"\n",
                 image_view_weights_bytes(image), p->name);
    for (uint32_t i = 0; i < image->header->n_blobs && !rc; i++) {
        rc |= put_layer_comment(p, image, i, out);
        rc |= put(out, "const uint8_t %s_weights_%u[%u]", p->name, i, image->blobs[i].bytes);
        rc |= put_array(out, image->bytes + image->blobs[i].offset, image->blobs[i].bytes);
    }
    return rc;
}

int package_source_program(const struct package *p, const struct image_view *image, struct buffer *out)
{
    uint32_t n = image->program.header->bytes;
    int rc = put(out,
                 "// The program: %u operations over %u tensors, and per-channel parameters "
                 "(kernels/image.h).\n#include \"%s_data.h\"\n\n",
                 image->program.header->n_ops, image->program.header->n_tensors, p->name);
    rc |= put(out, "const uint8_t %s_program[%u]", p->name, n);
    return rc | put_array(out, image->program.bytes, n);
}

int package_source_vectors_header(const struct package *p, const struct image_view *image, struct buffer *out)
{
    char name[PACKAGE_NAME_MAX + 1];
    const struct image_file *f = image->header;
    upper(p->name, name);
    int rc =
        put(out,
            "// Recorded inputs and the outputs that they must give.\n#ifndef PARE_PACKAGE_%s_VECTORS_H\n"
            "#define PARE_PACKAGE_%s_VECTORS_H\n\n#include <stdint.h>\n\n",
            name, name);
    rc |= put(out, "#define %s_TEST_SAMPLES %uu\n\n", name, f->n_samples);
    rc |= put(out, "extern const uint8_t %s_test_inputs[%u][%u];\n", p->name, f->n_samples, f->input_bytes);
    rc |= put(out, "extern const uint8_t %s_test_outputs[%u][%u];\n", p->name, f->n_samples, f->output_bytes);
    return rc | put(out, "\n#endif\n");
}

static int put_samples(struct buffer *out, const uint8_t *bytes, uint32_t n, uint32_t each)
{
    int rc = put(out, " __attribute__((aligned(16))) = {\n");
    for (uint32_t i = 0; i < n && !rc; i++)
        rc = put(out, "    {") | put_bytes(out, bytes + (size_t)i * each, each) | put(out, "},\n");
    return rc | put(out, "};\n");
}

int package_source_vectors(const struct package *p, const struct image_view *image, struct buffer *out)
{
    const struct image_file *f = image->header;
    int rc = put(
        out, "// Samples of the network's data, in the program's own formats.\n#include \"vectors.h\"\n\n");
    rc |= put(out, "const uint8_t %s_test_inputs[%u][%u]", p->name, f->n_samples, f->input_bytes);
    rc |= put_samples(out, image->inputs, f->n_samples, f->input_bytes);
    rc |= put(out, "\nconst uint8_t %s_test_outputs[%u][%u]", p->name, f->n_samples, f->output_bytes);
    return rc | put_samples(out, image->expected, f->n_samples, f->output_bytes);
}

/* A float constant of C that reads back to the same bits. */
static const char *float_text(float value, char text[32])
{
    snprintf(text, 32, "%.9g", (double)value);
    strcat(text, strpbrk(text, ".en") ? "f" : ".0f");
    return text;
}

static const char *type_text(unsigned bits)
{
    return bits == 8    ? "int8_t"
           : bits == 16 ? "int16_t"
           : bits == 32 ? "float"
                        : "integers of BITS bits, packed, the first one lowest";
}

struct tensor_keys {
    const char *h, *w, *c, *elements, *bytes, *bits, *scale, *zero, *type, *offset;
};

static void set_tensor(struct template *t, const struct tensor_keys *k, const struct image_tensor *x)
{
    char text[32];
    template_set(t, k->h, "%u", x->h);
    template_set(t, k->w, "%u", x->w);
    template_set(t, k->c, "%u", x->c);
    template_set(t, k->elements, "%u", (unsigned)x->h * x->w * x->c);
    template_set(t, k->bytes, "%u", x->bytes);
    template_set(t, k->bits, "%u", x->bits);
    template_set(t, k->scale, "%s", float_text(x->scale, text));
    template_set(t, k->zero, "%d", x->zero_point);
    template_set(t, k->type, "%s", type_text(x->bits));
    template_set(t, k->offset, "%u", x->arena_offset);
}

static void set_program(const struct package *p, const struct image_view *image, struct template *t)
{
    const struct image_program *h = image->program.header;
    char *text = calloc(h->n_blobs + 1, PACKAGE_NAME_MAX + 24);
    size_t used = 0;
    for (uint32_t i = 0; text && i < h->n_blobs; i++)
        used += (size_t)sprintf(text + used, "%s%s_weights_%u,",
                                i % BLOBS_PER_LINE ? " "
                                : i                ? "\n    "
                                                   : "    ",
                                p->name, i);
    template_set(t, "BLOBS", "%s", text && used ? text : "    0,");
    free(text);
    template_set(t, "TENSORS_OFFSET", "%u", h->tensors_offset);
    template_set(t, "OPS_OFFSET", "%u", h->ops_offset);
    template_set(t, "BLOBS_OFFSET", "%u", h->blobs_offset);
    template_set(t, "ARENA_BYTES", "%u", h->arena_bytes);
    template_set(t, "PROGRAM_BYTES", "%u", h->bytes);
    template_set(t, "WEIGHTS_BYTES", "%u", image_view_weights_bytes(image));
    template_set(t, "CANDIDATE_BYTES", "%u", image_view_weights_bytes(image) + h->bytes);
}

static const char *text_of(const cJSON *object, const char *key, const char *otherwise)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return text ? text : otherwise;
}

void package_source_keys(const struct package *p, const struct image_view *image, struct template *t)
{
    static const struct tensor_keys input = {"INPUT_H",     "INPUT_W",     "INPUT_C",     "INPUT_ELEMENTS",
                                             "INPUT_BYTES", "INPUT_BITS",  "INPUT_SCALE", "INPUT_ZERO",
                                             "INPUT_TYPE",  "INPUT_OFFSET"};
    static const struct tensor_keys output = {
        "OUTPUT_H",    "OUTPUT_W",     "OUTPUT_C",    "OUTPUT_ELEMENTS", "OUTPUT_BYTES",
        "OUTPUT_BITS", "OUTPUT_SCALE", "OUTPUT_ZERO", "OUTPUT_TYPE",     "OUTPUT_OFFSET"};
    char name[PACKAGE_NAME_MAX + 1];
    const cJSON *network = cJSON_GetObjectItemCaseSensitive(p->config, "network");
    template_set(t, "NAME", "%s", p->name);
    template_set(t, "UPPER", "%s", upper(p->name, name));
    template_set(t, "VERSION", "%s", p->version);
    template_set(t, "CANDIDATE", "%s", text_of(p->config, "candidate", "one setting for each layer"));
    template_set(t, "NETWORK", "%s", text_of(network, "file", "a network"));
    set_tensor(t, &input, program_input(&image->program));
    set_tensor(t, &output, program_output(&image->program));
    set_program(p, image, t);
}
