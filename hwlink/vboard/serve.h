// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// `pare-vboard serve`: boards that OpenOCD and a meter's driver can be pointed at.
#ifndef PARE_HWLINK_VBOARD_SERVE_H
#define PARE_HWLINK_VBOARD_SERVE_H

/* The command with its own arguments (argv[0] is "serve"). Returns the exit status. */
int serve_main(int argc, char **argv);

#endif
