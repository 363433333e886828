// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Writes the C package of a small image that is made by hand, so that packages are tested without a network.
// usage: make_package FOLDER NAME W_BITS
#include "base/file.h"
#include "quant/tool/package.h"
#include "tests/sim/small_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int make(const char *folder, const char *name, unsigned w_bits, struct error *e)
{
    const struct small_image shape = {3, 4, 40, 24, w_bits, 5};
    char path[] = "/tmp/make_package-XXXXXX", *bytes;
    size_t size;
    struct image_view image;
    int fd = mkstemp(path);
    int rc = fd < 0 ? error_set(e, "no temporary file") : small_image_write(path, &shape, NULL, e);
    rc = rc || file_read(path, 1u << 20, &bytes, &size, e);
    close(fd);
    unlink(path);
    if (rc)
        return -1;
    cJSON *config = cJSON_Parse(
        "{\"schema\": \"pare.config/1\", \"layers\": [{\"name\": \"first // */\"}, {\"name\": \"second\"}]}");
    const struct package p = {.name = name, .version = "test", .config = config};
    rc = image_view_open(&image, bytes, size, e) || package_write(&p, &image, folder, NULL, e);
    cJSON_Delete(config);
    free(bytes);
    return rc ? -1 : 0;
}

int main(int argc, char **argv)
{
    struct error e;
    if (argc != 4) {
        fprintf(stderr, "usage: make_package FOLDER NAME W_BITS\n");
        return 2;
    }
    if (make(argv[1], argv[2], (unsigned)atoi(argv[3]), &e)) {
        fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    return 0;
}
