#!/bin/bash
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# Checks who may include whom (docs/architecture.md): each folder's row names the folders whose headers it may use.
# usage: test_includes.sh SOURCE_ROOT
cd "$1" || exit 2

allowed() {
    case $1 in
    base)             echo "base" ;;
    quant/kernels)    echo "quant/kernels" ;;
    quant/net)        echo "quant/net base" ;;
    quant/import)     echo "quant/import quant/net base" ;;
    quant/quantize)   echo "quant/quantize quant/net base" ;;
    quant/program)    echo "quant/program quant/quantize quant/net quant/kernels base" ;;
    quant/evaluate)   echo "quant/evaluate quant/program quant/quantize quant/net quant/kernels base" ;;
    quant/tune)       echo "quant/tune quant/evaluate quant/program quant/quantize quant/net quant/kernels base" ;;
    quant/tool)       echo "quant base" ;;
    agent)            echo "agent base" ;;
    hwlink)           echo "hwlink base quant/kernels/image.h quant/kernels/mailbox.h" ;;
    hwlink/runner)    echo "hwlink/runner quant/kernels" ;;
    hwlink/vboard)    echo "hwlink/vboard base quant/kernels/mailbox.h" ;;
    schema)           echo "schema base" ;;
    daemon)           echo "daemon agent hwlink schema base" ;;
    daemon/ctl)       echo "daemon/ctl base" ;;
    tests*)           echo "*" ;;
    *)                echo "" ;;
    esac
}

# is_allowed HEADER RULE...: a rule is a folder (its own files; with "quant", "daemon" and the like also below) or a header
is_allowed() {
    local header=$1 rule
    shift
    for rule in "$@"; do
        case $rule in
        "*" | "$header") return 0 ;;
        quant | daemon) [ "${header#"$rule"/}" != "$header" ] && return 0 ;;
        *) [ "$(dirname "$header")" = "$rule" ] && return 0 ;;
        esac
    done
    return 1
}

failed=0 files=0
complain() { echo "$1"; failed=1; }
set -f
for file in $(git ls-files '*.c' '*.h' 2>/dev/null || find . -name '*.[ch]' -not -path './build*' | sed 's|^\./||'); do
    files=$((files + 1))
    folder=$(dirname "$file")
    rules=$(allowed "$folder")
    [ -n "$rules" ] || { complain "$file: folder $folder has no row in the table of includes"; continue; }
    for header in $(sed -n 's/^#include "\(.*\)"/\1/p' "$file"); do
        case $header in
        */*) ;;
        *.pb-c.h) continue ;;
        *) complain "$file: #include \"$header\" is not written from the root of the tree"; continue ;;
        esac
        is_allowed "$header" $rules || complain "$file: $folder may not include $header"
    done
    if [ "$folder" != schema ] && [ "${folder#tests}" = "$folder" ] && grep -q '^#include <sqlite3.h>' "$file"; then
        complain "$file: only schema/ may see sqlite3.h"
    fi
done

# The checker checks itself: a rule that allows everything would pass everything.
is_allowed schema/store.h $(allowed agent) && complain "the table lets agent/ include schema/"
is_allowed quant/kernels/program.h $(allowed hwlink) && complain "the table lets hwlink/ include the kernels"
is_allowed hwlink/board.h $(allowed daemon) || complain "the table keeps daemon/ from hwlink/board.h"

stems=$(ls base/*.h 2>/dev/null | wc -l)
[ "$stems" -le 10 ] || complain "base/ has $stems stems, ten is the limit"
[ "$files" -gt 20 ] || complain "only $files files found"
echo "$files files checked"
exit $failed
