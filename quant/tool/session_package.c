// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tool/session_package.h"

#include "base/file.h"
#include "quant/tool/candidate_file.h"
#include "quant/tool/package.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IMAGE_FILE_MAX (256u << 20) // bytes

/* The image passes through a file, because that is how image_write hands it out. */
static enum session_fault read_image(struct session *s, char **bytes, size_t *size, struct error *e)
{
    char path[PATH_MAX + 32];
    struct image_written written;
    snprintf(path, sizeof path, "%s/package.new-XXXXXX", *s->params.folder ? s->params.folder : "/tmp");
    int fd = mkstemp(path);
    if (fd < 0)
        return error_set(e, "%s: %s", path, strerror(errno)) ? SESSION_FAILED : SESSION_OK;
    close(fd);
    enum session_fault fault = session_image(s, path, &written, e);
    if (!fault && file_read(path, IMAGE_FILE_MAX, bytes, size, e))
        fault = SESSION_FAILED;
    unlink(path);
    return fault;
}

static cJSON *transform_json(const struct data_transform *t)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "scale", t->scale == 0 ? 1 : t->scale);
    cJSON_AddItemToObject(o, "mean", cJSON_CreateDoubleArray(t->mean, t->n_mean));
    cJSON_AddItemToObject(o, "std", cJSON_CreateDoubleArray(t->std, t->n_std));
    cJSON_AddStringToObject(o, "layout", t->nchw ? "nchw" : "nhwc");
    return o;
}

static int write_package(struct session *s, const struct session_package *p, const struct image_view *image,
                         cJSON **files, struct error *e)
{
    cJSON *input = transform_json(&s->params.transform);
    cJSON *config = candidate_file_config(&s->net, &s->candidate, PARE_VERSION, s->params.network,
                                          s->network_sha256, p->found, p->provenance);
    const struct package package = {.name = p->name,
                                    .version = PARE_VERSION,
                                    .config = config,
                                    .figures = p->figures,
                                    .input = input,
                                    .parameters_bytes = (uint32_t)s->lowered.parameters_bytes};
    int rc = package_write(&package, image, p->folder, files, e);
    cJSON_Delete(config);
    cJSON_Delete(input);
    return rc;
}

enum session_fault session_package(struct session *s, const struct candidate *c,
                                   const struct session_package *p, cJSON **files, struct error *e)
{
    struct image_view image;
    char *bytes;
    size_t size;
    enum session_fault fault = session_lower(s, c, false, e);
    if (!fault)
        fault = read_image(s, &bytes, &size, e);
    if (fault)
        return fault;
    if (p->image_sha256)
        sha256_of(bytes, size, p->image_sha256);
    if (image_view_open(&image, bytes, size, e) || write_package(s, p, &image, files, e))
        fault = SESSION_FAILED;
    free(bytes);
    return fault;
}
