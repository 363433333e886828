// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A live view: status, the front and the last events, drawn again when something has happened.
#include "daemon/ctl/field.h"
#include "daemon/ctl/stream.h"
#include "daemon/ctl/verb.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define EVENTS_SHOWN 8
#define REDRAW_MS 1000   // without an event, for the clock
#define SETTLE_MS 100    // events that come together are drawn together

struct top {
    const struct verb *verb;
    struct stream stream;
    struct client client;
    cJSON *events[EVENTS_SHOWN]; // a ring; the oldest is at `next`
    int next;
    struct termios saved;
};

static volatile sig_atomic_t interrupted; // a signal handler can reach nothing else

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

static void enter(struct top *t)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct termios raw;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    tcgetattr(STDIN_FILENO, &t->saved);
    raw = t->saved;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    printf("\x1b[?1049h\x1b[?25l"); // the other screen, no cursor
}

static void leave(struct top *t)
{
    printf("\x1b[?25h\x1b[?1049l");
    fflush(stdout);
    tcsetattr(STDIN_FILENO, TCSANOW, &t->saved);
}

static int add_answer(struct top *t, const char *method, const cJSON *params, render *show, const struct style *style,
                      struct buffer *out, struct client_failure *f)
{
    cJSON *result = NULL;
    if (client_call(&t->client, method, params, &result, f) != 0)
        return -1;
    show(result, style, out);
    text_print(out, "\n");
    cJSON_Delete(result);
    return 0;
}

/* Prints at most the terminal's lines, each cut to its width, and clears what was there before. */
static void put_on_screen(const struct buffer *text)
{
    struct winsize size = {.ws_row = 0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0)
        size.ws_row = 24;
    printf("\x1b[H\x1b[?7l"); // home; long lines are cut
    const char *at = text->data, *end = text->data + text->size;
    for (int row = 1; at < end && row < size.ws_row; row++) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t n = (size_t)((line_end ? line_end : end) - at);
        printf("%.*s\x1b[K\n", (int)n, at);
        at += n + 1;
    }
    printf("\x1b[J\x1b[?7h");
    fflush(stdout);
}

static int draw(struct top *t, struct client_failure *f)
{
    struct buffer out;
    struct style style = t->verb->style, plain = style;
    plain.plot = true;
    buffer_init(&out, TEXT_LIMIT);
    client_disconnect(&t->client);
    int bad = client_connect(&t->client, f);
    if (!bad)
        bad = add_answer(t, "status", NULL, render_status, &style, &out, f);
    for (int i = 0; !bad && i < EVENTS_SHOWN; i++)
        if (t->events[(t->next + i) % EVENTS_SHOWN])
            render_event(t->events[(t->next + i) % EVENTS_SHOWN], &style, &out);
    if (!bad)
        text_print(&out, "\n");
    if (!bad && add_answer(t, "pareto", t->verb->args->params, render_front, &plain, &out, f) != 0)
        bad = f->why.kind == KIND_NOT_FOUND ? 0 : -1; // no study yet
    if (out.size > 0)
        put_on_screen(&out);
    buffer_finish(&out);
    return bad && f->exit_code == EXIT_NOT_RUNNING ? 0 : bad; // the stream waits for it
}

/* Until it is time to draw. Returns 0, 1 when the person wants to leave, or -1 with the failure. */
static int gather(struct top *t, struct client_failure *f)
{
    int64_t deadline = client_now() + REDRAW_MS;
    int result;
    do {
        cJSON *event = NULL;
        result = stream_next(&t->stream, deadline, STDIN_FILENO, &event, f);
        if (result != STREAM_EVENT)
            continue;
        cJSON_Delete(t->events[t->next]);
        t->events[t->next] = event;
        t->next = (t->next + 1) % EVENTS_SHOWN;
        if (deadline > client_now() + SETTLE_MS)
            deadline = client_now() + SETTLE_MS;
    } while (result == STREAM_EVENT);
    int waiting = 0;
    char key = '\0';
    if (ioctl(STDIN_FILENO, FIONREAD, &waiting) == 0 && waiting > 0 && read(STDIN_FILENO, &key, 1) != 1)
        key = 'q';
    return interrupted || key == 'q' ? 1 : result < 0 ? -1 : 0;
}

static void say_nothing(const char *text)
{
    (void)text; // the view stands still meanwhile
}

int verb_top(const struct verb *v)
{
    struct top t = {.verb = v};
    struct client_failure f;
    if (!v->terminal || !isatty(STDIN_FILENO))
        return verb_refuse(2, "top wants a terminal: `pare status` and `pare watch` do not");
    cJSON *all = cJSON_CreateObject();
    int result = client_init(&t.client, v->args->socket, &f);
    if (result == 0)
        result = stream_open(&t.stream, v->args->socket, all, say_nothing, &f);
    if (result == 0) {
        enter(&t);
        do {
            result = draw(&t, &f);
            if (result == 0)
                result = gather(&t, &f);
        } while (result == 0);
        leave(&t);
    }
    if (t.stream.filter)
        stream_close(&t.stream);
    client_finish(&t.client);
    cJSON_Delete(all);
    for (int i = 0; i < EVENTS_SHOWN; i++)
        cJSON_Delete(t.events[i]);
    return result < 0 ? verb_fail(&f) : interrupted ? EXIT_INTERRUPTED : 0;
}
