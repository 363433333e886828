// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What stands in a board's flash and how worn its pages are: a content-addressed log, as a pure value the caller stores.
#ifndef PARE_HWLINK_FLASHLOG_H
#define PARE_HWLINK_FLASHLOG_H

#include "base/sha256.h"
#include "quant/kernels/mailbox.h"

#include <stdbool.h>

#define FLASHLOG_PAGES (BOARD_FLASH_BYTES / BOARD_PAGE_BYTES)
#define FLASHLOG_ITEMS_MAX BOARD_LOG_PAGES // each item starts a page
#define FLASHLOG_JOBS_MAX (BOARD_JOB_PAGES * BOARD_PAGE_BYTES / sizeof(struct mailbox_job))
#define FLASHLOG_WEAR_MAX 10000u   // erases of one page that the part is specified for: never more
#define FLASHLOG_WEAR_BUDGET 1000u // a board's own budget, unless its file says otherwise

/* An item (weights blob, program or inputs) that was written and verified. */
struct flashlog_item {
    uint8_t sha256[SHA256_BYTES];
    uint32_t bytes;
    uint16_t page;
    uint16_t checked; // its content was verified since the board was opened; never stored as true
};

/* The whole state of one board's flash. Plain data without pointers: copy it, store it as bytes with its version. All zero
 * is a board of which nothing is known: every page counts as never erased and holds nothing that may be used. */
struct flashlog {
    uint32_t version;                       // FLASHLOG_VERSION, 0 while nothing is known
    uint32_t n_items;
    uint32_t sequence;                      // of the last job, never reused
    uint32_t n_jobs;                        // job records written since the job pages were last erased; all: erase first
    uint32_t restarts;                      // how often the log was started anew
    uint32_t runner_bytes;                  // 0: no runner is known to stand in pages 0..
    uint8_t runner_sha256[SHA256_BYTES];
    uint32_t erases[FLASHLOG_PAGES];        // wear: erases of each page, counted when they are intended
    struct flashlog_item items[FLASHLOG_ITEMS_MAX];
};

#define FLASHLOG_VERSION 1u

/* Makes a stored state fit for use: of another version or with impossible contents it is replaced by an empty one that keeps
 * what can be kept of the wear. Nothing counts as checked afterwards. Returns 1 if it was replaced, else 0. */
int flashlog_load(struct flashlog *log);

/* The item with this content, or NULL. The pointer is valid until the log changes. */
struct flashlog_item *flashlog_find(struct flashlog *log, const uint8_t sha256[SHA256_BYTES]);

uint32_t flashlog_address(const struct flashlog_item *item); // where its first byte stands
uint32_t flashlog_pages(uint32_t bytes);                     // pages that so many bytes take

/* Something that must stand in flash before a run. */
struct flashlog_need {
    uint8_t sha256[SHA256_BYTES];
    uint32_t bytes;
    uint16_t page;  // out: where it stands, or is to be written
    bool write;     // out: it is not there yet
};

/* Decides where each of `n` needs stands. Known contents are used again; for the others the least worn free run of pages is
 * taken. Without room the log is started anew: everything but the needs that stand there is forgotten, and at last those
 * too. Pages are not touched in `log` until flashlog_intend. `restart` tells whether that happened.
 * `budget` is what a page may be erased in all. Returns 0, or -1 with the reason (they fit not even an empty log, or only on pages whose
 * budget is spent). */
int flashlog_plan(struct flashlog *log, uint32_t budget, struct flashlog_need *needs, int n, bool *restart, struct error *e);

/* Notes the intent to erase `n` pages from `page` on: wear goes up by one each, and what stood there is forgotten (items, the
 * runner, job records). Store the log before the erase happens. Returns 0, or -1 if a page would exceed its budget. */
int flashlog_intend(struct flashlog *log, uint32_t budget, uint16_t page, uint32_t n, struct error *e);

uint32_t flashlog_worst(const struct flashlog *log); // erases of the most worn page of the log

/* Whether a page of the log has spent its budget. */
bool flashlog_worn(const struct flashlog *log, uint32_t budget);

#define FLASHLOG_BAD_WRITE 100u // a write that came out wrong counts as so many erases

/* Notes that pages which were just erased came out wrong: others are preferred from now on. */
void flashlog_suspect(struct flashlog *log, uint16_t page, uint32_t n);

/* Notes that an item was written and verified at `page`. */
void flashlog_add(struct flashlog *log, const uint8_t sha256[SHA256_BYTES], uint32_t bytes, uint16_t page);

/* Forgets an item whose content was found wrong. */
void flashlog_forget(struct flashlog *log, const uint8_t sha256[SHA256_BYTES]);

#endif
