// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// `pare-net work`: answers requests, one a line, until its input ends (docs/worker.md).
#ifndef PARE_QUANT_TOOL_WORK_H
#define PARE_QUANT_TOOL_WORK_H

/* Serves stdin and stdout until the input ends; the process ends with its parent. argv[0] is "work". */
int work_command(int argc, char **argv);

/* Reads requests from descriptor `in`, writes answers to `out`. Returns the program's exit status: 0 at the
 * end of input, 1 when input or output broke. */
int work_run(int in, int out);

#endif
