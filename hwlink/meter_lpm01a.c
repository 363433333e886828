// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// X-NUCLEO-LPM01A (UM2269), in its two formats. The window pin is wired to D7; the falling edge is marked where the firmware can.
#include "hwlink/meter_shield.h"

#define ASCII_HZ_MAX 5000u // faster than that it sends for a second at most

/* clang-format off */
#define SETTINGS(format)                                                                                         \
    {SHIELD_SETTLE, "stop"}, {SHIELD_ACK, "htc"}, {SHIELD_OPTIONAL, "version"}, {SHIELD_ACK, "volt %um"},        \
    {SHIELD_ACK, format}, {SHIELD_ACK, "freq %u"}, {SHIELD_ACK, "acqtime 0"}, {SHIELD_ACK, "acqmode dyn"},       \
    {SHIELD_ACK, "funcmode optim"}, {SHIELD_ACK, "output current"}, {SHIELD_ACK, "trigsrc d7"},                  \
    {SHIELD_OPTIONAL, "eventsrc d7 fal"}, {SHIELD_ACK, "pwr off"}, {SHIELD_ACK, "start"}, {SHIELD_ACK, "pwr on"}
/* clang-format on */

static const struct shield_step binary_steps[] = {SETTINGS("format bin_hexa")};
static const struct shield_step ascii_steps[] = {SETTINGS("format ascii_dec")};
static const struct shield_step cycle_steps[] = {
    {SHIELD_SETTLE, "stop"}, {SHIELD_ACK, "htc"}, {SHIELD_ACK, "pwr off"}, {SHIELD_SETTLE, NULL}, {SHIELD_ACK, "pwr on"}};

#define N(steps) (sizeof(steps) / sizeof *(steps))

static const struct shield_dialect binary = {"X-NUCLEO-LPM01A", 3686400,        "\n",          binary_steps,
                                             cycle_steps,       N(binary_steps), N(cycle_steps), lpm01a_stream_take,
                                             false};
static const struct shield_dialect ascii = {"X-NUCLEO-LPM01A", 3686400,       "\n",          ascii_steps,
                                            cycle_steps,       N(ascii_steps), N(cycle_steps), lpm01a_ascii_take,
                                            false};

static struct meter *open_binary(uv_loop_t *loop, const struct board_file *file, struct error *e)
{
    return shield_open(loop, file, &binary, e);
}

static struct meter *open_ascii(uv_loop_t *loop, const struct board_file *file, struct error *e)
{
    if (file->meter_hz <= ASCII_HZ_MAX)
        return shield_open(loop, file, &ascii, e);
    error_set(e, "meter: lpm01a-ascii sends at most %u samples a second (\"hz\" is %u)", ASCII_HZ_MAX, file->meter_hz);
    return NULL;
}

const struct meter_kind_actions meter_lpm01a = {"lpm01a", open_binary, shield_record, shield_cycle, shield_close};
const struct meter_kind_actions meter_lpm01a_ascii = {"lpm01a-ascii", open_ascii, shield_record, shield_cycle, shield_close};
