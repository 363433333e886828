// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Runs while pare is built: turns text files into one C file, so that pare-net carries the sources of its
// packages. usage: embed OUT.c FILE... In sources (not in templates, *.in) #include "a/b/c.h" becomes
// #include "c.h": stems are unique, so a package needs no folders.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 4096
#define BYTES_PER_LINE 24

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Takes the folders out of a quoted include, in place. */
static void flatten(char *line)
{
    static const char include[] = "#include \"";
    if (strncmp(line, include, sizeof include - 1))
        return;
    char *path = line + sizeof include - 1;
    const char *base = base_of(path);
    memmove(path, base, strlen(base) + 1);
}

static size_t put(FILE *out, const char *text, size_t n)
{
    for (const char *c = text; *c; c++, n++)
        fprintf(out, "%s%u,", n % BYTES_PER_LINE ? "" : "\n", (unsigned)(unsigned char)*c);
    return n;
}

static int embed(FILE *out, const char *path, int index)
{
    char line[LINE_MAX_BYTES];
    FILE *in = fopen(path, "r");
    if (!in) {
        perror(path);
        return -1;
    }
    size_t n = 0;
    fprintf(out, "static const unsigned char file_%d[] = {", index);
    int is_template = strlen(path) > 3 && !strcmp(path + strlen(path) - 3, ".in");
    while (fgets(line, sizeof line, in)) {
        if (!is_template)
            flatten(line);
        n = put(out, line, n);
    }
    fprintf(out, "0};\n\n");
    return fclose(in);
}

int main(int argc, char **argv)
{
    FILE *out = argc > 2 ? fopen(argv[1], "w") : NULL;
    if (!out) {
        fprintf(stderr, "usage: embed OUT.c FILE...\n");
        return 2;
    }
    fprintf(out, "// Made by quant/tool/embed.c.\n#include \"quant/tool/embedded.h\"\n\n");
    for (int i = 2; i < argc; i++)
        if (embed(out, argv[i], i - 2))
            return 1;
    fprintf(out, "const struct embedded embedded_files[] = {\n");
    for (int i = 2; i < argc; i++)
        fprintf(out, "    {\"%s\", (const char *)file_%d, sizeof file_%d - 1},\n", base_of(argv[i]), i - 2,
                i - 2);
    fprintf(out, "};\nconst int embedded_count = %d;\n", argc - 2);
    return fclose(out) ? 1 : 0;
}
