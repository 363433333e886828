// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Breaks virtual boards while a study runs: reads pared's events from standard input, and at moments that a seed chooses orders a fault of
// one board. What does not mend by itself is mended after a while, as by an operator: "release SERIAL" is printed for the shell. After RESULTS
// results everything is mended.
// usage: saboteur CONTROL_SOCKET SEED RESULTS_PER_FAULT RESULTS SERIAL...; saboteur CONTROL_SOCKET order SERIAL MEMBERS: one order
#include "base/rng.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BOARDS_MAX 16
#define AFTER_MAX 3000 // debug accesses
#define STAYS 6        // results until an operator comes
#define OTHER_PORTS 16 // a board that moves goes that many ports further

struct trick {
    const char *members; // of an order
    bool stays;          // until an operator comes
};

static const struct trick tricks[] = {
    {"\"fault\":\"brown-out\"", false},
    {"\"fault\":\"stuck-core\",\"till\":\"reset\"", false},
    {"\"fault\":\"stuck-core\",\"till\":\"powered\"", false},
    {"\"fault\":\"ap-error\"", false},
    {"\"fault\":\"ap-error\",\"count\":2", false},
    {"\"fault\":\"wait\"", false},
    {"\"fault\":\"flash-bits\",\"count\":2", false},
    {"\"fault\":\"flash-rot\",\"first\":16,\"last\":255,\"count\":20", false},
    {"\"fault\":\"flash-rot\",\"first\":0,\"last\":3,\"count\":20", false},
    {"\"fault\":\"flash-busy\"", false},
    {"\"fault\":\"clock-stuck\"", false},
    {"\"fault\":\"probe-hang\"", false},
    {"\"fault\":\"probe-hang\",\"till\":\"replugged\"", false},
    {"\"fault\":\"worn-pages\",\"first\":20,\"last\":27", true},
    {"\"fault\":\"write-protection\",\"first\":64,\"last\":127", true},
    {"\"fault\":\"unplug\"", true},
    {"\"fault\":\"no-power\"", true},
    {"\"fault\":\"rdp\"", true},
    {"\"fault\":\"tzen\"", true},
    {"\"fault\":\"meter-silent\"", true},
    {NULL, true}, // it is plugged in elsewhere
};

#define N_TRICKS (sizeof tricks / sizeof *tricks)

static const char *socket_path;
static char **serials;
static int n_boards, stays[BOARDS_MAX]; // results until the operator comes; 0: nothing stays
static bool moved[BOARDS_MAX];

static void order(int board, const char *members)
{
    char line[512], answer[1024];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int n = snprintf(line, sizeof line, "{\"board\":\"%s\",%s}\n", serials[board], members);
    ssize_t got = -1;
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0 && write(fd, line, (size_t)n) == n)
        got = read(fd, answer, sizeof answer - 1);
    if (fd >= 0)
        close(fd);
    answer[got > 0 ? got : 0] = '\0';
    if (!strstr(answer, "\"ok\":true")) {
        fprintf(stderr, "saboteur: %s: %s\n", members, answer);
        exit(1);
    }
}

static void plug_in(int board, int port)
{
    char members[64];
    snprintf(members, sizeof members, "\"fault\":\"replug\",\"port\":%d", port);
    order(board, "\"fault\":\"unplug\"");
    order(board, members);
}

static void mend(int board)
{
    stays[board] = 0;
    order(board, "\"clear\":\"all\"");
    if (moved[board])
        plug_in(board, board + 1);
    moved[board] = false;
    printf("release %s\n", serials[board]);
}

static int broken_boards(void)
{
    int n = 0;
    for (int i = 0; i < n_boards; i++)
        n += stays[i] > 0;
    return n;
}

static void strike_with(struct rng *r, int board, const struct trick *t)
{
    char members[256];
    if (t->members) {
        snprintf(members, sizeof members, "%s,\"after\":%u,\"seed\":%u", t->members, rng_below(r, AFTER_MAX), rng_u32(r));
        order(board, members);
    } else {
        moved[board] = true;
        plug_in(board, board + 1 + OTHER_PORTS);
    }
    stays[board] = t->stays ? STAYS : 0;
    printf("# %s %s\n", serials[board], t->members ? members : "moved");
}

/* What stays may stay on all boards but one: somebody has to go on. */
static void strike(struct rng *r)
{
    int board;
    const struct trick *t;
    do
        board = (int)rng_below(r, (uint32_t)n_boards);
    while (stays[board]);
    do
        t = &tricks[rng_below(r, N_TRICKS)];
    while (t->stays && broken_boards() + 1 >= n_boards);
    strike_with(r, board, t);
}

static void tick(struct rng *r, uint32_t results_per_fault)
{
    for (int i = 0; i < n_boards; i++)
        if (stays[i] > 0 && --stays[i] == 0)
            mend(i);
    if (rng_below(r, results_per_fault) == 0)
        strike(r);
}

static void sabotage(struct rng *r, uint32_t results_per_fault, int results)
{
    static char line[65536];
    while (results > 0 && fgets(line, sizeof line, stdin)) {
        bool result = strstr(line, "trial.measured") || strstr(line, "trial.infeasible");
        if (result || strstr(line, "attempt.failed"))
            tick(r, results_per_fault);
        results -= result;
    }
}

int main(int argc, char **argv)
{
    struct rng r;
    if (argc == 5 && strcmp(argv[2], "order") == 0) {
        socket_path = argv[1];
        serials = argv + 3;
        order(0, argv[4]);
        return 0;
    }
    if (argc < 6 || argc - 5 > BOARDS_MAX || atoi(argv[3]) < 1) {
        fprintf(stderr, "usage: saboteur CONTROL_SOCKET SEED RESULTS_PER_FAULT RESULTS SERIAL...\n");
        return 2;
    }
    socket_path = argv[1];
    rng_seed(&r, strtoull(argv[2], NULL, 10), 1);
    serials = argv + 5;
    n_boards = argc - 5;
    setvbuf(stdout, NULL, _IOLBF, 0);
    sabotage(&r, (uint32_t)atoi(argv[3]), atoi(argv[4]));
    for (int i = 0; i < n_boards; i++)
        mend(i);
    return 0;
}
