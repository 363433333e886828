// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The socket server against polite and hostile clients.
#include "daemon/ctl/server.h"
#include "tests/suite.h"
#include "tests/unit/toy_service.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ASK(id, method) "{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"method\":\"" method "\"}"
#define STATUS_ANSWER(id) "{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"result\":{\"ok\":1.50}}"

static struct toy toy;

static void start(void)
{
    toy_start(&toy);
}

static void stop(void)
{
    toy_stop(&toy);
}

#define heard(client, text) heard_at(client, text, __LINE__)
static void heard_at(struct toy_client *c, const char *text, int line)
{
    const char *got = toy_hear(c);
    ck_assert_msg(got && strstr(got, text), "line %d: expected %s, got %.300s", line, text, got ? got : "nothing");
}

static void over(struct toy_client *c)
{
    const char *line = toy_hear(c);
    ck_assert_msg(!line, "still speaks: %.200s", line);
    ck_assert(c->over);
    toy_disconnect(c);
}

/* Whatever a hostile client did, another one is served. */
static void still_serves(void)
{
    struct toy_client *c = toy_connect(&toy);
    toy_say(c, ASK(77, "status"));
    ck_assert_str_eq(toy_hear(c), STATUS_ANSWER(77));
    toy_disconnect(c);
}

START_TEST(a_request_is_answered_with_ready_made_json_unchanged)
{
    struct toy_client *c = toy_connect(&toy);
    toy_say(c, "\r\n" ASK(1, "status") "\r");
    ck_assert_str_eq(toy_hear(c), STATUS_ANSWER(1));
    toy_say(c, ASK("\"a\\u00e9\"", "status"));
    heard(c, "\"result\"");
    toy_disconnect(c);
}
END_TEST

START_TEST(ids_come_back_as_they_were)
{
    struct toy_client *c = toy_connect(&toy);
    toy_say(c, "{\"jsonrpc\":\"2.0\",\"id\":\"x\\\"y\",\"method\":\"status\"}");
    heard(c, "\"id\":\"x\\\"y\"");
    toy_say(c, "{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"status\"}");
    heard(c, "\"field\":\"id\"");
    toy_say(c, "{\"jsonrpc\":\"2.0\",\"id\":\"%0200d\",\"method\":\"status\"}", 0);
    heard(c, "\"id\":null");
    toy_disconnect(c);
}
END_TEST

START_TEST(a_request_without_id_is_carried_out_in_silence)
{
    struct toy_client *c = toy_connect(&toy);
    toy_say(c, "{\"jsonrpc\":\"2.0\",\"method\":\"status\"}");
    toy_say(c, "{\"jsonrpc\":\"2.0\",\"method\":\"statis\"}");
    toy_say(c, ASK(2, "status"));
    ck_assert_str_eq(toy_hear(c), STATUS_ANSWER(2));
    ck_assert_int_eq(toy.calls, 2);
    toy_disconnect(c);
}
END_TEST

START_TEST(failures_carry_kind_field_and_hint)
{
    struct toy_client *c = toy_connect(&toy);
    toy_say(c, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"study.pause\",\"params\":{\"study\":\"no\\\"ne\"}}");
    ck_assert_str_eq(toy_hear(c), "{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-32004,\"message\":\"there is no study "
                                  "\\\"no\\\"ne\\\"\",\"data\":{\"kind\":\"not_found\",\"field\":\"study\",\"hint\":"
                                  "\"pare study list\"}}}");
    toy_disconnect(c);
}
END_TEST

static const struct {
    const char *line, *answer;
} refused[] = {
    {"hello", "-32700"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"} x", "-32700"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"status\"}", "stands twice"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\",\"params\":{\"a\":{\"b\":1,\"\\u0062\":2}}}", "stands twice"},
    {"{\"jsonrpc\":\"2.0\",\"id\":NaN,\"method\":\"status\"}", "-32700"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1e999,\"method\":\"status\"}", "too large"},
    {"{\"jsonrpc\":\"2.0\",\"id\":01,\"method\":\"status\"}", "-32700"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sta\xfftus\"}", "no UTF-8"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sta\\u0000tus\"}", "bad escape"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\",}", "-32700"},
    {"[" ASK(1, "status") "]", "-32600"},
    {"7", "-32600"},
    {"{\"id\":1,\"method\":\"status\"}", "\"field\":\"jsonrpc\""},
    {"{\"jsonrpc\":\"2.0\",\"id\":1}", "\"field\":\"method\""},
    {ASK(1, "statsu"), "did you mean status?"},
    {ASK(1, "study.create"), "-32602"},
    {ASK(1, "hello"), "not offered"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\",\"params\":[1]}", "\"field\":\"params\""},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"study.pause\",\"params\":{\"study\":0}}", "\"field\":\"study\""},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"study.pause\",\"params\":{\"study\":1.5}}", "\"field\":\"study\""},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"trial.list\",\"params\":{\"limit\":1001}}", "from 1 to 1000"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"trial.list\",\"params\":{\"limit\":\"1\"}}", "an integer"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"trial.list\",\"params\":{\"order\":\"rew\"}}", "one of: trial reward"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"trial.list\",\"params\":{\"front\":1}}", "true or false"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pareto\",\"params\":{\"objectives\":[\"ram_bytes\",\"ram_bytes\"]}}", "twice"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"study.check\",\"params\":{\"text\":\"\",\"folder\":\"/\",\"set\":{\"a\":1}}}",
     "strings only"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"events.subscribe\",\"params\":{\"topics\":[\"tria\"]}}", "one of: study.created"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"events.subscribe\",\"params\":{\"since\":1}}", "the newest event is 0"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"events.subscribe\",\"params\":{\"study\":\"two\"}}", "no such study"},
};

START_TEST(what_is_no_good_request_is_refused_and_the_connection_goes_on)
{
    struct toy_client *c = toy_connect(&toy);
    toy_say(c, "%s", refused[_i].line);
    heard(c, refused[_i].answer);
    toy_say(c, ASK(2, "status"));
    ck_assert_str_eq(toy_hear(c), STATUS_ANSWER(2));
    ck_assert_int_eq(toy.calls, 1);
    toy_disconnect(c);
}
END_TEST

START_TEST(depth_and_values_have_limits)
{
    static const char *const shapes[] = {"[", "{\"a\":"};
    struct toy_client *c = toy_connect(&toy);
    for (int i = 0; i < 2; i++) {
        for (int n = 0; n < 100000; n++)
            toy_send(c, shapes[i], strlen(shapes[i]));
        toy_send(c, "\n", 1);
        heard(c, "too deep");
    }
    toy_send(c, "[0", 2);
    for (int n = 0; n < 10000; n++)
        toy_send(c, ",0", 2);
    toy_send(c, "]\n", 2);
    heard(c, "too many values");
    toy_disconnect(c);
}
END_TEST

START_TEST(a_request_may_come_byte_by_byte)
{
    struct toy_client *c = toy_connect(&toy);
    const char *line = ASK(5, "status") "\n" ASK(6, "status") "\n";
    for (size_t i = 0; line[i]; i++)
        toy_send(c, line + i, 1);
    ck_assert_str_eq(toy_hear(c), STATUS_ANSWER(5));
    ck_assert_str_eq(toy_hear(c), STATUS_ANSWER(6));
    toy_disconnect(c);
}
END_TEST

START_TEST(a_line_of_more_than_a_mebibyte_ends_the_connection)
{
    struct toy_client *c = toy_connect(&toy);
    size_t size = SERVER_LINE_MAX + (size_t)_i * 200000 + 1;
    char *line = malloc(size + 1);
    memset(line, ' ', size);
    line[size] = '\n';
    toy_send(c, line, size + 1);
    free(line);
    heard(c, "more than 1 MiB");
    over(c);
    still_serves();
}
END_TEST

START_TEST(a_line_of_exactly_a_mebibyte_is_read)
{
    struct toy_client *c = toy_connect(&toy);
    char *line = malloc(SERVER_LINE_MAX + 1);
    memset(line, ' ', SERVER_LINE_MAX);
    memcpy(line, ASK(1, "status"), strlen(ASK(1, "status")));
    line[SERVER_LINE_MAX] = '\n';
    toy_send(c, line, SERVER_LINE_MAX + 1);
    free(line);
    ck_assert_str_eq(toy_hear(c), STATUS_ANSWER(1));
    toy_disconnect(c);
}
END_TEST

START_TEST(half_a_line_at_the_end_is_not_carried_out)
{
    struct toy_client *c = toy_connect(&toy);
    toy_send(c, ASK(1, "status"), strlen(ASK(1, "status")));
    shutdown(c->fd, SHUT_WR);
    heard(c, "line feed");
    over(c);
    ck_assert_int_eq(toy.calls, 0);
    c = toy_connect(&toy);
    toy_send(c, "{\"json", 6);
    toy_disconnect(c);
    toy_turn(&toy);
    ck_assert_int_eq(server_connections(toy.server), 0);
}
END_TEST

START_TEST(who_sends_and_closes_its_side_still_gets_all_answers)
{
    struct toy_client *c = toy_connect(&toy);
    toy_say(c, ASK(1, "status") "\n" ASK(2, "study.list"));
    shutdown(c->fd, SHUT_WR);
    ck_assert_str_eq(toy_hear(c), STATUS_ANSWER(1));
    ck_assert_ptr_null(toy_hear(c));
    ck_assert(!c->over);
    server_answer_text(toy.held[0], "[]", 2);
    ck_assert_str_eq(toy_hear(c), "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":[]}");
    over(c);
}
END_TEST

START_TEST(an_answer_for_a_client_that_has_left_goes_nowhere)
{
    struct toy_client *c = toy_connect(&toy);
    toy_say(c, ASK(1, "study.list") "\n" ASK(2, "study.list"));
    toy_turn(&toy);
    ck_assert_int_eq(toy.n_held, 2);
    toy_disconnect(c);
    toy_turn(&toy);
    server_answer_text(toy.held[0], "[]", 2);
    toy_turn(&toy);
    ck_assert(server_call_gone(toy.held[1]));
    ck_assert_uint_eq(server_call_peer(toy.held[1])->uid, geteuid());
    server_fail(toy.held[1], KIND_HARDWARE, NULL, NULL, "too late");
    toy_turn(&toy);
    ck_assert_int_eq(server_connections(toy.server), 0);
    still_serves();
}
END_TEST

START_TEST(a_client_that_leaves_in_the_middle_of_an_answer_harms_nobody)
{
    for (int i = 0; i < 20; i++) {
        struct toy_client *c = toy_connect(&toy);
        toy_say(c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"trial.list\",\"params\":{\"limit\":1000}}");
        char some[100];
        ck_assert_int_eq(recv(c->fd, some, sizeof some, 0), sizeof some);
        toy_disconnect(c);
    }
    toy_turn(&toy);
    ck_assert_int_eq(server_connections(toy.server), 0);
    still_serves();
}
END_TEST

START_TEST(answers_may_come_in_any_order_and_32_are_out_at_most)
{
    struct toy_client *c = toy_connect(&toy);
    for (int i = 0; i < 40; i++)
        toy_say(c, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"study.list\"}", i);
    toy_turn(&toy);
    ck_assert_int_eq(toy.n_held, SERVER_IN_FLIGHT_MAX);
    server_answer_text(toy.held[31], "31", 2);
    heard(c, "\"id\":31,\"result\":31");
    toy_turn(&toy);
    ck_assert_int_eq(toy.n_held, SERVER_IN_FLIGHT_MAX + 1);
    for (int i = 0; i < 40; i++) {
        if (i == 31)
            continue;
        toy_turn(&toy);
        server_answer(toy.held[i], cJSON_CreateNumber(i));
    }
    for (int i = 0; i < 39; i++)
        ck_assert_ptr_nonnull(toy_hear(c));
    ck_assert_int_eq(toy.calls, 40);
    toy_disconnect(c);
}
END_TEST

START_TEST(an_answer_of_more_than_a_mebibyte_becomes_an_error)
{
    struct toy_client *c = toy_connect(&toy);
    toy_say(c, ASK(9, "study.list"));
    toy_turn(&toy);
    char *text = malloc(SERVER_LINE_MAX);
    memset(text, '1', SERVER_LINE_MAX);
    server_answer_text(toy.held[0], text, SERVER_LINE_MAX);
    free(text);
    heard(c, "\"id\":9,\"error\":{\"code\":-32001");
    toy_disconnect(c);
}
END_TEST

START_TEST(who_takes_no_answers_is_closed_at_the_high_water_mark)
{
    struct toy_client *c = toy_connect(&toy);
    for (int i = 0; i < 40; i++)
        toy_say(c, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"trial.list\",\"params\":{\"limit\":100}}", i);
    toy_turn(&toy);
    ck_assert_int_lt(toy.calls, 20);
    int lines = 0;
    while (toy_hear(c))
        lines++;
    ck_assert(c->over);
    ck_assert_int_ge(lines, 10);
    ck_assert_int_eq(server_connections(toy.server), 0);
    toy_disconnect(c);
    still_serves();
}
END_TEST

START_TEST(a_hundred_connections_meet_the_limit_and_the_idle_make_room)
{
    struct toy_client *clients[100];
    for (int i = 0; i < 100; i++)
        clients[i] = toy_connect(&toy);
    ck_assert_int_eq(server_connections(toy.server), SERVER_CONNECTIONS_MAX);
    for (int i = 0; i < 36; i++)
        over(clients[i]);
    for (int i = 36; i < 100; i++) {
        toy_say(clients[i], ASK(1, "events.subscribe"));
        heard(clients[i], "\"result\"");
    }
    struct toy_client *late = toy_connect(&toy);
    heard(late, "\"kind\":\"busy\"");
    over(late);
    for (int i = 36; i < 100; i++)
        toy_disconnect(clients[i]);
    toy_turn(&toy);
    ck_assert_int_eq(server_connections(toy.server), 0);
    still_serves();
}
END_TEST

START_TEST(readers_read_operators_act_and_others_do_neither)
{
    toy.access = ACCESS_READER;
    struct toy_client *c = toy_connect(&toy);
    toy_say(c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"study.pause\",\"params\":{\"study\":1}}");
    heard(c, "\"kind\":\"denied\"");
    toy_say(c, ASK(2, "status"));
    ck_assert_str_eq(toy_hear(c), STATUS_ANSWER(2));
    toy_disconnect(c);
    toy.access = ACCESS_NONE;
    c = toy_connect(&toy);
    heard(c, "\"kind\":\"denied\"");
    over(c);
    toy.access = ACCESS_OPERATOR;
    c = toy_connect(&toy);
    toy_say(c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"study.pause\",\"params\":{\"study\":1,\"unknown\":2}}");
    heard(c, "paused");
    toy_disconnect(c);
}
END_TEST

static void commit(int n)
{
    toy.newest += n;
    server_wake(toy.server, toy.newest);
}

static void heard_events(struct toy_client *c, int first, int last, int step)
{
    for (int seq = first; seq <= last; seq += step) {
        char text[64];
        snprintf(text, sizeof text, "\"method\":\"event\",\"params\":{\"seq\":%d,", seq);
        heard(c, text);
    }
}

START_TEST(a_subscriber_gets_new_events_and_from_since_on_all_of_them)
{
    commit(10);
    struct toy_client *fresh = toy_connect(&toy), *back = toy_connect(&toy);
    toy_say(fresh, ASK(1, "events.subscribe"));
    heard(fresh, "\"seq\":10}");
    toy_say(back, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"events.subscribe\",\"params\":{\"since\":3}}");
    heard(back, "\"seq\":10}");
    heard_events(back, 4, 10, 1);
    commit(500);
    heard_events(fresh, 11, 510, 1);
    heard_events(back, 11, 510, 1);
    toy_say(fresh, ASK(2, "events.subscribe"));
    heard(fresh, "\"kind\":\"conflict\"");
    toy_disconnect(fresh);
    toy_disconnect(back);
}
END_TEST

START_TEST(events_are_filtered_by_topic_group_and_study)
{
    struct toy_client *trials = toy_connect(&toy), *boards = toy_connect(&toy), *study = toy_connect(&toy);
    toy_say(trials, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"events.subscribe\",\"params\":{\"topics\":[\"trial\"]}}");
    toy_say(boards, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"events.subscribe\",\"params\":{\"topics\":[\"board.state\"]}}");
    toy_say(study, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"events.subscribe\",\"params\":{\"study\":\"one\"}}");
    heard(trials, "\"result\"");
    heard(boards, "\"result\"");
    heard(study, "\"result\"");
    commit(30);
    heard_events(trials, 1, 30, 2);
    heard_events(boards, 2, 30, 2);
    heard_events(study, 1, 30, 3);
    toy_disconnect(trials);
    toy_disconnect(boards);
    toy_disconnect(study);
}
END_TEST

START_TEST(events_that_come_while_a_pull_is_out_are_not_lost)
{
    struct toy_client *c = toy_connect(&toy);
    toy_say(c, ASK(1, "events.subscribe"));
    heard(c, "\"result\"");
    toy.hold_pulls = true;
    commit(1);
    toy_turn(&toy);
    ck_assert_int_eq(toy.pulls, 1);
    toy.newest = 0; // what the pull reads is older than what comes meanwhile
    server_wake(toy.server, 5);
    toy_answer_pull(&toy);
    toy.newest = 5;
    toy.hold_pulls = false;
    toy_turn(&toy);
    heard_events(c, 2, 5, 1);
    toy_disconnect(c);
}
END_TEST

START_TEST(a_slow_subscriber_costs_nothing_and_misses_nothing)
{
    struct toy_client *slow = toy_connect(&toy), *quick = toy_connect(&toy);
    toy_say(slow, ASK(1, "events.subscribe"));
    toy_say(quick, ASK(1, "events.subscribe"));
    heard(quick, "\"result\"");
    for (int i = 0; i < 100; i++) {
        commit(50);
        heard_events(quick, 50 * i + 1, 50 * i + 50, 1);
    }
    int pulls = toy.pulls;
    commit(50);
    heard_events(quick, 5001, 5050, 1);
    ck_assert_int_le(toy.pulls - pulls, 2); // the quick one's
    heard(slow, "\"result\"");
    heard_events(slow, 1, 5050, 1);
    toy_disconnect(slow);
    toy_disconnect(quick);
}
END_TEST

START_TEST(a_subscriber_over_the_high_water_mark_is_told_where_to_resume)
{
    struct toy_client *c = toy_connect(&toy);
    toy_say(c, ASK(1, "events.subscribe"));
    commit(20);
    for (int i = 0; i < 40; i++)
        toy_say(c, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"trial.list\",\"params\":{\"limit\":100}}", i);
    char last[200] = "", expected[200];
    int events = 0;
    for (const char *line; (line = toy_hear(c));) {
        snprintf(last, sizeof last, "%.199s", line);
        events += strstr(line, "\"method\":\"event\"") != NULL;
    }
    snprintf(expected, sizeof expected, "{\"jsonrpc\":\"2.0\",\"method\":\"lag\",\"params\":{\"resume\":%d,\"lost\":0}}", events);
    ck_assert_str_eq(last, expected);
    ck_assert(c->over);
    toy_disconnect(c);
}
END_TEST

START_TEST(who_needs_pruned_events_is_told_how_many_are_lost)
{
    commit(100);
    toy.oldest = 60;
    struct toy_client *c = toy_connect(&toy);
    toy_say(c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"events.subscribe\",\"params\":{\"since\":9}}");
    heard(c, "\"result\"");
    heard(c, "{\"resume\":59,\"lost\":50}");
    over(c);
    c = toy_connect(&toy);
    toy_say(c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"events.subscribe\",\"params\":{\"since\":0}}");
    heard(c, "\"result\"");
    heard_events(c, 60, 100, 1);
    toy_disconnect(c);
}
END_TEST

START_TEST(the_server_ends_while_calls_and_pulls_are_out)
{
    struct toy_client *c = toy_connect(&toy);
    toy.hold_pulls = true;
    toy_say(c, ASK(1, "events.subscribe") "\n" ASK(2, "study.list"));
    commit(1);
    toy_turn(&toy);
    ck_assert_ptr_nonnull(toy.pull);
    struct server *server = toy.server;
    toy_say(c, ASK(3, "shutdown"));
    heard(c, "\"subscription\"");
    heard(c, "\"id\":3");
    over(c);
    ck_assert_ptr_null(toy.server);
    ck_assert_ptr_nonnull(server);
    server_answer_text(toy.held[0], "[]", 2);
    toy_answer_pull(&toy);
}
END_TEST

static int open_again(const char *path, struct error *e)
{
    struct server_options options;
    struct server_actions actions;
    struct server *server = NULL;
    toy_options(&toy, &options);
    toy_actions(&toy, &actions);
    options.path = path;
    int result = server_open(&toy.loop, &options, &actions, &server, e);
    if (server)
        server_close(server, NULL, NULL);
    return result;
}

START_TEST(a_live_socket_is_refused_and_a_stale_one_replaced)
{
    struct error e;
    char path[128];
    struct stat st;
    ck_assert_int_eq(stat(toy.path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0660);
    ck_assert_int_eq(open_again(toy.path, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "already answers"));
    still_serves();
    snprintf(path, sizeof path, "%s/stale", toy.folder);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    ck_assert_msg(open_again(path, &e) == 0, "%s", e.text);
    toy_turn(&toy);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(a_file_that_is_no_socket_and_an_impossible_path_are_errors)
{
    struct error e;
    char path[256];
    snprintf(path, sizeof path, "%s/file", toy.folder);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    ck_assert_int_eq(open_again(path, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "no socket"));
    unlink(path);
    snprintf(path, sizeof path, "%s/none/x", toy.folder);
    ck_assert_int_eq(open_again(path, &e), -1);
    memset(path, 'a', 200);
    path[200] = '\0';
    ck_assert_int_eq(open_again(path, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "longer than"));
}
END_TEST

static void add_hostile(TCase *t)
{
    tcase_add_loop_test(t, what_is_no_good_request_is_refused_and_the_connection_goes_on, 0,
                        sizeof refused / sizeof *refused);
    tcase_add_test(t, depth_and_values_have_limits);
    tcase_add_test(t, a_request_may_come_byte_by_byte);
    tcase_add_loop_test(t, a_line_of_more_than_a_mebibyte_ends_the_connection, 0, 2);
    tcase_add_test(t, a_line_of_exactly_a_mebibyte_is_read);
    tcase_add_test(t, half_a_line_at_the_end_is_not_carried_out);
    tcase_add_test(t, an_answer_for_a_client_that_has_left_goes_nowhere);
    tcase_add_test(t, a_client_that_leaves_in_the_middle_of_an_answer_harms_nobody);
    tcase_add_test(t, an_answer_of_more_than_a_mebibyte_becomes_an_error);
    tcase_add_test(t, who_takes_no_answers_is_closed_at_the_high_water_mark);
    tcase_add_test(t, a_hundred_connections_meet_the_limit_and_the_idle_make_room);
}

static void add_events(TCase *t)
{
    tcase_add_test(t, a_subscriber_gets_new_events_and_from_since_on_all_of_them);
    tcase_add_test(t, events_are_filtered_by_topic_group_and_study);
    tcase_add_test(t, events_that_come_while_a_pull_is_out_are_not_lost);
    tcase_add_test(t, a_slow_subscriber_costs_nothing_and_misses_nothing);
    tcase_add_test(t, a_subscriber_over_the_high_water_mark_is_told_where_to_resume);
    tcase_add_test(t, who_needs_pruned_events_is_told_how_many_are_lost);
}

int main(void)
{
    Suite *s = suite_create("server");
    TCase *t = suite_case(s, "server", start, stop);
    tcase_add_test(t, a_request_is_answered_with_ready_made_json_unchanged);
    tcase_add_test(t, ids_come_back_as_they_were);
    tcase_add_test(t, a_request_without_id_is_carried_out_in_silence);
    tcase_add_test(t, failures_carry_kind_field_and_hint);
    tcase_add_test(t, who_sends_and_closes_its_side_still_gets_all_answers);
    tcase_add_test(t, answers_may_come_in_any_order_and_32_are_out_at_most);
    tcase_add_test(t, readers_read_operators_act_and_others_do_neither);
    tcase_add_test(t, the_server_ends_while_calls_and_pulls_are_out);
    tcase_add_test(t, a_live_socket_is_refused_and_a_stale_one_replaced);
    tcase_add_test(t, a_file_that_is_no_socket_and_an_impossible_path_are_errors);
    add_hostile(t);
    add_events(t);
    return suite_run(s);
}
