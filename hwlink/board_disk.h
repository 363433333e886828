// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What a board needs from the disk, done by the thread pool: a disk under load keeps who asks it waiting, and the loop must not.
#ifndef PARE_HWLINK_BOARD_DISK_H
#define PARE_HWLINK_BOARD_DISK_H

#include "base/error.h"
#include "hwlink/board_image.h"

#include <uv.h>

/* `done` is called from the loop, once: rc is 0, or -1 with the reason; then `is_there` says that the file may be read, so that what is
 * wrong is its content. `image` may be taken (and emptied); otherwise it is freed after the call. */
struct board_disk_reader {
    void *user;
    void (*done)(void *user, int rc, bool is_there, struct board_image *image, const char *text);
};

/* Reads and checks an image file (copied name). Returns 0, or -1 without memory. */
int board_disk_read(uv_loop_t *loop, const char *path, const struct board_disk_reader *r, struct error *e);

struct board_disk_writer {
    void *user;
    unsigned long turn; // of the owner's own; comes back with `done`
    void (*done)(void *user, unsigned long turn, int rc, const char *text);
};

/* Writes `size` bytes of `data` (copied) as the file `path`. Returns 0, or -1 without memory. */
int board_disk_write(uv_loop_t *loop, const char *path, const void *data, size_t size, const struct board_disk_writer *w, struct error *e);

#endif
