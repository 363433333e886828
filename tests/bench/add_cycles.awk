# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# Adds composed cycles and energy to the rows of make-table: awk -f add_cycles.awk CYCLES TABLE, with the lines of table-cycles.
BEGIN { split("2 3 4 8", widths) }
FNR == NR && $1 == "energy" {
    for (i in widths)
        pj[widths[i]] = $(i + 1)
}
FNR == NR && $1 == "layer" {
    for (i in widths)
        cycles[$2, widths[i]] += $(i + 2)
    groups = $2 + 1 > groups ? $2 + 1 : groups
}
FNR == NR && $1 == "rest" { rest = $2 }
FNR == NR { next }
/^#/ { print $0 ", cycles and nanojoules composed of measured layers"; next }
{
    sum = rest
    energy = rest * pj[8]
    for (g = 0; g < groups; g++) {
        sum += cycles[g, $(g + 1)]
        energy += cycles[g, $(g + 1)] * pj[$(g + 1)]
    }
    print $0, sum, sprintf("%.0f", energy / 1000)
}
