// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// `pare-vboard run IMAGE`: executes any STM32U5 firmware without a board and tells what it cost.
#ifndef PARE_HWLINK_VBOARD_RUN_H
#define PARE_HWLINK_VBOARD_RUN_H

#define RUN_USAGE                                                                                                        \
    "run IMAGE [--console] [--pty] [--send TEXT | --until TEXT]... [--max-cycles N] [--registers] [--account] [--json] [--supply MV] [--setup-permille N]"

/* --send and --until are steps in the order given: a text is sent when all texts before it have been printed; the end is when the
 * last step is an --until and its text has been printed. --supply (1800 mV) and --setup-permille (a set-up factor, else power.h's by the registers) are for the energy. --account tells the pipeline's cycles apart (slower); without it both parts are 0 and only their sum is right.
 * --pty: the console is also a pseudo-terminal, whose name is told on stderr; a core that would sleep for ever waits for what is typed there.
 * The command, with its own name in argv[0]. Returns an exit code: 0 when the firmware ended (or printed TEXT), 1 when it locked up,
 * exited with an error or met --max-cycles, 2 for usage and unreadable files. */
int run_command(int argc, char **argv);

#endif
