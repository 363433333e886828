// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The flash log: finds least worn runs of free pages, and forgets before it reuses.
#include "hwlink/flashlog.h"

#include <string.h>

uint32_t flashlog_pages(uint32_t bytes)
{
    return (bytes + BOARD_PAGE_BYTES - 1) / BOARD_PAGE_BYTES;
}

uint32_t flashlog_address(const struct flashlog_item *item)
{
    return BOARD_FLASH_ADDRESS + item->page * BOARD_PAGE_BYTES;
}

static void mark(bool used[FLASHLOG_PAGES], uint32_t page, uint32_t n)
{
    for (uint32_t i = page; i < page + n && i < FLASHLOG_PAGES; i++)
        used[i] = true;
}

static bool items_are_sound(const struct flashlog *log)
{
    bool used[FLASHLOG_PAGES] = {false};
    if (log->n_items > FLASHLOG_ITEMS_MAX)
        return false;
    for (uint32_t i = 0; i < log->n_items; i++) {
        const struct flashlog_item *item = &log->items[i];
        if (item->bytes == 0 || item->bytes > BOARD_LOG_PAGES * BOARD_PAGE_BYTES)
            return false;
        uint32_t n = flashlog_pages(item->bytes);
        if (item->page < BOARD_LOG_PAGE || item->page + n > FLASHLOG_PAGES)
            return false;
        for (uint32_t p = item->page; p < item->page + n; p++)
            if (used[p])
                return false;
        mark(used, item->page, n);
    }
    return true;
}

int flashlog_load(struct flashlog *log)
{
    bool known = log->version == FLASHLOG_VERSION;
    bool sound = known && items_are_sound(log) && log->n_jobs <= FLASHLOG_JOBS_MAX;
    if (!known)
        memset(log, 0, sizeof *log);
    if (!sound) {
        log->n_items = 0;
        log->n_jobs = FLASHLOG_JOBS_MAX; // what stands in the job pages is unknown: they are erased before the next record
        log->runner_bytes = 0;
    }
    log->version = FLASHLOG_VERSION;
    for (uint32_t i = 0; i < log->n_items; i++)
        log->items[i].checked = 0;
    return !sound;
}

struct flashlog_item *flashlog_find(struct flashlog *log, const uint8_t sha256[SHA256_BYTES])
{
    for (uint32_t i = 0; i < log->n_items; i++)
        if (memcmp(log->items[i].sha256, sha256, SHA256_BYTES) == 0)
            return &log->items[i];
    return NULL;
}

/* The first page of the free run of `n` pages whose most worn page is least worn (then the least sum, then the lowest), or 0. */
static uint16_t least_worn_run(const struct flashlog *log, uint32_t budget, const bool used[FLASHLOG_PAGES], uint32_t n)
{
    uint16_t best = 0;
    uint64_t best_wear = UINT64_MAX;
    for (uint32_t page = BOARD_LOG_PAGE; page + n <= FLASHLOG_PAGES; page++) {
        uint64_t most = 0, sum = 0;
        uint32_t i = 0;
        for (; i < n && !used[page + i] && log->erases[page + i] < budget; i++) {
            most = log->erases[page + i] > most ? log->erases[page + i] : most;
            sum += log->erases[page + i];
        }
        uint64_t wear = most << 32 | sum;
        if (i == n && wear < best_wear) {
            best = (uint16_t)page;
            best_wear = wear;
        }
    }
    return best;
}

/* The place of an equal need before `i`, or 0. */
static uint16_t same_before(const struct flashlog_need *needs, int i)
{
    for (int k = 0; k < i; k++)
        if (memcmp(needs[k].sha256, needs[i].sha256, SHA256_BYTES) == 0)
            return needs[k].page;
    return 0;
}

/* Places all needs in the log as it is. Returns 0, or -1 without room. */
static int place(struct flashlog *log, uint32_t budget, struct flashlog_need *needs, int n)
{
    bool used[FLASHLOG_PAGES] = {false};
    for (uint32_t i = 0; i < log->n_items; i++)
        mark(used, log->items[i].page, flashlog_pages(log->items[i].bytes));
    for (int i = 0; i < n; i++) {
        struct flashlog_item *item = flashlog_find(log, needs[i].sha256);
        needs[i].page = item ? item->page : same_before(needs, i);
        needs[i].write = needs[i].page == 0;
        if (!needs[i].write)
            continue;
        needs[i].page = least_worn_run(log, budget, used, flashlog_pages(needs[i].bytes));
        if (needs[i].page == 0)
            return -1;
        mark(used, needs[i].page, flashlog_pages(needs[i].bytes));
    }
    return 0;
}

static bool is_needed(const struct flashlog_item *item, const struct flashlog_need *needs, int n)
{
    for (int i = 0; i < n; i++)
        if (memcmp(item->sha256, needs[i].sha256, SHA256_BYTES) == 0)
            return true;
    return false;
}

static void forget_unneeded(struct flashlog *log, const struct flashlog_need *needs, int n)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < log->n_items; i++)
        if (is_needed(&log->items[i], needs, n))
            log->items[kept++] = log->items[i];
    log->n_items = kept;
}

int flashlog_plan(struct flashlog *log, uint32_t budget, struct flashlog_need *needs, int n, bool *restart, struct error *e)
{
    *restart = false;
    uint64_t pages = 0;
    for (int i = 0; i < n; i++)
        pages += flashlog_pages(needs[i].bytes);
    for (int i = 0; i < n; i++)
        if (needs[i].bytes == 0 || needs[i].bytes > BOARD_LOG_PAGES * BOARD_PAGE_BYTES)
            return error_set(e, "an item of %u bytes does not fit the flash log", needs[i].bytes);
    if (place(log, budget, needs, n) == 0)
        return 0;
    struct flashlog anew = *log;
    anew.restarts++;
    forget_unneeded(&anew, needs, n);
    if (place(&anew, budget, needs, n) != 0) {
        anew.n_items = 0;
        if (place(&anew, budget, needs, n) != 0)
            return error_set(e, "%d items of %llu pages in all do not fit the log's %u pages below this board's budget of %u erases a page",
                             n, (unsigned long long)pages, BOARD_LOG_PAGES, budget);
    }
    *log = anew;
    *restart = true;
    return 0;
}

static void forget_pages(struct flashlog *log, uint32_t page, uint32_t n)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < log->n_items; i++) {
        const struct flashlog_item *item = &log->items[i];
        bool apart = item->page + flashlog_pages(item->bytes) <= page || item->page >= page + n;
        if (apart)
            log->items[kept++] = *item;
    }
    log->n_items = kept;
    if (page < BOARD_RUNNER_PAGES)
        log->runner_bytes = 0;
    if (page < BOARD_JOB_PAGE + BOARD_JOB_PAGES && page + n > BOARD_JOB_PAGE)
        log->n_jobs = 0;
}

int flashlog_intend(struct flashlog *log, uint32_t budget, uint16_t page, uint32_t n, struct error *e)
{
    if (n == 0 || page + n > FLASHLOG_PAGES)
        return error_set(e, "pages %u+%u are not in this flash", page, n);
    for (uint32_t p = page; p < page + n; p++)
        if (log->erases[p] >= budget)
            return error_set(e, "page %u was erased %u times: its budget is spent", p, log->erases[p]);
    for (uint32_t p = page; p < page + n; p++)
        log->erases[p]++;
    forget_pages(log, page, n);
    return 0;
}

bool flashlog_worn(const struct flashlog *log, uint32_t budget)
{
    for (uint32_t p = BOARD_LOG_PAGE; p < FLASHLOG_PAGES; p++)
        if (log->erases[p] >= budget)
            return true;
    return false;
}

uint32_t flashlog_worst(const struct flashlog *log)
{
    uint32_t worst = 0;
    for (uint32_t p = BOARD_LOG_PAGE; p < FLASHLOG_PAGES; p++)
        worst = log->erases[p] > worst ? log->erases[p] : worst;
    return worst;
}

void flashlog_suspect(struct flashlog *log, uint16_t page, uint32_t n)
{
    for (uint32_t p = page; p < page + n && p < FLASHLOG_PAGES; p++)
        log->erases[p] += FLASHLOG_BAD_WRITE;
}

void flashlog_add(struct flashlog *log, const uint8_t sha256[SHA256_BYTES], uint32_t bytes, uint16_t page)
{
    flashlog_forget(log, sha256);
    forget_pages(log, page, flashlog_pages(bytes));
    struct flashlog_item *item = &log->items[log->n_items++];
    memset(item, 0, sizeof *item);
    memcpy(item->sha256, sha256, SHA256_BYTES);
    item->bytes = bytes;
    item->page = page;
    item->checked = 1;
}

void flashlog_forget(struct flashlog *log, const uint8_t sha256[SHA256_BYTES])
{
    struct flashlog_item *item = flashlog_find(log, sha256);
    if (item)
        *item = log->items[--log->n_items];
}
