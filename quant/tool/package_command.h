// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// `pare-net package` and `pare-net image`: what is made of a candidate, without a service.
#ifndef PARE_QUANT_TOOL_PACKAGE_COMMAND_H
#define PARE_QUANT_TOOL_PACKAGE_COMMAND_H

/* The C package, and the image file that boards are given. argv[0] is the command's name. Both return the
 * exit status: 0, 1 when it could not be done, 2 on wrong usage. */
int package_command(int argc, char **argv);
int image_command(int argc, char **argv);

#endif
