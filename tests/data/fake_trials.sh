#!/bin/sh
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# Gives fake.trials.json (trials of the fake boards of tests/system) a policy as this version has it, of small numbers, and its SHA-256 anew.
# usage: fake_trials.sh, after AGENT_PRIOR or AGENT_PRIOR_FORMAT has changed
set -eu
cd "$(dirname "$0")"
defined() { awk -v name="$1" '$2 == name {print $3}' ../../agent/agent.h; }
fresh=$(mktemp)
awk -v n="$(defined AGENT_PRIOR)" -v format="$(defined AGENT_PRIOR_FORMAT)" '
    /^"policy/ || /^"sha256"/ {next}
    /^"trials"/ {
        printf "\"policy_format\":%d,\n\"policy\":[", format
        for (i = 0; i < n; i++)
            printf "%s%g", i ? "," : "", (i * 37 % 101 - 50) / 64
        print "],"
    }
    {print}' fake.trials.json >"$fresh"
printf '"sha256":"%s"}\n' "$(sha256sum <"$fresh" | cut -c 1-64)" >>"$fresh"
cat "$fresh" >fake.trials.json
rm "$fresh"
