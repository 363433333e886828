// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Until a board can be spoken to: OpenOCD, the halted core, the right part; and the ladder that is climbed when it cannot.
#include "hwlink/board_moves.h"
#include "hwlink/board_wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INIT_MS 10000u
#define POWER_MS 10000u
#define POWER_REST_MS 200u
#define IDCODE_ADDRESS 0xe0044000u // DBGMCU_IDCODE
#define OPTIONS_ADDRESS 0x40022040u // FLASH_OPTR
#define OPTIONS_TZEN (1u << 31)
#define RDP_LEVEL_0 0xaau

static const char *const rung_names[BOARD_RUNG_COUNT] = {"at once", "reopened", "connected under reset", "USB port cycled",
                                                         "power cycled", "by a person"};

const char *board_rung_name(enum board_rung r)
{
    return (unsigned)r < BOARD_RUNG_COUNT ? rung_names[r] : "?";
}

void board_start(struct board_core *c, struct board_todo *t)
{
    board_go(c, BOARD_STARTING);
    c->starts++;
    c->connected = true;
    c->inspected = false;
    board_wire_call(t, board_scale(c), INIT_MS, "init; poll off");
    t->kind = BOARD_DO_START;
    t->under_reset = (c->rung == BOARD_RUNG_UNDER_RESET || c->fresh) && !c->energy_phase;
}

void board_pick_up(struct board_core *c, struct board_todo *t)
{
    c->starts = 0;
    board_start(c, t);
}

void board_call_halt(struct board_core *c, struct board_todo *t)
{
    board_go(c, BOARD_HALTING);
    board_wire_call(t, board_scale(c), BOARD_HALT_MS, "reset halt");
}

/* OpenOCD runs but is of no use: it goes, and board_no_connection follows. */
static void give_up_start(struct board_core *c, struct board_todo *t)
{
    board_go(c, BOARD_STARTING);
    t->kind = BOARD_DO_STOP;
}

void board_on_started(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    if (ev->code != 0) {
        t->kind = BOARD_DO_STOP; // its reasons come with BOARD_EV_GONE, which tries again
        return;
    }
    if (!c->energy_phase) {
        board_call_halt(c, t);
        return;
    }
    board_go(c, BOARD_RUNNING); // attached without reset: pick up what the runner did by itself
    board_look_again(c, t);
}

/* --- the part --- */

void board_on_halted(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    if (ev->code != 0 && c->energy_phase) {
        board_fail(c, t, BOARD_FAIL_PROBE, "the core could not be reset and halted");
    } else if (ev->code != 0) {
        give_up_start(c, t);
    } else if (c->inspected) {
        board_connected(c, t);
    } else {
        board_go(c, BOARD_INSPECTING);
        board_wire_call(t, board_scale(c), BOARD_HALT_MS, "list [read_memory 0x%08x 32 1] [read_memory 0x%08x 32 1]",
                        IDCODE_ADDRESS, OPTIONS_ADDRESS);
    }
}

static bool is_known(uint32_t idcode)
{
    static const uint32_t known[] = {0x482, 0x481, 0x455, 0x476}; // U575 and U585, U595 and U5A5, U535 and U545, U5F and U5G
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if ((idcode & 0xfff) == known[i])
            return true;
    return false;
}

/* Why nothing may be done on this part; NULL if all is well. */
static const char *objection(uint32_t idcode, uint32_t options)
{
    if (!is_known(idcode))
        return "the part is no STM32U5";
    if (options & OPTIONS_TZEN)
        return "TrustZone is on (option bit TZEN): only its operator may end that, because everything in flash is lost then";
    if ((options & 0xff) != RDP_LEVEL_0)
        return "the flash is protected against readout (option byte RDP): only its operator may end that, because everything in "
               "flash is lost then";
    return NULL;
}

void board_on_inspected(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    uint32_t words[2];
    if (ev->code != 0 || board_wire_words(ev->text, words, 2) != 0) {
        give_up_start(c, t);
        return;
    }
    const char *text = objection(words[0], words[1]);
    if (text) {
        board_fail_operator(c, t, BOARD_FAIL_PROBE, text);
        return;
    }
    c->inspected = true;
    c->result.recovered = c->rung;
    if (c->rung != BOARD_RUNG_NONE)
        board_trace(c, "recovered: %s", board_rung_name(c->rung));
    board_connected(c, t);
}

/* --- the ladder --- */

static bool has_rung(const struct board_core *c, enum board_rung r)
{
    if (r == BOARD_RUNG_PORT_CYCLE)
        return c->file->usb_location[0] && !c->foreign_port;
    if (r == BOARD_RUNG_POWER_CYCLE) {
        const struct meter_kind_actions *meter = meter_actions(c->file->meter);
        return meter && meter->cycle;
    }
    return true;
}

static void climb(struct board_core *c)
{
    do
        c->rung++;
    while (!has_rung(c, c->rung));
    size_t n = strlen(c->tried);
    if (c->rung != BOARD_RUNG_OPERATOR)
        snprintf(c->tried + n, sizeof c->tried - n, "%s%s", n ? ", " : "", board_rung_name(c->rung));
}

static void switch_port(struct board_core *c, struct board_todo *t, bool on)
{
    board_go(c, BOARD_CYCLING);
    c->port_is_off = !on;
    t->kind = BOARD_DO_PORT;
    t->on = on;
}

static void rest(struct board_core *c, struct board_todo *t, uint64_t ms)
{
    board_go(c, BOARD_PAUSING);
    t->kind = BOARD_DO_WAIT;
    t->ms = ms;
}

static void power_cycle(struct board_core *c, struct board_todo *t)
{
    board_go(c, BOARD_CYCLING);
    t->kind = BOARD_DO_POWER;
    t->ms = (uint64_t)(POWER_MS * board_scale(c));
}

void board_freshen(struct board_core *c, struct board_todo *t)
{
    c->wary = false;
    c->fresh = true;
    board_trace(c, "suspect: a fresh start");
    if (has_rung(c, BOARD_RUNG_POWER_CYCLE))
        power_cycle(c, t);
    else
        board_start(c, t);
}

static void act(struct board_core *c, const char *text, struct board_todo *t)
{
    switch (c->rung) {
    case BOARD_RUNG_PORT_CYCLE:
        switch_port(c, t, false);
        break;
    case BOARD_RUNG_POWER_CYCLE:
        power_cycle(c, t);
        break;
    case BOARD_RUNG_OPERATOR:
        board_fail(c, t, BOARD_FAIL_PROBE, "no connection to the board (tried: %s): %.300s", c->tried, text);
        break;
    default:
        rest(c, t, c->rung == BOARD_RUNG_REOPEN ? BOARD_START_REST_MS : 4 * BOARD_START_REST_MS);
        break;
    }
    board_trace(c, "ladder: %s (%.200s)", board_rung_name(c->rung), text);
}

void board_no_connection(struct board_core *c, const char *text, struct board_todo *t)
{
    if (!c->energy_phase) {
        climb(c);
        act(c, text, t);
    } else if (c->starts < BOARD_STARTS_MAX) {
        rest(c, t, c->starts == 1 ? BOARD_START_REST_MS : 4 * BOARD_START_REST_MS);
    } else {
        board_fail(c, t, BOARD_FAIL_PROBE, "no connection to the board in %d tries: %s", c->starts, text);
    }
}

/* Another probe is where this one should be, or nothing is: OpenOCD was not started. */
void board_on_wrong_probe(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    c->connected = false;
    c->foreign_port = !ev->ok;
    board_no_connection(c, ev->text, t);
}

void board_on_switched(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    bool port = c->rung == BOARD_RUNG_PORT_CYCLE;
    if (!ev->ok && c->rung == BOARD_RUNG_NONE) {
        board_start(c, t); // a fresh start without a power cycle
        return;
    }
    if (!ev->ok) {
        board_no_connection(c, ev->text, t);
        return;
    }
    t->kind = BOARD_DO_WAIT;
    t->ms = !port ? POWER_REST_MS : c->port_is_off ? BOARD_PORT_OFF_MS : BOARD_PORT_BACK_MS;
}

void board_on_cycle_time(struct board_core *c, struct board_todo *t)
{
    if (c->rung == BOARD_RUNG_PORT_CYCLE && c->port_is_off)
        switch_port(c, t, true);
    else
        board_start(c, t);
}
