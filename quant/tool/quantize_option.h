// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Command-line options that say how a network is quantized, alike for all commands that do it.
#ifndef PARE_QUANT_TOOL_QUANTIZE_OPTION_H
#define PARE_QUANT_TOOL_QUANTIZE_OPTION_H

#include "quant/tool/session.h"

#define QUANTIZE_OPTION_HELP                                                                                           \
    "  --clipping C        of activations: mse (default), minmax, percentile or aciq\n"                                \
    "  --per-tensor        one scale for all weights of a layer\n"                                                     \
    "  --equalize          cross-layer equalization first\n"                                                           \
    "  --state-bits N      of the states of scans: 32 (default) or 16\n"                                                \
    "  --tuned FILE        what `pare-net tune` made of this network and candidate\n"

/* For getopt_long; `letter` is what it returns. */
#define QUANTIZE_OPTIONS(letter)                                                                                       \
    {"clipping", required_argument, NULL, letter}, {"per-tensor", no_argument, NULL, letter},                          \
        {"equalize", no_argument, NULL, letter}, {"tuned", required_argument, NULL, letter},                        \
        {"state-bits", required_argument, NULL, letter}

/* Takes one of them. Returns 0, or -1 with the reason. */
int quantize_option(struct session_params *p, const char *name, const char *value, struct error *e);

#endif
