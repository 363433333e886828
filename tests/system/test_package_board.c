// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What is exported is what was measured: a candidate's package, built for the board and run on the virtual
// one by itself, has the outputs, the RAM and within 1 % the cycles of its trial. usage: test_package_board
// PARE_VBOARD RUNNER_BIN SOURCE_ROOT NETWORK CALIBRATION INPUT_SCALE SAMPLES
#include "quant/tool/session_package.h"
#include "tests/one_test.h"
#include "tests/system/trial.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct trial_arguments arguments;

static void package(struct trial *t, const struct candidate *c, char folder[128])
{
    struct error e;
    char command[640];
    snprintf(folder, 128, "%s/package", t->lab.state);
    const struct session_package p = {.name = "net", .folder = folder};
    ck_assert_msg(session_package(t->session, c, &p, NULL, &e) == SESSION_OK, "%s", e.text);
    snprintf(command, sizeof command,
             "cmake -S %s -B %s.arm --toolchain %s/cmake/stm32u5.cmake >/dev/null && cmake --build %s.arm "
             "-j2 >/dev/null",
             folder, folder, folder, folder);
    ck_assert_int_eq(system(command), 0);
}

static void check_sample(const struct trial *t, unsigned sample, unsigned cycles, double *worst)
{
    ck_assert_uint_lt(sample, t->result.n_samples);
    double trial = t->result.sample_cycles[sample];
    double off = cycles > trial ? cycles / trial - 1 : 1 - cycles / trial;
    *worst = off > *worst ? off : *worst;
    ck_assert_msg(off <= 0.01, "sample %u: %u cycles in the package, %.0f in the trial", sample, cycles,
                  trial);
}

static void run_package(const struct trial *t, const char *folder)
{
    char line[512], command[512];
    unsigned sample, cycles, arena, planned, n = 0;
    bool passed = false;
    double worst = 0;
    snprintf(command, sizeof command, "%s run %s.arm/net_selftest.elf --console", t->about.vboard, folder);
    FILE *f = popen(command, "r");
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof line, f)) {
        fputs(line, stdout);
        if (sscanf(line, "sample %u ok cycles %u", &sample, &cycles) == 2) {
            check_sample(t, sample, cycles, &worst);
            n++;
        }
        if (sscanf(line, "arena %u of %u bytes", &arena, &planned) == 2) {
            ck_assert_uint_eq(arena, t->result.arena_high_water);
            ck_assert_uint_eq(planned, (unsigned)t->session->lowered.ram_bytes);
        }
        passed = passed || !strncmp(line, "PASS", 4);
    }
    pclose(f);
    ck_assert(passed);
    ck_assert_uint_eq(n, t->result.n_samples);
    printf("cycles differ from the trial's by at most %.2f %%\n", 100 * worst);
}

/* What the plan says, and what the linker made of it. */
static void check_section(const char *folder, const char *name, int64_t planned)
{
    char command[256];
    long long bytes = -1;
    snprintf(command, sizeof command,
             "arm-none-eabi-size -A %s.arm/net_selftest.elf | awk '$1 == \"%s\" {print $2}'", folder, name);
    FILE *f = popen(command, "r");
    ck_assert(f && fscanf(f, "%lld", &bytes) == 1);
    pclose(f);
    ck_assert_int_eq(bytes, planned);
}

START_TEST(what_is_exported_is_what_was_measured)
{
    struct trial t;
    struct rng r;
    struct candidate c;
    char folder[128];
    rng_seed(&r, 5, 1);
    trial_start(&t, &arguments);
    trial_random(&t, &r, &c);
    trial_measure(&t, &c);
    package(&t, &c, folder);
    check_section(folder, ".weights", t.session->lowered.weights_bytes);
    check_section(folder, ".program", t.session->lowered.program_bytes + t.session->lowered.parameters_bytes);
    run_package(&t, folder);
    trial_stop(&t);
}
END_TEST

int main(int argc, char **argv)
{
    int status = trial_arguments_read(&arguments, argc, argv);
    if (status == 77)
        return status;
    if (status || argc != 8) {
        fprintf(stderr, "usage: test_package_board PARE_VBOARD RUNNER_BIN SOURCE_ROOT NETWORK CALIBRATION "
                        "INPUT_SCALE SAMPLES\n");
        return 2;
    }
    return one_test_run("package_board", what_is_exported_is_what_was_measured, CK_FORK_GETENV, CK_NORMAL);
}
