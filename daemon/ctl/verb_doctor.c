// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// pare doctor: the checks in order, then the sum of them.
#include "daemon/ctl/doctor.h"
#include "daemon/ctl/field.h"
#include "daemon/ctl/verb.h"

#include <stdlib.h>
#include <string.h>

static void examine(struct doctor *d, const char *socket)
{
    doctor_service(d, socket);
    doctor_database(d);
    doctor_disk(d);
    doctor_clock(d);
    doctor_who(d);
    doctor_udev(d);
    doctor_groups(d);
    doctor_probes(d);
    doctor_openocd(d);
    doctor_meters(d);
    doctor_boards(d);
}

static int count(const cJSON *checks, const char *verdict)
{
    const cJSON *check;
    int n = 0;
    cJSON_ArrayForEach(check, checks)
        n += strcmp(field_string(check, "verdict"), verdict) == 0;
    return n;
}

int verb_doctor(const struct verb *v)
{
    const char *root = getenv("PARE_SYSROOT");
    struct doctor *d = calloc(1, sizeof *d);
    cJSON *answer = cJSON_CreateObject();
    if (!d)
        return verb_refuse(kind_exit(KIND_FAILED), "out of memory");
    d->root = root ? root : "";
    d->checks = cJSON_AddArrayToObject(answer, "checks");
    examine(d, v->args->socket);
    int failed = count(d->checks, "failed");
    cJSON_AddNumberToObject(answer, "failed", failed);
    cJSON_AddNumberToObject(answer, "warnings", count(d->checks, "warning"));
    int exit_code = verb_show(v, answer, render_doctor, &v->style);
    client_finish(&d->client);
    cJSON_Delete(d->hello);
    cJSON_Delete(d->config);
    cJSON_Delete(d->boards);
    cJSON_Delete(answer);
    free(d);
    return exit_code == 0 && failed > 0 ? kind_exit(KIND_FAILED) : exit_code;
}
