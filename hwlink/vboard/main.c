// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// pare-vboard: virtual STM32U585 boards.
#include "base/log.h"
#include "hwlink/vboard/run.h"
#include "hwlink/vboard/serve.h"

#include <stdio.h>
#include <string.h>

struct command {
    const char *name;
    const char *usage;
    int (*run)(int argc, char **argv); // argv[0] is the command's name; returns an exit code
};

static const struct command commands[] = {
    {"run", RUN_USAGE, run_command},
    {"serve", "serve [options]; serve --help tells them", serve_main},
};

#define N_COMMANDS (sizeof commands / sizeof *commands)

static int usage(FILE *to)
{
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(to, "%s pare-vboard %s\n", i ? "      " : "usage:", commands[i].usage);
    return to == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
    log_configure(LOG_LEVEL_INFO, 0);
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return usage(stdout);
    for (size_t i = 0; argc > 1 && i < N_COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return usage(stderr);
}
