// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What a board needs from the disk, done by the thread pool: a disk under load keeps who asks it waiting, and the loop must not.
#ifndef PARE_HWLINK_BOARD_DISK_H
#define PARE_HWLINK_BOARD_DISK_H

#include "base/error.h"
#include "hwlink/board_image.h"

#include <uv.h>

/* `done` is called from the loop, once, with the owner's `turn`: rc is 0, or -1 with the reason; then `is_there` says that the file may be
 * read, so that what is wrong is its content. `image` may be taken (and emptied); otherwise it is freed after the call. */
struct board_disk_reader {
    void *user;
    unsigned long turn;
    void (*done)(void *user, unsigned long turn, int rc, bool is_there, struct board_image *image, const char *text);
};

/* Reads and checks an image file (copied name), which must stay until then. Returns 0, or -1 without memory. */
int board_disk_read(uv_loop_t *loop, const char *path, const struct board_disk_reader *r, struct error *e);

struct board_disk_writer {
    void *user;
    unsigned long turn; // of the owner's own; comes back with `done`
    void (*done)(void *user, unsigned long turn, int rc, const char *text);
};

/* A file that is written again and again. However the thread pool orders two writes, the later call's bytes are what stands in it. */
struct board_disk_file {
    uv_mutex_t lock;
    unsigned long asked, written; // numbers of writes
    const char *path;             // the owner's
};

int board_disk_file_init(struct board_disk_file *f, const char *path, struct error *e);
void board_disk_file_finish(struct board_disk_file *f); // no write may be out

/* Writes `size` bytes of `data` (copied) as the file's whole content. Returns 0, or -1 without memory. */
int board_disk_write(uv_loop_t *loop, struct board_disk_file *f, const void *data, size_t size, const struct board_disk_writer *w,
                     struct error *e);

#endif
