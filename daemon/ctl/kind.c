// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The table of kinds; codes mirror the exit codes.
#include "daemon/ctl/kind.h"

#include <assert.h>
#include <string.h>

static const struct {
    const char *name;
    int code, exit_code;
} kinds[KIND_COUNT] = {
    [KIND_NONE] = {"none", 0, 0},
    [KIND_FAILED] = {"failed", -32001, 1},
    [KIND_INVALID] = {"invalid", -32602, 2},
    [KIND_NOT_FOUND] = {"not_found", -32004, 4},
    [KIND_DENIED] = {"denied", -32005, 5},
    [KIND_CONFLICT] = {"conflict", -32007, 7},
    [KIND_BUSY] = {"busy", -32017, 7},
    [KIND_HARDWARE] = {"hardware", -32008, 8},
    [KIND_VERSION] = {"version", -32009, 9},
};

const char *kind_name(enum kind kind)
{
    assert(kind >= 0 && kind < KIND_COUNT);
    return kinds[kind].name;
}

enum kind kind_from_name(const char *name)
{
    for (int k = KIND_FAILED; name && k < KIND_COUNT; k++)
        if (strcmp(kinds[k].name, name) == 0)
            return (enum kind)k;
    return KIND_FAILED;
}

int kind_code(enum kind kind)
{
    assert(kind > KIND_NONE && kind < KIND_COUNT);
    return kinds[kind].code;
}

int kind_exit(enum kind kind)
{
    assert(kind >= 0 && kind < KIND_COUNT);
    return kinds[kind].exit_code;
}
