// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Lines to the worker: each is refused with a text or read into limits.
#include "quant/tool/work_request.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char *const fuzz_seeds[] = {
    "{\"id\":1,\"method\":\"open\",\"params\":{\"network\":\"a.onnx\",\"folder\":\"f\",\"calibration\":\"c."
    "npy\",\"validation\":\"v.npy\","
    "\"validation_labels\":\"l.npy\",\"test\":\"t.npy\",\"test_labels\":\"u.npy\",\"input\":{\"scale\":0.25,"
    "\"mean\":[1,2,3],\"std\":[1],"
    "\"layout\":\"nchw\"},\"options\":[\"w8a8\",\"w4a8\",\"w4a8/"
    "log\"],\"rules\":[{\"layer\":\"^conv_0$\",\"options\":[\"w8a8\"]}],"
    "\"clipping\":\"mse\",\"calibration_samples\":100,\"board_samples\":4,\"ram_bytes\":65536,\"flash_"
    "bytes\":100000}}",
    "{\"id\": 2, \"method\": \"lower\", \"params\": {\"candidate\": \"w8a8 w4a8 w2a4\", \"image\": "
    "\"/tmp/image\"}}",
    "{\"id\": 3, \"method\": \"score\", \"params\": {\"candidate\": \"w8a8\", \"set\": \"test\", \"first\": "
    "10, \"n\": 20}}",
    "{\"id\": 4, \"method\": \"package\", \"params\": {\"candidate\": \"w8a8\", \"folder\": \"out\", "
    "\"name\": \"kws\", \"figures\": {\"a\": [1, {\"b\": null}]}}}",
    "{\"id\": 9007199254740992, \"method\": \"inspect\"}",
    NULL,
};

static void check_open(const struct session_params *p)
{
    assert(*p->network && *p->folder && *p->calibration && *p->validation && *p->validation_labels);
    assert(p->quantize.n_options >= 1 && p->quantize.n_options <= QUANTIZED_OPTIONS_MAX);
    assert(p->n_rules >= 0 && p->n_rules <= SESSION_RULES_MAX);
    assert(p->board_samples >= 1 && p->board_samples <= SESSION_BOARD_SAMPLES_MAX);
    assert(p->budget.ram_bytes > 0 && p->budget.flash_bytes > 0);
    for (int i = 0; i < p->n_rules; i++)
        assert(p->rules[i].options && !(p->rules[i].options >> (p->quantize.n_options - 1) >> 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct session_params open;
    struct work_request r;
    struct error e = {""};
    char *line = malloc(size + 1); // exactly as large, so that a sanitizer sees what reads past it
    memcpy(line, data, size);
    line[size] = 0;
    int rc = work_request_read(line, size, &r, &open, &e);
    assert(rc ? e.text[0] != 0 : r.method > WORK_NONE && r.method < WORK_METHOD_COUNT && r.id >= 0);
    if (!rc && r.method == WORK_OPEN)
        check_open(&open);
    if (!rc && r.method != WORK_OPEN && r.method != WORK_INSPECT)
        assert(r.candidate && *r.candidate);
    work_request_finish(&r);
    free(line);
    return 0;
}
