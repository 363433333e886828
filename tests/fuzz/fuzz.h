// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What a fuzz target has: the entry that libFuzzer calls, and seeds for the driver that needs no libFuzzer (fuzz_main.c).
#ifndef PARE_TESTS_FUZZ_FUZZ_H
#define PARE_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Must return 0 and abort (assert) where a property does not hold. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* NULL-terminated texts that the driver mutates and combines. */
extern const char *const fuzz_seeds[];

#endif
