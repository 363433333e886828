# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# Adds composed cycles to the rows of make-table: awk -f add_cycles.awk CYCLES TABLE, with the lines of table-cycles.
FNR == NR && $1 == "layer" {
    for (w = 2; w <= 4; w++)
        cycles[$2, w] += $(w + 1)
    cycles[$2, 8] += $6
    groups = $2 + 1 > groups ? $2 + 1 : groups
}
FNR == NR && $1 == "rest" { rest = $2 }
FNR == NR { next }
/^#/ { print $0 ", cycles composed of measured layers"; next }
{
    sum = rest
    for (g = 0; g < groups; g++)
        sum += cycles[g, $(g + 1)]
    print $0, sum
}
