// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Needs, addresses and writes of one measurement.
#include "hwlink/board_plan.h"

#include "hwlink/board_wire.h"

#include <string.h>

static uint32_t page_address(uint32_t page)
{
    return BOARD_FLASH_ADDRESS + page * BOARD_PAGE_BYTES;
}

static uint32_t aligned(uint32_t n)
{
    return (n + IMAGE_ALIGN - 1) / IMAGE_ALIGN * IMAGE_ALIGN;
}

void board_plan_needs(struct board_core *c)
{
    const struct image_file *f = c->image.file;
    memset(c->needs, 0, sizeof c->needs);
    for (uint32_t k = 0; k < f->n_blobs; k++) {
        memcpy(c->needs[k].sha256, c->image.blobs[k].sha256, SHA256_BYTES);
        c->needs[k].bytes = c->image.blobs[k].bytes;
    }
    memcpy(c->needs[f->n_blobs].sha256, f->inputs_sha256, SHA256_BYTES);
    c->needs[f->n_blobs].bytes = f->inputs_bytes;
    c->needs[f->n_blobs + 1].bytes = f->program_bytes; // its digest follows from its addresses
    c->n_needs = (int)f->n_blobs + 2;
}

static const void *need_data(const struct board_core *c, int i)
{
    const struct image_file *f = c->image.file;
    if (i < (int)f->n_blobs)
        return c->image.data + c->image.blobs[i].offset;
    return i == (int)f->n_blobs ? (const void *)c->image.inputs : (const void *)c->image.program;
}

/* Gives the program the addresses of its blobs, and its need the digest that follows. */
static void address_program(struct board_core *c, const uint32_t *addresses)
{
    struct flashlog_need *program = &c->needs[c->n_needs - 1];
    for (uint32_t k = 0; k < c->image.file->n_blobs; k++)
        board_image_patch(&c->image, k, addresses[k]);
    sha256_of(c->image.program, c->image.file->program_bytes, program->sha256);
}

int board_plan_unchecked(struct board_core *c)
{
    if (c->job.placement != BOARD_IN_FLASH)
        return -1;
    uint32_t addresses[IMAGE_BLOBS_MAX + 1];
    int others = c->n_needs - 1;
    bool all = true;
    for (int i = 0; i < others; i++) {
        const struct flashlog_item *item = flashlog_find(&c->log, c->needs[i].sha256);
        if (item && !item->checked)
            return i;
        all = all && item;
        addresses[i] = item ? flashlog_address(item) : 0;
    }
    if (!all)
        return -1;
    address_program(c, addresses);
    const struct flashlog_item *item = flashlog_find(&c->log, c->needs[others].sha256);
    return item && !item->checked ? others : -1;
}

struct board_write board_plan_need(struct board_core *c, int i)
{
    const struct flashlog_item *item = flashlog_find(&c->log, c->needs[i].sha256);
    return (struct board_write){.what = WRITE_ITEM,
                                .address = item ? flashlog_address(item) : 0,
                                .data = need_data(c, i),
                                .bytes = c->needs[i].bytes,
                                .sha256 = c->needs[i].sha256};
}

static void runner_is_there(struct board_core *c)
{
    c->runner_wrong = false;
    c->runner_checked = true;
    c->log.runner_bytes = c->runner_bytes;
    memcpy(c->log.runner_sha256, c->runner_sha256, SHA256_BYTES);
}

void board_plan_checked(struct board_core *c, bool right)
{
    if (c->check == BOARD_CHECK_RUNNER) {
        c->runner_wrong = !right;
        if (right)
            runner_is_there(c);
        return;
    }
    struct flashlog_item *item = flashlog_find(&c->log, c->needs[c->check].sha256);
    if (item && right)
        item->checked = 1;
    else if (item)
        flashlog_forget(&c->log, item->sha256);
}

static void add_write(struct board_core *c, struct board_write w)
{
    c->writes[c->n_writes++] = w;
    c->result.bytes_written += w.bytes;
    if (w.what == WRITE_SRAM)
        return;
    c->result.pages_written += w.erase_pages;
    c->result.items_written += w.what == WRITE_ITEM;
}

static void plan_sram(struct board_core *c)
{
    uint32_t base = BOARD_ARENA_ADDRESS + aligned(c->image.program->arena_bytes), at = 0;
    uint32_t addresses[IMAGE_BLOBS_MAX + 2];
    for (int i = 0; i < c->n_needs; i++) {
        addresses[i] = base + at;
        at += aligned(c->needs[i].bytes);
    }
    address_program(c, addresses);
    memset(c->sram, 0, c->sram_bytes);
    for (int i = 0; i < c->n_needs; i++)
        memcpy(c->sram + (addresses[i] - base), need_data(c, i), c->needs[i].bytes);
    c->inputs_address = addresses[c->n_needs - 2];
    c->program_address = addresses[c->n_needs - 1];
    add_write(c, (struct board_write){.what = WRITE_SRAM, .address = base, .data = c->sram, .bytes = c->sram_bytes});
}

uint32_t board_core_sram_bytes(const struct board_core *c)
{
    uint32_t n = 0;
    if (c->job.placement != BOARD_IN_SRAM)
        return 0;
    for (int i = 0; i < c->n_needs; i++)
        n += aligned(c->needs[i].bytes);
    return n;
}

/* The program's place is planned before its digest is known; if it turns out to stand in the log, that is its place. */
static int plan_flash(struct board_core *c, struct error *e)
{
    struct flashlog_need *program = &c->needs[c->n_needs - 1];
    struct flashlog_item *known = flashlog_find(&c->log, program->sha256); // set by board_plan_unchecked if all is there
    uint32_t addresses[IMAGE_BLOBS_MAX + 1];
    if (!known)
        sha256_of(c->image.sha256, SHA256_BYTES, program->sha256); // stands for the one to come
    if (flashlog_plan(&c->log, c->file->erase_budget, c->needs, c->n_needs, &c->result.log_restarted, e) != 0)
        return -1;
    for (int i = 0; i < c->n_needs - 1; i++)
        addresses[i] = page_address(c->needs[i].page);
    address_program(c, addresses);
    struct flashlog_item *item = flashlog_find(&c->log, program->sha256);
    if (item) {
        program->page = item->page;
        program->write = false;
    }
    c->inputs_address = addresses[c->n_needs - 2];
    c->program_address = page_address(program->page);
    for (int i = 0; i < c->n_needs; i++)
        if (c->needs[i].write)
            add_write(c, (struct board_write){.what = WRITE_ITEM,
                                              .address = page_address(c->needs[i].page),
                                              .data = need_data(c, i),
                                              .bytes = c->needs[i].bytes,
                                              .erase_page = c->needs[i].page,
                                              .erase_pages = flashlog_pages(c->needs[i].bytes),
                                              .sha256 = c->needs[i].sha256});
    return 0;
}

static enum board_failure fits(const struct board_core *c, struct error *e)
{
    uint32_t arena = aligned(c->image.program->arena_bytes), pages = 0;
    if (c->job.placement == BOARD_IN_SRAM) {
        if (arena + c->sram_bytes <= BOARD_ARENA_BYTES)
            return BOARD_OK;
        error_set(e, "%u bytes of arena and %u of image do not fit %u bytes of SRAM", arena, c->sram_bytes,
                  BOARD_ARENA_BYTES);
        return BOARD_FAIL_BUILD;
    }
    for (int i = 0; i < c->n_needs; i++)
        pages += flashlog_pages(c->needs[i].bytes);
    if (pages <= BOARD_LOG_PAGES)
        return BOARD_OK;
    error_set(e, "the image takes %u pages, the log has %u", pages, BOARD_LOG_PAGES);
    return BOARD_FAIL_BUILD;
}

enum board_failure board_plan_writes(struct board_core *c, struct error *e)
{
    enum board_failure failure = fits(c, e);
    if (failure != BOARD_OK)
        return failure;
    c->n_writes = c->write = 0;
    if (!c->runner_checked) {
        c->result.runner_written = true;
        add_write(c, (struct board_write){.what = WRITE_RUNNER,
                                          .address = BOARD_FLASH_ADDRESS,
                                          .data = c->runner,
                                          .bytes = c->runner_bytes,
                                          .erase_page = 0,
                                          .erase_pages = flashlog_pages(c->runner_bytes)});
    }
    if (c->job.placement == BOARD_IN_SRAM)
        plan_sram(c);
    else if (plan_flash(c, e) != 0)
        return flashlog_worn(&c->log, c->file->erase_budget) ? BOARD_FAIL_WORN : BOARD_FAIL_FLASH;
    return BOARD_OK;
}

void board_plan_job(struct board_core *c, uint32_t repeats)
{
    c->record = (struct mailbox_job){
        .magic = MAILBOX_MAGIC,
        .version = MAILBOX_VERSION,
        .sequence = ++c->log.sequence,
        .program_address = c->program_address,
        .inputs_address = c->inputs_address,
        .n_samples = c->image.file->n_samples,
        .outputs_address = MAILBOX_OUTPUTS_ADDRESS,
        .outputs_bytes = c->image.file->expected_bytes,
        .arena_address = BOARD_ARENA_ADDRESS,
        .arena_bytes = c->image.program->arena_bytes,
        .repeats = repeats,
    };
    board_wire_seal(&c->record);
}

void board_plan_record(struct board_core *c, bool erase)
{
    erase = erase || c->log.n_jobs >= FLASHLOG_JOBS_MAX;
    board_plan_job(c, c->result.repeats);
    c->n_writes = c->write = 0;
    add_write(c, (struct board_write){
                     .what = WRITE_RECORD,
                     .address = page_address(BOARD_JOB_PAGE) + (erase ? 0 : c->log.n_jobs * (uint32_t)sizeof c->record),
                     .data = &c->record,
                     .bytes = sizeof c->record,
                     .erase_page = BOARD_JOB_PAGE,
                     .erase_pages = erase ? BOARD_JOB_PAGES : 0});
}

void board_plan_written(struct board_core *c)
{
    const struct board_write *w = &c->writes[c->write];
    if (w->what == WRITE_RUNNER)
        runner_is_there(c);
    else if (w->what == WRITE_ITEM)
        flashlog_add(&c->log, w->sha256, w->bytes, w->erase_page);
}

void board_plan_distrust(struct board_core *c)
{
    c->runner_checked = false;
    for (uint32_t i = 0; i < c->log.n_items; i++)
        c->log.items[i].checked = 0;
}
