// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/import/import.h"

#include "base/file.h"
#include "quant/import/onnx.h"
#include "quant/import/tflite.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool starts_with(const char *bytes, size_t size, size_t offset, const char *magic)
{
    size_t n = strlen(magic);
    return size >= offset + n && !memcmp(bytes + offset, magic, n);
}

/* Formats that people have, and how they get from there to one that is taken. */
static int refuse_known(const char *bytes, size_t size, struct error *e)
{
    if (starts_with(bytes, size, 0, "\x89HDF"))
        return error_set(e, "a Keras file (HDF5); convert it with tf2onnx");
    if (starts_with(bytes, size, 0, "PK\x03\x04"))
        return error_set(e, "a PyTorch or NumPy archive (zip); write .onnx with torch.onnx.export");
    return 0;
}

static int take(const char *bytes, size_t size, struct net *n, struct error *e)
{
    if (refuse_known(bytes, size, e))
        return -1;
    return starts_with(bytes, size, 4, "TFL3") ? tflite_import(bytes, size, n, e)
                                               : onnx_import(bytes, size, n, e);
}

int import_bytes(const char *bytes, size_t size, struct net *n, struct error *e)
{
    net_init(n);
    if (!take(bytes, size, n, e))
        return 0;
    net_finish(n);
    return -1;
}

int import_network(const char *path, struct net *n, struct error *e)
{
    char *bytes;
    size_t size;
    net_init(n);
    if (file_read(path, IMPORT_FILE_MAX, &bytes, &size, e))
        return -1;
    int failed = import_bytes(bytes, size, n, e);
    free(bytes);
    return failed ? error_wrap(e, "%s", path) : 0;
}
