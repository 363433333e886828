// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// For programs that are one Check test, however long it takes: they take arguments, and are no part of a suite.
#ifndef PARE_TESTS_ONE_TEST_H
#define PARE_TESTS_ONE_TEST_H

#include <check.h>

/* Runs it and prints as `mode` says. Returns the program's exit status: 0, or 1 if it failed. */
static inline int one_test_run(const char *name, const TTest *test, enum fork_status fork, enum print_output mode)
{
    TCase *tests = tcase_create(name);
    tcase_set_timeout(tests, 0);
    tcase_add_test(tests, test);
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, fork);
    srunner_run_all(runner, mode);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}

#endif
