// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// pare-net: networks without a service. Each command is a function of its own arguments, argv[0] its name, and returns the
// program's exit status: 0 done, 1 failed with one line on stderr, 2 used wrongly.
#include "quant/tool/evaluate.h"
#include "quant/tool/inspect.h"
#include "quant/tool/package_command.h"
#include "quant/tool/tune_command.h"
#include "quant/tool/work.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"inspect", inspect_command, "layers, shapes, slots, multiplications and parameters of a network"},
    {"evaluate", evaluate_command, "accuracy on labelled data, in float32 or as a candidate's integers"},
    {"tune", tune_command, "trains a candidate's weights and scales with the float network as teacher"},
    {"image", image_command, "the image file of a candidate, as boards are given it"},
    {"package", package_command, "the C package of a candidate"},
    {"work", work_command, "answers requests of pared on its input, a line of JSON each"},
};

#define N_COMMANDS (sizeof commands / sizeof *commands)

static int usage(FILE *to, int status)
{
    fprintf(to, "usage: pare-net COMMAND ...   (pare-net COMMAND --help)\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
    return status;
}

int main(int argc, char **argv)
{
    if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
        return usage(stdout, 0);
    for (size_t i = 0; argc > 1 && i < N_COMMANDS; i++)
        if (!strcmp(commands[i].name, argv[1]))
            return commands[i].run(argc - 1, argv + 1);
    if (argc > 1)
        fprintf(stderr, "pare-net: no command '%s'\n", argv[1]);
    return usage(stderr, 2);
}
