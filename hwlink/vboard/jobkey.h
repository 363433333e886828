// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Which image the newest job record in flash names: what the noise of a recording may depend on.
#ifndef PARE_HWLINK_VBOARD_JOBKEY_H
#define PARE_HWLINK_VBOARD_JOBKEY_H

#include <stdint.h>

struct jobkey {
    uint64_t image;    // hash of program and blobs, wherever in flash they stand; of the whole flash without a job
    uint32_t sequence; // of the job record; 0 without one
};

/* `flash` has the whole flash's bytes: they are input and may be anything. */
struct jobkey jobkey_of(const uint8_t *flash);

#endif
