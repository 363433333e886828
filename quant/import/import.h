// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A trained network from the file that a framework wrote: what can be taken is in docs/networks.md.
#ifndef PARE_QUANT_IMPORT_IMPORT_H
#define PARE_QUANT_IMPORT_IMPORT_H

#include "base/error.h"
#include "quant/net/net.h"

#include <stddef.h>

#define IMPORT_FILE_MAX (512u << 20) // bytes; NET_WEIGHTS_MAX floats are half of that

/* Reads the network in `path` into `n`, sealed; the caller ends it with net_finish. The format is told by the contents. Returns 0, or -1
 * with one line that names the file, the node, its operator and what is not supported; `n` is then empty. Hostile files cost a
 * bounded amount of time and memory, nothing else. */
int import_network(const char *path, struct net *n, struct error *e);

/* The same from memory. */
int import_bytes(const char *bytes, size_t size, struct net *n, struct error *e);

#endif
