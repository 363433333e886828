// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Texts are made one by one in a buffer and written below FOLDER.part, which is renamed in the end.
#include "quant/tool/package.h"

#include "base/file.h"
#include "base/sha256.h"
#include "quant/tool/package_source.h"
#include "quant/tool/template.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct packing {
    const struct package *about;
    const struct image_view *image;
    struct template keys;
    char part[PATH_MAX]; // the folder while it is being written
    cJSON *files;
    struct buffer text;
};

/* Where an embedded file goes, and whether it has keys. */
static const struct {
    const char *name, *to;
    bool has_keys;
} embedded[] = {
    {"header.in", "include/@NAME@.h", true},
    {"source.in", "src/@NAME@.c", true},
    {"column.h", "src/kernels/column.h", false},
    {"fixed.h", "src/kernels/fixed.h", false},
    {"float_function.h", "src/kernels/float_function.h", false},
    {"image.h", "src/kernels/image.h", false},
    {"kernel.h", "src/kernels/kernel.h", false},
    {"mailbox.h", "board/mailbox.h", false},
    {"output.h", "src/kernels/output.h", false},
    {"pack.h", "src/kernels/pack.h", false},
    {"product.h", "src/kernels/product.h", false},
    {"program.h", "src/kernels/program.h", false},
    {"requantize.h", "src/kernels/requantize.h", false},
    {"rows.h", "src/kernels/rows.h", false},
    {"scan.h", "src/kernels/scan.h", false},
    {"simd.h", "src/kernels/simd.h", false},
    {"selftest.in", "test/selftest.c", true},
    {"console.c", "test/console.c", false},
    {"console.h", "test/console.h", false},
    {"start.c", "board/start.c", false},
    {"memory.c", "board/memory.c", false},
    {"memory.h", "board/memory.h", false},
    {"clock.c", "board/clock.c", false},
    {"clock.h", "board/clock.h", false},
    {"registers.h", "board/registers.h", false},
    {"stm32u585.ld.in", "board/stm32u585.ld", true},
    {"stm32u5.cmake", "cmake/stm32u5.cmake", false},
    {"CMakeLists.txt.in", "CMakeLists.txt", true},
    {"README.md.in", "README.md", true},
    {"LICENSE", "LICENSE", false},
};

/* Kernels that every package has, and those that only float32 needs. */
static const char *const kernels[] = {"add.c",    "channels.c", "column.c", "conv.c",    "dense.c",   "depthwise.c", "fixed.c", "lookup.c", "mul.c",
                                      "output.c", "pack.c",   "pool.c",    "product.c", "program.c",   "resize.c", "rmsnorm.c", "rows.c", "scan.c",
                                      "softmax.c"};
static const char *const float_kernels[] = {"float32.c", "float_function.c", "float_sequence.c"};

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

/* Words that would not compile as a structure's name, and targets that CMake has. */
static const char *const reserved[] = {
    "auto",      "break",  "case",   "char",     "const",    "continue", "default",  "do",
    "double",    "else",   "enum",   "extern",   "float",    "for",      "goto",     "if",
    "inline",    "int",    "long",   "register", "restrict", "return",   "short",    "signed",
    "sizeof",    "static", "struct", "switch",   "typedef",  "union",    "unsigned", "void",
    "volatile",  "while",  "asm",    "class",    "new",      "delete",   "this",     "template",
    "namespace", "all",    "clean",  "help",     "install",  "package",  "test",
};

int package_check_name(const char *name, struct error *e)
{
    size_t n = strlen(name);
    if (!n || n > PACKAGE_NAME_MAX)
        return error_set(e, "a package's name has 1 to %d characters", PACKAGE_NAME_MAX);
    bool fits = isalpha((unsigned char)name[0]) != 0;
    for (size_t i = 0; i < n; i++)
        fits = fits && (isalnum((unsigned char)name[i]) || name[i] == '_') && (unsigned char)name[i] < 128;
    if (!fits)
        return error_set(
            e, "'%s' is no C identifier: a package's name has letters, digits and _, a letter first", name);
    for (int i = 0; i < COUNT(reserved); i++)
        if (!strcmp(name, reserved[i]))
            return error_set(e, "'%s' is a reserved word of C or CMake: choose another name for the package",
                             name);
    return 0;
}

/* Writes the buffer as file `to` below the folder, and empties it. */
static int put_file(struct packing *k, const char *to, struct error *e)
{
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", k->part, to) >= sizeof path)
        return error_set(e, "%s/%s: the name is too long", k->part, to);
    *strrchr(path, '/') = 0;
    if (file_make_folder(path, e))
        return -1;
    path[strlen(path)] = '/';
    if (file_write(path, k->text.data, k->text.size, e))
        return -1;
    buffer_consume(&k->text, k->text.size);
    return cJSON_AddItemToArray(k->files, cJSON_CreateString(to)) ? 0 : error_set(e, "out of memory");
}

static int put_embedded(struct packing *k, const char *name, const char *to, bool has_keys, struct error *e)
{
    const struct embedded *file = template_file(name);
    struct buffer path;
    buffer_init(&path, PATH_MAX);
    int rc = template_expand(&k->keys, to, &path) || buffer_append(&path, "", 1);
    if (!rc)
        rc = has_keys ? template_expand(&k->keys, file->text, &k->text)
                      : buffer_append(&k->text, file->text, file->size);
    rc = rc ? error_set(e, "%s: out of memory", to) : put_file(k, path.data, e);
    buffer_finish(&path);
    return rc;
}

/* How many of float_kernels the package needs. */
static int count_float(const struct packing *k)
{
    return package_source_is_float(k->image) ? COUNT(float_kernels) : 0;
}

static int put_list(struct packing *k, const char *const *names, int n, struct error *e)
{
    char to[64];
    for (int i = 0; i < n; i++) {
        snprintf(to, sizeof to, "src/kernels/%s", names[i]);
        if (put_embedded(k, names[i], to, false, e))
            return -1;
    }
    return 0;
}

static int put_kernels(struct packing *k, struct error *e)
{
    return put_list(k, kernels, COUNT(kernels), e) || put_list(k, float_kernels, count_float(k), e) ? -1 : 0;
}

static void set_kernel_keys(struct packing *k)
{
    char text[1024] = "";
    bool is_float = package_source_is_float(k->image);
    for (int i = 0; i < COUNT(kernels); i++)
        sprintf(text + strlen(text), "%ssrc/kernels/%s", i ? " " : "  ", kernels[i]);
    for (int i = 0; i < count_float(k); i++)
        sprintf(text + strlen(text), " src/kernels/%s", float_kernels[i]);
    template_set(&k->keys, "KERNELS", "%s", text);
    template_set(&k->keys, "DEFINITIONS",
                 is_float ? "%s" : "target_compile_definitions(%s PRIVATE PROGRAM_INTEGER_ONLY)\n",
                 is_float ? "" : k->about->name);
}

static int put_sources(struct packing *k, struct error *e)
{
    typedef int maker(const struct package *, const struct image_view *, struct buffer *);
    static const struct {
        const char *to; // with the package's name for %s
        maker *make;
    } made[] = {{"src/%s_data.h", package_source_data},
                {"src/%s_program.c", package_source_program},
                {"src/%s_weights.c", package_source_weights},
                {"test/vectors.h", package_source_vectors_header},
                {"test/vectors.c", package_source_vectors}};
    for (int i = 0; i < COUNT(made); i++) {
        char to[PACKAGE_NAME_MAX + 32];
        const char *slot = strstr(made[i].to, "%s");
        int before = slot ? (int)(slot - made[i].to) : (int)strlen(made[i].to);
        snprintf(to, sizeof to, "%.*s%s%s", before, made[i].to, slot ? k->about->name : "",
                 slot ? slot + 2 : "");
        if (made[i].make(k->about, k->image, &k->text))
            return error_set(e, "%s: more than %u bytes, or out of memory", to, PACKAGE_FILE_MAX);
        if (put_file(k, to, e))
            return -1;
    }
    return 0;
}

static cJSON *tensor_json(const struct image_tensor *t)
{
    cJSON *o = cJSON_CreateObject();
    const int shape[3] = {t->h, t->w, t->c};
    cJSON_AddItemToObject(o, "shape", cJSON_CreateIntArray(shape, 3));
    cJSON_AddNumberToObject(o, "bits", t->bits);
    cJSON_AddNumberToObject(o, "scale", (double)t->scale);
    cJSON_AddNumberToObject(o, "zero_point", t->zero_point);
    cJSON_AddNumberToObject(o, "bytes", t->bytes);
    return o;
}

static cJSON *layers_json(const struct packing *k)
{
    cJSON *layers = cJSON_CreateArray();
    for (uint32_t i = 0; i < k->image->header->n_blobs; i++) {
        int op = image_view_op_of_blob(k->image, i);
        cJSON *o = cJSON_CreateObject();
        char hex[SHA256_HEX];
        int layer = op < 0 ? 0xffff : k->image->program.ops[op].layer;
        cJSON_AddStringToObject(o, "name", layer == 0xffff ? "" : package_source_layer(k->about, layer));
        cJSON_AddNumberToObject(o, "w_bits", op < 0 ? 0 : k->image->program.ops[op].w_bits);
        cJSON_AddNumberToObject(o, "a_bits",
                                op < 0 ? 0 : k->image->program.tensors[k->image->program.ops[op].out].bits);
        cJSON_AddNumberToObject(o, "weights_bytes", k->image->blobs[i].bytes);
        cJSON_AddStringToObject(o, "weights_sha256", sha256_hex(k->image->blobs[i].sha256, hex));
        cJSON_AddItemToArray(layers, o);
    }
    return layers;
}

static void add_sizes(const struct packing *k, cJSON *o)
{
    const struct image_program *h = k->image->program.header;
    uint32_t weights = image_view_weights_bytes(k->image);
    cJSON *flash = cJSON_AddObjectToObject(o, "flash");
    cJSON_AddNumberToObject(flash, "candidate_bytes", weights + h->bytes);
    cJSON_AddNumberToObject(flash, "weights_bytes", weights);
    cJSON_AddNumberToObject(flash, "parameters_bytes", k->about->parameters_bytes);
    cJSON_AddNumberToObject(flash, "program_bytes", h->bytes - k->about->parameters_bytes);
    cJSON_AddNumberToObject(cJSON_AddObjectToObject(o, "ram"), "arena_bytes", h->arena_bytes);
}

static void add_copy(cJSON *o, const char *key, const cJSON *what)
{
    if (what)
        cJSON_AddItemToObject(o, key, cJSON_Duplicate(what, true));
}

static int put_metadata(struct packing *k, struct error *e)
{
    uint8_t sha256[SHA256_BYTES];
    char hex[SHA256_HEX];
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "schema", "pare.package/1");
    cJSON_AddStringToObject(o, "name", k->about->name);
    cJSON *tool = cJSON_AddObjectToObject(o, "tool");
    cJSON_AddStringToObject(tool, "name", "pare");
    cJSON_AddStringToObject(tool, "version", k->about->version);
    add_copy(o, "config", k->about->config);
    add_copy(o, "figures", k->about->figures);
    add_sizes(k, o);
    cJSON *input = tensor_json(program_input(&k->image->program));
    add_copy(input, "transform", k->about->input);
    cJSON_AddItemToObject(o, "input", input);
    cJSON_AddItemToObject(o, "output", tensor_json(program_output(&k->image->program)));
    cJSON_AddItemToObject(o, "layers", layers_json(k));
    cJSON_AddNumberToObject(o, "samples", k->image->header->n_samples);
    sha256_of(k->image->bytes, k->image->header->bytes, sha256);
    cJSON_AddStringToObject(o, "image_sha256", sha256_hex(sha256, hex));
    char *text = cJSON_Print(o);
    cJSON_Delete(o);
    int rc = !text || buffer_append(&k->text, text, strlen(text)) || buffer_append(&k->text, "\n", 1);
    cJSON_free(text);
    return rc ? error_set(e, "metadata.json: out of memory") : put_file(k, "metadata.json", e);
}

static int put_all(struct packing *k, struct error *e)
{
    for (int i = 0; i < COUNT(embedded); i++)
        if (put_embedded(k, embedded[i].name, embedded[i].to, embedded[i].has_keys, e))
            return -1;
    return put_kernels(k, e) || put_sources(k, e) || put_metadata(k, e) ? -1 : 0;
}

int package_write(const struct package *p, const struct image_view *image, const char *folder, cJSON **files,
                  struct error *e)
{
    struct packing k = {.about = p, .image = image, .files = cJSON_CreateArray()};
    if (package_check_name(p->name, e))
        return -1;
    if ((size_t)snprintf(k.part, sizeof k.part, "%s.part", folder) >= sizeof k.part)
        return error_set(e, "%s: the name is too long", folder);
    template_init(&k.keys);
    buffer_init(&k.text, PACKAGE_FILE_MAX);
    package_source_keys(p, image, &k.keys);
    set_kernel_keys(&k);
    file_remove(k.part); // of a run that was killed
    int rc = put_all(&k, e);
    if (!rc && rename(k.part, folder))
        rc = errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR
                 ? error_set(e, "%s: exists already and is not an empty folder", folder)
                 : error_set(e, "%s: %s", folder, strerror(errno));
    if (rc)
        file_remove(k.part);
    buffer_finish(&k.text);
    template_finish(&k.keys);
    if (files && !rc)
        *files = k.files;
    else
        cJSON_Delete(k.files);
    return rc;
}
