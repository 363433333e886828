// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Command-line options that say how stored samples become the network's input.
#ifndef PARE_QUANT_TOOL_INPUT_OPTION_H
#define PARE_QUANT_TOOL_INPUT_OPTION_H

#include "quant/net/data.h"

#define INPUT_OPTION_HELP                                                                                    \
    "  --input-scale S     x * S, then\n"                                                                    \
    "  --input-mean A,B,C  minus the mean of each channel (or one for all), then\n"                          \
    "  --input-std A,B,C   divided by the deviation of each channel (or one for all)\n"                      \
    "  --input-layout L    nhwc (default) or nchw: order of the samples in the files\n"

/* Takes option `name` ("scale", "mean", "std", "layout") with its value. Returns 0, 1 when it is no such
 * option, or -1 with the reason. */
int input_option(struct data_transform *t, const char *name, const char *value, struct error *e);

#endif
