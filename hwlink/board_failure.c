// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Names of the failure classes.
#include "hwlink/board.h"

static const char *const names[BOARD_FAILURE_COUNT] = {"ok", "build", "host", "probe", "flash", "run", "power", "mismatch"};

const char *board_failure_name(enum board_failure f)
{
    return (unsigned)f < BOARD_FAILURE_COUNT ? names[f] : "?";
}
