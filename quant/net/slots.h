// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Which layers share a setting: those whose outputs meet in an addition have one scale and one width.
#ifndef PARE_QUANT_NET_SLOTS_H
#define PARE_QUANT_NET_SLOTS_H

#include "quant/net/net.h"

/* Fills in n_slots and each layer's slot; layers must be numbered already. */
void slots_number(struct net *n);

#endif
