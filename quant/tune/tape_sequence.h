// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The way back through what goes along a sequence. Private to tape_ops.c.
#ifndef PARE_QUANT_TUNE_TAPE_SEQUENCE_H
#define PARE_QUANT_TUNE_TAPE_SEQUENCE_H

#include "quant/tune/tape_ops.h"

void tape_back_rmsnorm(const struct tape_op *t);

/* Computes the states once more, channel by channel, and keeps those of one channel: floats of scratch. */
size_t tape_scan_scratch(const struct net *n, const struct net_op *op);
void tape_back_scan(const struct tape_op *t);

#endif
