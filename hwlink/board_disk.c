// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/board_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct disk_read {
    uv_work_t work;
    struct board_disk_reader reader;
    struct board_image image;
    struct error error;
    int rc;
    bool is_there;
    char path[]; // ends with 0
};

static void read_in_pool(uv_work_t *work)
{
    struct disk_read *d = work->data;
    d->rc = board_image_read(d->path, &d->image, &d->error);
    d->is_there = d->rc == 0 || access(d->path, R_OK) == 0;
}

static void on_read(uv_work_t *work, int status)
{
    struct disk_read *d = work->data;
    (void)status; // nobody cancels
    d->reader.done(d->reader.user, d->reader.turn, d->rc, d->is_there, &d->image, d->error.text);
    board_image_finish(&d->image);
    free(d);
}

int board_disk_read(uv_loop_t *loop, const char *path, const struct board_disk_reader *r, struct error *e)
{
    size_t n = strlen(path) + 1;
    struct disk_read *d = calloc(1, sizeof *d + n);
    if (!d)
        return error_set(e, "out of memory");
    d->work.data = d;
    d->reader = *r;
    memcpy(d->path, path, n);
    uv_queue_work(loop, &d->work, read_in_pool, on_read);
    return 0;
}

struct disk_write {
    uv_work_t work;
    struct board_disk_writer writer;
    struct board_disk_file *file;
    unsigned long number;
    struct error error;
    int rc;
    size_t size;
    char data[];
};

int board_disk_file_init(struct board_disk_file *f, const char *path, struct error *e)
{
    *f = (struct board_disk_file){.path = path};
    return uv_mutex_init(&f->lock) == 0 ? 0 : error_set(e, "out of memory");
}

void board_disk_file_finish(struct board_disk_file *f)
{
    uv_mutex_destroy(&f->lock);
}

static void write_all(struct disk_write *d)
{
    FILE *f = fopen(d->file->path, "wbe");
    size_t n = f ? fwrite(d->data, 1, d->size, f) : 0;
    if (!f)
        d->rc = error_set(&d->error, "%s cannot be written", d->file->path);
    else if (fclose(f) != 0 || n != d->size)
        d->rc = error_set(&d->error, "%s cannot be written (disk full?)", d->file->path);
}

/* A write that a later one has overtaken has nothing to say any more. */
static void write_in_pool(uv_work_t *work)
{
    struct disk_write *d = work->data;
    uv_mutex_lock(&d->file->lock);
    if (d->number > d->file->written) {
        write_all(d);
        d->file->written = d->number;
    }
    uv_mutex_unlock(&d->file->lock);
}

static void on_written(uv_work_t *work, int status)
{
    struct disk_write *d = work->data;
    (void)status;
    d->writer.done(d->writer.user, d->writer.turn, d->rc, d->error.text);
    free(d);
}

int board_disk_write(uv_loop_t *loop, struct board_disk_file *f, const void *data, size_t size, const struct board_disk_writer *w,
                     struct error *e)
{
    struct disk_write *d = calloc(1, sizeof *d + size);
    if (!d)
        return error_set(e, "out of memory");
    d->work.data = d;
    d->writer = *w;
    d->file = f;
    d->number = ++f->asked;
    d->size = size;
    memcpy(d->data, data, size);
    uv_queue_work(loop, &d->work, write_in_pool, on_written);
    return 0;
}
