// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// STLINK-V3PWR: the language of the LPM01A on a port of its own. The window pin is wired to TGI; the end is not marked. Source:
// STMicroelectronics, x-cube-n6-ai-power-measurement, Utilities/pwr_scripts/stlinkpwr_cmd.py and wrapper.py.
#include "hwlink/meter_shield.h"

static const struct shield_step record_steps[] = {
    {SHIELD_SETTLE, "stop"},     {SHIELD_OPTIONAL, "power_monitor"}, {SHIELD_ACK, "htc"},     {SHIELD_NAME, "powershield"},
    {SHIELD_ACK, "volt %um"},    {SHIELD_ACK, "format bin_hex"},     {SHIELD_ACK, "freq %u"}, {SHIELD_ACK, "acqtime 0"},
    {SHIELD_ACK, "acqmode dyn"}, {SHIELD_ACK, "funcmode optim"},     {SHIELD_ACK, "output current"}, {SHIELD_ACK, "trigsrc hw"},
    {SHIELD_ACK, "pwr off"},     {SHIELD_ACK, "start"},              {SHIELD_ACK, "pwr on"},
};
static const struct shield_step cycle_steps[] = {{SHIELD_SETTLE, "stop"}, {SHIELD_OPTIONAL, "power_monitor"}, {SHIELD_ACK, "htc"},
                                                 {SHIELD_ACK, "pwr off"}, {SHIELD_SETTLE, NULL},              {SHIELD_ACK, "pwr on"}};

static const struct shield_dialect dialect = {"STLINK-V3PWR",
                                              115200, // a virtual port: any will do
                                              "\r\n",
                                              record_steps,
                                              cycle_steps,
                                              sizeof record_steps / sizeof *record_steps,
                                              sizeof cycle_steps / sizeof *cycle_steps,
                                              lpm01a_stream_take,
                                              true};

static struct meter *v3pwr_open(uv_loop_t *loop, const struct board_file *file, struct error *e)
{
    return shield_open(loop, file, &dialect, e);
}

const struct meter_kind_actions meter_v3pwr = {"stlink-v3pwr", v3pwr_open, shield_record, shield_cycle, shield_close};
