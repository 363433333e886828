// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The program on the board: waits for jobs in the mailbox; after a power-up without a debugger it first does the last job
// that stands in flash, so that energy is measured with nothing attached. Results stay in SRAM until they are fetched.
#include "hwlink/runner/clock.h"
#include "hwlink/runner/job.h"
#include "hwlink/runner/memory.h"
#include "hwlink/runner/registers.h"
#include "hwlink/runner/start.h"

static void open_mailbox(struct mailbox *mailbox)
{
    memset(mailbox, 0, sizeof *mailbox);
    mailbox->magic = MAILBOX_MAGIC;
    mailbox->version = mailbox->runner_version = MAILBOX_VERSION;
}

int main(void)
{
    struct mailbox *mailbox = (struct mailbox *)MAILBOX_ADDRESS;
    volatile uint32_t *request = &mailbox->request;
    open_mailbox(mailbox);
    if (clock_start()) {
        mailbox->result.error = MAILBOX_CLOCK;
        mailbox->result.state = MAILBOX_FAILED;
        return 1;
    }
    uint32_t last = 0;
    const struct mailbox_job *stored = job_in_flash();
    if (stored && !(DCB_DHCSR & DCB_DHCSR_DEBUG_ENABLED))
        job_execute(mailbox, *stored);
    else
        mailbox->result.state = MAILBOX_READY;
    for (;;) {
        while (*request == last)
            ;
        last = *request;
        job_execute(mailbox, mailbox->job);
    }
}
