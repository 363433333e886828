// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What a network consists of, for people and as JSON: `pare-net inspect FILE [--json]`.
#ifndef PARE_QUANT_TOOL_INSPECT_H
#define PARE_QUANT_TOOL_INSPECT_H

#include "quant/net/net.h"

#include <cjson/cJSON.h>

int inspect_command(int argc, char **argv);

/* An object that the caller deletes, or NULL out of memory:
 * {"input": [h, w, c], "output": [h, w, c], "softmax", "layers", "slots", "parameters", "macs",
 *  "ops": [{"name", "kind", "output": [h, w, c], "kernel": [h, w], "stride": [h, w], "groups",
 *           "activation": [low, high] (null: unbounded), "layer", "slot" (-1 without weights), "parameters", "macs"}]} */
cJSON *inspect_json(const struct net *n);

#endif
