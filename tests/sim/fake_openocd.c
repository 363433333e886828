// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// An "openocd" for tests: speaks the Tcl pipe protocol over stdin and stdout in front of a fake part that lives in a file.
// Environment: FAKE_PART (file, created blank), FAKE_FAULT ("hang reset halt", ...), FAKE_FAULT_AFTER, FAKE_OUTPUTS (file),
// FAKE_WRONG (outputs differ). The fault happens once per file: "FAKE_PART.fault" remembers.
#include "tests/sim/fake_part.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct fake_part *map_part(const char *path)
{
    int fresh = access(path, F_OK) != 0, fd = open(path, O_RDWR | O_CREAT, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(struct fake_part)) != 0)
        return NULL;
    struct fake_part *p = mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (p == MAP_FAILED)
        return NULL;
    if (fresh)
        fake_part_init(p);
    return p;
}

static void set_up(struct fake_part *p, const char *path)
{
    char marker[512];
    const char *outputs = getenv("FAKE_OUTPUTS"), *fault = getenv("FAKE_FAULT"), *after = getenv("FAKE_FAULT_AFTER");
    FILE *f = outputs ? fopen(outputs, "rb") : NULL;
    if (f && fread(p->outputs, 1, sizeof p->outputs, f) == 0)
        fprintf(stderr, "Error: no outputs\n");
    if (f)
        fclose(f);
    p->wrong_outputs = getenv("FAKE_WRONG") != NULL;
    snprintf(marker, sizeof marker, "%s.fault", path);
    p->fault[0] = '\0';
    if (!fault || access(marker, F_OK) == 0)
        return;
    snprintf(p->fault, sizeof p->fault, "%s", fault);
    p->fault_after = after ? atoi(after) : 0;
}

static void remember_fault(const char *path)
{
    char marker[512];
    snprintf(marker, sizeof marker, "%s.fault", path);
    int fd = open(marker, O_CREAT | O_WRONLY, 0600);
    if (fd >= 0)
        close(fd);
}

static void answer(enum fake_answer code, const char *text)
{
    printf("%d {%s}\x1a", code, text);
    fflush(stdout);
}

int main(void)
{
    static char line[8192], reply[1 << 18];
    const char *path = getenv("FAKE_PART");
    struct fake_part *p = path ? map_part(path) : NULL;
    size_t n = 0;
    int c;
    if (!p) {
        fprintf(stderr, "Error: no fake part\n");
        return 1;
    }
    set_up(p, path);
    while ((c = getchar()) != EOF) {
        if (c != 0x1a) {
            line[n < sizeof line - 1 ? n++ : n] = (char)c;
            continue;
        }
        line[n] = '\0';
        n = 0;
        char *command = strstr(line, "list [catch {"), *end = strstr(line, "} m] $m");
        if (strcmp(line, "shutdown") == 0)
            return 0;
        if (!command || !end)
            continue;
        *end = '\0';
        enum fake_answer code = fake_part_command(p, command + strlen("list [catch {"), reply, sizeof reply);
        if (code == FAKE_HANG || code == FAKE_DIE)
            remember_fault(path);
        if (code == FAKE_DIE) {
            fprintf(stderr, "Error: the fake dies\n");
            return 1;
        }
        if (code == FAKE_HANG) {
            signal(SIGTERM, SIG_IGN); // as the real one while a command runs
            for (;;)
                pause();
        }
        answer(code, reply);
    }
    return 0;
}
