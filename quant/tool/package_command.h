// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// `pare-net package`: the C package of a candidate, without a service.
#ifndef PARE_QUANT_TOOL_PACKAGE_COMMAND_H
#define PARE_QUANT_TOOL_PACKAGE_COMMAND_H

/* argv[0] is "package". Returns the exit status: 0, 1 when it could not be done, 2 on wrong usage. */
int package_command(int argc, char **argv);

#endif
