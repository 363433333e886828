// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tool/quantize_option.h"

#include <stdio.h>
#include <string.h>

int quantize_option(struct session_params *p, const char *name, const char *value, struct error *e)
{
    if (!strcmp(name, "per-tensor")) {
        p->quantize.per_tensor = true;
    } else if (!strcmp(name, "equalize")) {
        p->equalize = true;
    } else if (!strcmp(name, "state-bits")) {
        p->quantize.state_bits = !strcmp(value, "16") ? 16 : !strcmp(value, "32") ? 32 : 0;
        if (!p->quantize.state_bits)
            return error_set(e, "--state-bits %s: 16 or 32 is wanted", value);
    } else if (!strcmp(name, "tuned")) {
        if ((size_t)snprintf(p->tuned, PATH_MAX, "%s", value) >= PATH_MAX)
            return error_set(e, "--tuned: the path is too long");
    } else {
        p->quantize.clipping = clipping_of(value);
        if (p->quantize.clipping == CLIPPING_NONE)
            return error_set(e, "--clipping %s: mse, minmax, percentile or aciq is wanted", value);
    }
    return 0;
}
