// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What is in a board's memory: what the log claims is verified, what is missing is written and verified, each erasure intended first.
#include "hwlink/board_moves.h"
#include "hwlink/board_plan.h"
#include "hwlink/board_wire.h"

void board_check_next(struct board_core *c, struct board_todo *t)
{
    struct error e = {""};
    if (!c->runner_checked && !c->runner_wrong) {
        c->check = BOARD_CHECK_RUNNER;
        board_go(c, BOARD_CHECKING);
        board_wire_file(t, board_scale(c), "verify_image", c->path, BOARD_FLASH_ADDRESS, c->runner, c->runner_bytes);
        return;
    }
    if (c->check_only) {
        board_park(c, t);
        return;
    }
    c->check = board_plan_unchecked(c);
    if (c->check >= 0) {
        board_go(c, BOARD_CHECKING);
        struct board_write w = board_plan_need(c, c->check);
        board_wire_file(t, board_scale(c), "verify_image", c->path, w.address, w.data, w.bytes);
        return;
    }
    enum board_failure failure = board_plan_writes(c, &e);
    if (failure != BOARD_OK)
        board_fail(c, t, failure, "%s", e.text);
    else
        board_next_write(c, t);
}

void board_on_checked(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    board_plan_checked(c, ev->code == 0);
    board_check_next(c, t);
}

static void call_write(struct board_core *c, struct board_todo *t)
{
    const struct board_write *w = &c->writes[c->write];
    board_go(c, BOARD_WRITING);
    if (w->what == WRITE_RECORD)
        c->log.n_jobs++; // its slot is spent, whatever comes
    board_wire_file(t, board_scale(c), "flash write_image", c->path, w->address, w->data, w->bytes);
}

void board_next_write(struct board_core *c, struct board_todo *t)
{
    if (c->write == c->n_writes) {
        board_all_written(c, t);
        return;
    }
    const struct board_write *w = &c->writes[c->write];
    struct error e = {""};
    if (w->what == WRITE_SRAM) {
        board_go(c, BOARD_LOADING);
        board_wire_file(t, board_scale(c), "load_image", c->path, w->address, w->data, w->bytes);
    } else if (w->erase_pages == 0) {
        call_write(c, t);
    } else if (flashlog_intend(&c->log, c->file->erase_budget, w->erase_page, w->erase_pages, &e) != 0) {
        board_fail_operator(c, t, BOARD_FAIL_WORN, e.text);
    } else {
        board_go(c, BOARD_ASKING);
        t->kind = BOARD_DO_ASK;
        t->page = w->erase_page;
        t->n = w->erase_pages;
        board_trace(c, "ask: pages %u+%u", t->page, t->n);
    }
}

void board_on_erase_answer(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    const struct board_write *w = &c->writes[c->write];
    if (!ev->ok) {
        board_fail(c, t, BOARD_FAIL_HOST, "the intent to erase pages %u+%u could not be stored", w->erase_page, w->erase_pages);
        return;
    }
    board_go(c, BOARD_ERASING);
    board_wire_call(t, board_scale(c), BOARD_HALT_MS + 50 * w->erase_pages, "flash erase_sector 0 %u %u", w->erase_page,
                    w->erase_page + w->erase_pages - 1);
}

void board_on_erased(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    const struct board_write *w = &c->writes[c->write];
    if (ev->code != 0)
        board_fail(c, t, BOARD_FAIL_FLASH, "pages %u+%u could not be erased", w->erase_page, w->erase_pages);
    else
        call_write(c, t);
}

/* A record's slot that was thought blank was not (the stored log is older than the flash): begin with erased job pages, once. */
static bool record_again(struct board_core *c, struct board_todo *t)
{
    const struct board_write *w = &c->writes[c->write];
    if (w->what != WRITE_RECORD || w->erase_pages > 0)
        return false;
    board_plan_record(c, true);
    board_next_write(c, t);
    return true;
}

/* Pages that were just erased do not take what is written: the next time others are chosen. */
static void suspect_pages(struct board_core *c)
{
    const struct board_write *w = &c->writes[c->write];
    if (w->what == WRITE_ITEM)
        flashlog_suspect(&c->log, w->erase_page, w->erase_pages);
}

void board_on_written(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    const struct board_write *w = &c->writes[c->write];
    if (ev->code == 0) {
        board_go(c, BOARD_VERIFYING);
        board_wire_file(t, board_scale(c), "verify_image", c->path, w->address, NULL, w->bytes);
    } else if (!record_again(c, t)) {
        suspect_pages(c);
        board_fail(c, t, BOARD_FAIL_FLASH, "%u bytes could not be written to 0x%08x", w->bytes, w->address);
    }
}

void board_on_verified(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    const struct board_write *w = &c->writes[c->write];
    if (ev->code == 0) {
        board_plan_written(c);
        c->write++;
        board_next_write(c, t);
        t->log_changed = true;
    } else if (!record_again(c, t)) {
        suspect_pages(c);
        board_fail(c, t, BOARD_FAIL_FLASH, "what stands at 0x%08x is not what was written", w->address);
    }
}
