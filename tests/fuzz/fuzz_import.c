// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Takes bytes as a network file: whatever they are, there is an answer. What is taken is run once, so that
// the seal is tested too; a quantized file's own integers are lowered. Memory that runs out is a failure: the driver limits it.
#include "quant/import/import.h"
#include "quant/net/float_run.h"
#include "quant/program/lowered.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define RUN_MACS_MAX 10000000 // a larger network would take the fuzzer's time

static void lower_given(const struct net *n)
{
    struct quantized q;
    struct lowered l;
    struct candidate c = {.n = n->n_slots};
    struct error e = {{0}};
    bool whole = net_is_given(n);
    for (int i = 0; i < c.n && whole; i++)
        whole = net_given_setting(n, i, &c.layers[i]);
    if (!whole || quantized_given(n, &q, &e))
        return;
    if (!lowered_make(n, &q, &c, NULL, &l, &e))
        lowered_finish(&l);
    else if (!e.text[0])
        abort();
    quantized_finish(&q);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct net n;
    struct error e = {{0}};
    struct float_run run;
    int64_t macs = 0;
    if (import_bytes((const char *)bytes, size, &n, &e)) {
        if (!e.text[0] || strstr(e.text, "out of memory"))
            abort();
        return 0;
    }
    for (int i = 0; i < n.n_ops; i++)
        macs += net_macs(&n, &n.ops[i]);
    if (macs < RUN_MACS_MAX && net_elements(&n.tensors[n.input]) < RUN_MACS_MAX &&
        !float_run_init(&run, &n, 1, &e)) {
        for (size_t i = 0; i < net_elements(&n.tensors[n.input]); i++)
            float_run_input(&run)[i] = 1;
        float_run_go(&run, 1, NULL, NULL);
        float_run_finish(&run);
    }
    lower_given(&n);
    net_finish(&n);
    return 0;
}
