// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Lines for the socket: what is accepted must be what it seems, what is refused must be said in valid JSON.
#include "daemon/ctl/reply.h"
#include "daemon/ctl/request.h"
#include "daemon/ctl/strict_json.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char *const fuzz_seeds[] = {
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":\"a\\u00e9\\ud83d\\ude00\",\"method\":\"trial.list\",\"params\":{\"study\":\"demo\",\"limit\":3,\"front\":true}}",
    "{\"jsonrpc\":\"2.0\",\"id\":-1.5e3,\"method\":\"pareto\",\"params\":{\"objectives\":[\"ram_bytes\",\"energy_nj\"],\"study\":7}}",
    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"study.create\",\"params\":{\"text\":\"{\\n}\",\"folder\":\"/\",\"set\":{\"k\":\"v\"},\"x\":[null,[[{}]]]}}",
    "{\"jsonrpc\":\"2.0\",\"method\":\"events.subscribe\",\"params\":{\"since\":0,\"topics\":[\"trial\",\"board.state\"]}}",
    "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"best\",\"params\":{\"max_loss_points\":0.5,\"flash_bytes\":1e4}}",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
    NULL,
};

/* Valid by our own reading, and the line has one end. */
static void check_line(const char *line, size_t size)
{
    struct error e;
    assert(line && line[size] == '\0' && line[size - 1] == '\n' && memchr(line, '\n', size) == line + size - 1);
    cJSON *tree = strict_json_parse(line, size, &e);
    assert(tree);
    cJSON_Delete(tree);
}

static void check_accepted(const struct request *r)
{
    struct error e;
    struct refusal why;
    assert(r->command && cJSON_IsObject(r->params));
    assert(request_check(r->command, r->params, &why) == 0);
    char *text = cJSON_PrintUnformatted(r->root);
    cJSON *again = strict_json_parse(text, strlen(text), &e);
    assert(again && cJSON_Compare(r->root, again, true));
    cJSON_Delete(again);
    cJSON_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request r;
    struct refusal why;
    size_t line_size = 0;
    char *line;
    if (request_parse((const char *)data, size, &r, &why) == 0) {
        check_accepted(&r);
        line = reply_result(r.id, "{}", 2, &line_size);
    } else {
        line = reply_refusal(r.id, &why, &line_size);
    }
    check_line(line, line_size);
    free(line);
    request_finish(&r);
    return 0;
}
