// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// `pare`, the client: verb.c has the way from here, docs/client.md a tour.
#include "daemon/ctl/verb.h"

int main(int argc, char **argv)
{
    return verb_run(argc, argv);
}
