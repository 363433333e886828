// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Fills in a manual page's source: a line "@verbs@", "@options@" or "@methods@" becomes that section of the table.
#include "daemon/ctl/help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void section(const char *line, struct buffer *out)
{
    if (strcmp(line, "@verbs@\n") == 0)
        help_manual_verbs(out);
    else if (strcmp(line, "@options@\n") == 0)
        help_manual_options(out);
    else if (strcmp(line, "@methods@\n") == 0)
        help_manual_methods(out);
    else
        buffer_append(out, line, strlen(line));
}

int main(int argc, char **argv)
{
    FILE *source = argc == 2 ? fopen(argv[1], "r") : NULL;
    struct buffer out;
    char line[4096];
    if (!source) {
        fprintf(stderr, "usage: pare-manual FILE.scd\n");
        return EXIT_FAILURE;
    }
    buffer_init(&out, TEXT_LIMIT);
    while (fgets(line, sizeof line, source))
        section(line, &out);
    fclose(source);
    bool good = fwrite(out.data, out.size, 1, stdout) == 1 && fflush(stdout) == 0;
    buffer_finish(&out);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
