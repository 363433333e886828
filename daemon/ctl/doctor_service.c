// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What the service says: itself, its worker, its database, its boards.
#include "daemon/ctl/doctor.h"
#include "daemon/ctl/field.h"
#include "daemon/ctl/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MS 90000 // a check of a large database takes long
#define STLINK_V2_OLDEST 24 // its first firmware with direct access to the debug port
#define WORN_WARNING 0.9 // of the budget

/* NULL where the service is not there or does not answer that. */
static cJSON *ask(struct doctor *d, const char *method, struct client_failure *f)
{
    cJSON *result = NULL;
    if (d->client.fd < 0)
        return NULL;
    d->client.deadline_ms = client_now() + ANSWER_MS;
    return client_call(&d->client, method, NULL, &result, f) == 0 ? result : NULL;
}

/* --- the service and its worker --- */

static void check_worker(struct doctor *d)
{
    static const char *const beside[] = {"..", "../../quant/tool", NULL}; // of a build tree
    char path[PATH_MAX];
    const char *name = d->config ? field_string(d->config, "worker") : "pare-net";
    if (program_find(name, beside, path, sizeof path))
        doctor_add(d, FINDING_OK, "worker", NULL, "%s", path);
    else
        doctor_add(d, FINDING_FAILED, "worker", "install pare-net, or name it with \"worker\" in pared's configuration",
                   "there is no program %s", name);
}

void doctor_service(struct doctor *d, const char *socket)
{
    struct client_failure f;
    bool there = client_init(&d->client, socket, &f) == 0 && client_connect(&d->client, &f) == 0;
    d->hello = there ? ask(d, "hello", &f) : NULL;
    d->config = d->hello ? ask(d, "config.show", &f) : NULL;
    d->boards = d->hello ? ask(d, "board.list", &f) : NULL;
    const char *version = field_string(d->hello, "version");
    if (!d->hello)
        doctor_add(d, FINDING_FAILED, "service", f.why.hint[0] ? f.why.hint : NULL, "%s", f.why.text);
    else if (strcmp(version, PARE_VERSION) != 0)
        doctor_add(d, FINDING_WARNING, "service", "install pare and pared of the same release", "pared is %s, pare is " PARE_VERSION, version);
    else
        doctor_add(d, FINDING_OK, "service", NULL, "pared %s, process %s", version, field_text(d->hello, "pid").text);
    check_worker(d);
}

/* --- the database --- */

void doctor_database(struct doctor *d)
{
    struct client_failure f;
    if (!d->hello) {
        doctor_add(d, FINDING_WARNING, "database", "start the service: it checks its database", "not looked at");
        return;
    }
    cJSON *answer = ask(d, "db.check", &f);
    const cJSON *problems = field_find(answer, "problems");
    int n = cJSON_GetArraySize(problems);
    if (!answer)
        doctor_add(d, FINDING_FAILED, "database", "pare db check", "%s", f.why.text);
    else if (n > 0)
        doctor_add(d, FINDING_FAILED, "database", "stop pared, keep a copy of the file, then: sqlite3 pare.db .recover | sqlite3 new.db",
                   "%d problems: %s", n, field_value(cJSON_GetArrayItem(problems, 0)).text);
    else
        doctor_add(d, FINDING_OK, "database", NULL, "%s is whole", field_text(d->config, "database").text);
    cJSON_Delete(answer);
}

/* --- boards --- */

static bool is_seen(const struct doctor *d, const char *serial)
{
    for (int i = 0; i < d->n_probes; i++)
        if (strcmp(d->probes[i], serial) == 0)
            return true;
    return false;
}

static bool is_worn(const cJSON *board)
{
    double worn, budget;
    return field_number(board, "most_worn_page_erases", &worn) && field_number(board, "wear_budget", &budget) &&
           worn >= WORN_WARNING * budget;
}

/* "V2J39S27", "V3J13M4": whether OpenOCD can use the probe as pare does (dapdirect_swd: V2J24 or newer, any V3). */
static void check_firmware(struct doctor *d, const cJSON *board)
{
    char check[96];
    int major, jtag;
    struct field firmware = field_text(board, "probe_firmware");
    snprintf(check, sizeof check, "firmware of %.60s", field_string(board, "board"));
    if (!cJSON_IsString(field_find(board, "probe_firmware")))
        return;
    if (sscanf(firmware.text, "V%dJ%d", &major, &jtag) != 2)
        doctor_add(d, FINDING_WARNING, check, "is it an ST-LINK of ST's?", "its probe says %s", firmware.text);
    else if (major == 0)
        doctor_add(d, FINDING_FAILED, check, "its firmware hangs: unplug the probe and plug it in again", "ST-LINK %s", firmware.text);
    else if (major < 2 || (major == 2 && jtag < STLINK_V2_OLDEST))
        doctor_add(d, FINDING_FAILED, check, "update it with STM32CubeProgrammer or STSW-LINK007", "ST-LINK %s is older than V2J%d",
                   firmware.text, STLINK_V2_OLDEST);
    else
        doctor_add(d, FINDING_OK, check, NULL, "ST-LINK %s", firmware.text);
}

static void check_board(struct doctor *d, const cJSON *board)
{
    char check[96], advice[128];
    const char *name = field_string(board, "board"), *state = field_string(board, "state");
    struct field reason = field_text(board, "reason");
    snprintf(check, sizeof check, "board %.60s", name);
    snprintf(advice, sizeof advice, "look after it, then: pare board release %.60s", name);
    if (strcmp(state, "quarantined") == 0)
        doctor_add(d, FINDING_FAILED, check, advice, "quarantined: %s", reason.text);
    else if (cJSON_IsFalse(field_find(board, "virtual")) && !is_seen(d, field_string(board, "serial")))
        doctor_add(d, FINDING_FAILED, check, "plug it in, or take it out of pared's configuration", "its probe %s is not there",
                   field_text(board, "serial").text);
    else if (strcmp(state, "idle") != 0 && strcmp(state, "lent") != 0)
        doctor_add(d, FINDING_WARNING, check, "pare watch attempt.failed board.state", "%s: %s", field_text(board, "state").text, reason.text);
    else if (is_worn(board))
        doctor_add(d, FINDING_WARNING, check, "plan for another part: a board is not used beyond its budget", "a page was erased %s times of %s",
                   field_text(board, "most_worn_page_erases").text, field_text(board, "wear_budget").text);
    else
        doctor_add(d, FINDING_OK, check, NULL, "%s, %s", field_text(board, "type").text, field_text(board, "state").text);
}

void doctor_boards(struct doctor *d)
{
    const cJSON *board, *list = field_find(d->boards, "boards");
    cJSON_ArrayForEach(board, list)
    {
        check_board(d, board);
        check_firmware(d, board);
    }
    if (d->hello && cJSON_GetArraySize(list) == 0)
        doctor_add(d, FINDING_WARNING, "boards", "\"boards\" in pared's configuration", "there is none");
}
