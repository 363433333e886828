// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Boards, their ports, one JSON line each, and then patience.
#include "hwlink/vboard/serve.h"

#include "base/file.h"
#include "hwlink/vboard/control.h"
#include "hwlink/vboard/powershield_port.h"
#include "hwlink/vboard/stlink_server.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define BOARDS_MAX 64
#define PACE_MAX 10000.0
#define PORT_DEFAULT 7184 // of ST's own stlink-server

struct options {
    int boards, port;
    const char *state, *prefix, *control;
    bool until_eof, flash_timing;
    double pace;
};

struct lab {
    int n;
    struct vboard *boards[BOARDS_MAX];
    struct powershield_port *meters[BOARDS_MAX];
    struct stlink_server *server;
    struct control *control;
};

static int usage(void)
{
    fprintf(stderr,
            "usage: pare-vboard serve [options]\n"
            "  --boards N           boards to serve (1)\n"
            "  --port P             TCP port on 127.0.0.1 for OpenOCD's `st-link backend tcp` (7184; 0: any)\n"
            "  --state DIR          keep flash contents and erase counts there, links to the meters too\n"
            "  --serial-prefix S    serials are S000001, S000002, ... (VBOARD)\n"
            "  --flash-timing       erasing and programming take the time they take\n"
            "  --pace N             a virtual second takes at least N host seconds (0: as few as the host can)\n"
            "  --control SOCKET     faults are ordered there (docs/virtual-board.md)\n"
            "  --until-eof          end when standard input ends\n"
            "One line of JSON per board is printed when all are ready.\n");
    return 2;
}

static int number(const char *text, int least, int most)
{
    char *end;
    long value = strtol(text, &end, 10);
    return *text && !*end && value >= least && value <= most ? (int)value : -1;
}

static double decimal(const char *text, double least, double most)
{
    char *end;
    double value = strtod(text, &end);
    return *text && !*end && value >= least && value <= most ? value : -1;
}

static int read_options(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {{"boards", 1, NULL, 'b'},  {"port", 1, NULL, 'p'},
                                          {"state", 1, NULL, 's'},   {"serial-prefix", 1, NULL, 'x'},
                                          {"control", 1, NULL, 'c'}, {"until-eof", 0, NULL, 'e'}, {"flash-timing", 0, NULL, 't'},
                                          {"pace", 1, NULL, 'w'},    {NULL, 0, NULL, 0}};
    int c;
    *o = (struct options){.boards = 1, .port = PORT_DEFAULT, .prefix = "VBOARD"};
    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (c == 'b')
            o->boards = number(optarg, 1, BOARDS_MAX);
        else if (c == 'p')
            o->port = number(optarg, 0, 65535);
        else if (c == 's')
            o->state = optarg;
        else if (c == 'x')
            o->prefix = optarg;
        else if (c == 'c')
            o->control = optarg;
        else if (c == 'e')
            o->until_eof = true;
        else if (c == 't')
            o->flash_timing = true;
        else if (c == 'w')
            o->pace = decimal(optarg, 0, PACE_MAX);
        else
            return -1;
    }
    bool plain = strspn(o->prefix, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(o->prefix);
    return optind == argc && o->boards > 0 && o->port >= 0 && o->pace >= 0 && plain && strlen(o->prefix) <= 24 ? 0 : -1;
}

static int open_board(struct lab *lab, const struct options *o, struct error *e)
{
    char serial[VBOARD_SERIAL_MAX];
    snprintf(serial, sizeof serial, "%.24s%06u", o->prefix, (unsigned)(lab->n + 1) % 1000000u);
    struct vboard *b = vboard_create(serial, o->state, e);
    if (!b)
        return -1;
    lab->boards[lab->n++] = b;
    b->pace = o->pace;
    if (o->flash_timing)
        b->machine->peripherals.flash.timing = (struct flash_timing){.erase_ns = 1500000, .program_ns = 118000};
    lab->meters[lab->n - 1] = powershield_port_open(b, e);
    return lab->meters[lab->n - 1] ? vboard_start(b, e) : -1;
}

static int link_meter(const struct options *o, const struct vboard *b, const char *path, struct error *e)
{
    char name[4096], fresh[4112];
    int n = snprintf(name, sizeof name, "%s/%s.meter", o->state, b->serial);
    if (n >= (int)sizeof name)
        return error_set(e, "%s: the path is too long", o->state);
    snprintf(fresh, sizeof fresh, "%s.new", name);
    unlink(fresh);
    if (symlink(path, fresh) != 0 || rename(fresh, name) != 0)
        return error_set(e, "%s: %s", name, strerror(errno));
    return 0;
}

static int open_lab(struct lab *lab, const struct options *o, struct error *e)
{
    if (o->state && file_make_folder(o->state, e) != 0)
        return -1;
    for (int i = 0; i < o->boards; i++)
        if (open_board(lab, o, e) != 0)
            return -1;
    for (int i = 0; i < o->boards && o->state; i++)
        if (link_meter(o, lab->boards[i], powershield_port_path(lab->meters[i]), e) != 0)
            return -1;
    lab->control = control_open(lab->boards, lab->n, o->control, o->state, e);
    lab->server = lab->control ? stlink_server_open(lab->boards, lab->n, o->port, e) : NULL;
    return lab->server ? 0 : -1;
}

static void close_lab(struct lab *lab)
{
    if (lab->server)
        stlink_server_close(lab->server);
    if (lab->control)
        control_close(lab->control);
    for (int i = 0; i < lab->n; i++) {
        if (lab->meters[i])
            powershield_port_close(lab->meters[i]);
        vboard_destroy(lab->boards[i]);
    }
}

static void tell(const struct lab *lab)
{
    for (int i = 0; i < lab->n; i++)
        printf("{\"serial\":\"%s\",\"port\":%d,\"meter\":\"%s\"}\n", lab->boards[i]->serial,
               stlink_server_port(lab->server), powershield_port_path(lab->meters[i]));
    fflush(stdout);
}

/* Until SIGTERM or SIGINT, or the end of standard input if that was asked for. */
static void wait_for_end(int signals, bool until_eof)
{
    char nothing[256];
    struct pollfd fds[2] = {{signals, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    for (;;) {
        if (poll(fds, until_eof ? 2 : 1, -1) < 0 && errno != EINTR)
            return;
        if (fds[0].revents)
            return;
        if (until_eof && fds[1].revents && read(STDIN_FILENO, nothing, sizeof nothing) <= 0)
            return;
    }
}

int serve_main(int argc, char **argv)
{
    struct options o;
    static struct lab lab;
    struct error e = {""};
    sigset_t set;
    if (read_options(argc, argv, &o) != 0)
        return usage();
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL); // inherited by every thread
    int signals = signalfd(-1, &set, SFD_CLOEXEC);
    int rc = signals >= 0 ? open_lab(&lab, &o, &e) : error_set(&e, "signalfd: %s", strerror(errno));
    if (rc == 0) {
        tell(&lab);
        wait_for_end(signals, o.until_eof);
    } else {
        fprintf(stderr, "pare-vboard: %s\n", e.text);
    }
    close_lab(&lab);
    if (signals >= 0)
        close(signals);
    return rc == 0 ? 0 : 1;
}
