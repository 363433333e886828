// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What every test program does with Check besides naming its tests.
#ifndef PARE_TESTS_SUITE_H
#define PARE_TESTS_SUITE_H

#include <check.h>

/* A test case of the suite, which has it from then on, without a timeout: a slow machine is no failure. `set_up` and `tear_down` go
 * around each test; either may be NULL. */
static inline TCase *suite_case(Suite *s, const char *name, SFun set_up, SFun tear_down)
{
    TCase *t = tcase_create(name);
    tcase_set_timeout(t, 0);
    tcase_add_checked_fixture(t, set_up, tear_down);
    suite_add_tcase(s, t);
    return t;
}

/* Runs the suite, prints as `mode` says and frees it. Returns the program's exit status: 0, or 1 if a test failed. */
static inline int suite_run_as(Suite *s, enum fork_status fork, enum print_output mode)
{
    SRunner *r = srunner_create(s);
    srunner_set_fork_status(r, fork);
    srunner_run_all(r, mode);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}

/* The same as the environment says (CK_FORK, CK_VERBOSITY). */
static inline int suite_run(Suite *s)
{
    return suite_run_as(s, CK_FORK_GETENV, CK_ENV);
}

#endif
