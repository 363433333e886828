// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The page: what was asked, what was found, and every trial.
#include "daemon/ctl/report.h"

#include "daemon/ctl/compare.h"
#include "daemon/ctl/field.h"
#include "daemon/ctl/metric_words.h"
#include "daemon/ctl/html.h"

#include <stdio.h>
#include <string.h>

/* One colour per width: the fewer bits, the lighter. */
static const char style[] =
    "body{font:15px/1.45 system-ui,sans-serif;max-width:980px;margin:24px auto;padding:0 16px;color:#1b1f24;background:#fff}"
    "h1{margin-bottom:0}h2{margin-top:36px;border-bottom:1px solid #d0d7de}svg{width:100%;height:auto;display:block}"
    "svg text{font:11px system-ui,sans-serif;fill:#57606a}table{border-collapse:collapse;font-size:13px}"
    "th,td{text-align:left;padding:3px 10px 3px 0;border-bottom:1px solid #eaeef2;white-space:pre}.n{text-align:right;font-variant-numeric:tabular-nums}"
    "dl{display:grid;grid-template-columns:max-content auto;gap:2px 16px}dt{color:#57606a}dd{margin:0;overflow-wrap:anywhere}"
    ".scroll{overflow-x:auto}.origin{background:#fff8c5;border:1px solid #d4a72c;padding:8px 12px;border-radius:6px}"
    ".grid{stroke:#eaeef2;fill:none}.frame{stroke:#8c959f;fill:none}.budget{stroke:#cf222e;stroke-dasharray:4 3;fill:none}"
    ".front{stroke:#0969da;fill:none;stroke-width:1.5}.off{fill:#afb8c1}.on{fill:#0969da}.int8{fill:#bc4c00}.best{fill:none;stroke:#1a7f37;stroke-width:2}"
    ".key{color:#57606a;font-size:13px}.key span{display:inline-block;width:11px;height:11px;margin:0 4px 0 10px;border-radius:2px;border:1px solid #8c959f}"
    ".k-off{background:#afb8c1}.k-on{background:#0969da}.k-int8{background:#bc4c00}.k-best{border:2px solid #1a7f37}"
    ".b1{fill:#fff5c2;background:#fff5c2}.b2{fill:#fde68a;background:#fde68a}.b3{fill:#fbbf4a;background:#fbbf4a}.b4{fill:#f08a3c;background:#f08a3c}"
    ".b5{fill:#d95f5b;background:#d95f5b}.b6{fill:#a83f78;background:#a83f78}.b7{fill:#6d2f86;background:#6d2f86}.b8{fill:#33246b;background:#33246b}"
    ".b32{fill:#000;background:#000}";

static void fact(struct buffer *out, const char *title, const char *text)
{
    text_print(out, "<dt>%s</dt><dd>", title);
    html_text(out, text);
    text_print(out, "</dd>\n");
}

static void fact_of(struct buffer *out, const char *title, const cJSON *object, const char *path)
{
    const cJSON *item = field_find(object, path);
    if (item && !cJSON_IsNull(item))
        fact(out, title, cJSON_IsString(item) ? item->valuestring : field_value(item).text);
}

static void counts(struct buffer *out, const cJSON *study)
{
    char text[256];
    double dropped;
    snprintf(text, sizeof text, "%.20s measured, %.20s infeasible, %.20s given up, of %.20s proposals and two baselines", field_text(study, "measured").text,
             field_text(study, "infeasible").text, field_text(study, "given_up").text, field_text(study, "trials").text);
    fact(out, "trials", text);
    if (field_number(study, "dropped", &dropped) && dropped > 0) {
        snprintf(text, sizeof text, "%.0f trials by the host, before a board was asked", dropped);
        fact(out, "dropped", text);
    }
}

static void best_fact(struct buffer *out, const cJSON *best)
{
    char text[512];
    if (!cJSON_IsObject(best))
        return;
    snprintf(text, sizeof text, "trial %.20s: %.20s %.20s %% (host), %.20s points below w8a8; %.20s of flash (planned), %.20s %% of int8; %.20s, %.20s (%.20s)",
             field_text(best, "trial").text, metric_words_of(best)->name, field_scaled(best, "accuracy", 100, 2).text, field_fixed(best, "loss_points", 2).text,
             field_bytes(best, "flash_bytes").text, field_scaled(best, "flash_of_int8", 100, 1).text, field_latency(best, "latency_us").text,
             field_energy(best, "energy_uj").text, field_text(best, "origin").text);
    fact(out, "the best", text);
    fact_of(out, "its candidate", best, "candidate");
}

static void summary(const cJSON *report, struct buffer *out)
{
    const cJSON *study = field_find(report, "study");
    text_print(out, "<h1>");
    html_text(out, field_string(study, "name"));
    text_print(out, "</h1>\n");
    if (strcmp(field_string(study, "best.origin"), "virtual") == 0)
        text_print(out, "<p class=\"origin\">Latency and energy are <b>virtual</b>: they come from a model of the microcontroller, not from a board.</p>\n");
    text_print(out, "<dl>\n");
    fact_of(out, "state", study, "state");
    fact_of(out, "reason", study, "reason");
    fact_of(out, "network", study, "network");
    fact_of(out, "its SHA-256", study, "network_sha256");
    fact_of(out, "boards", study, "board_type");
    fact_of(out, "seed", study, "seed");
    fact_of(out, "created", study, "created");
    fact_of(out, "last change", study, "updated");
    counts(out, study);
    best_fact(out, field_find(study, "best"));
    fact_of(out, "runner", field_find(report, "compare.reference"), "provenance.runner");
    text_print(out, "</dl>\n");
}

static void comparison(const cJSON *report, struct buffer *out)
{
    struct compare_table c;
    if (!compare_table_init(&c, field_find(report, "compare")))
        return;
    text_print(out, "<h2>Side by side</h2>\n<div class=\"scroll\">\n");
    html_table(out, &c.table);
    text_print(out, "</div>\n");
    compare_table_finish(&c);
}

static void trials_table(const cJSON *trials, struct buffer *out)
{
    struct table_column columns[TRIAL_COLUMNS + 2];
    const cJSON *trial;
    struct table t;
    trial_columns(trials, columns);
    columns[TRIAL_COLUMNS] = (struct table_column){"CANDIDATE", false};
    columns[TRIAL_COLUMNS + 1] = (struct table_column){"REASON", false};
    table_init(&t, columns, TRIAL_COLUMNS + 2);
    cJSON_ArrayForEach(trial, trials)
    {
        const char *reason = field_string(trial, "reason");
        trial_cells(&t, trial);
        table_cell(&t, COLOR_NONE, "%s", field_string(trial, "candidate"));
        table_cell(&t, COLOR_NONE, "%s", strcmp(reason, "-") == 0 ? "" : reason);
    }
    text_print(out, "<div class=\"scroll\">\n");
    html_table(out, &t);
    text_print(out, "</div>\n");
    table_finish(&t);
}

void report_html(const cJSON *report, struct buffer *out)
{
    char title[FIELD_TEXT_MAX + 16];
    snprintf(title, sizeof title, "pare: %s", field_text(report, "study.name").text);
    html_begin(out, title, style);
    summary(report, out);
    const char *judged = metric_words_of(field_find(report, "study"))->title;
    text_print(out, "<h2>%s against flash</h2>\n", judged);
    report_front(report, out);
    comparison(report, out);
    text_print(out, "<h2>The search</h2>\n");
    report_progress(report, out);
    text_print(out, "<h2>Bits, layer by layer</h2>\n");
    report_bits(report, out);
    text_print(out, "<h2>Cycles, layer by layer</h2>\n");
    report_cycles(report, out);
    text_print(out, "<h2>The front</h2>\n");
    trials_table(field_find(report, "front.trials"), out);
    text_print(out, "<h2>All trials</h2>\n<details><summary>%d trials</summary>\n", cJSON_GetArraySize(field_find(report, "trials")));
    trials_table(field_find(report, "trials"), out);
    text_print(out, "</details>\n<p class=\"key\">%s is computed on the host from the integers that the board computes; flash and RAM are planned exactly. "
                    "Written by pare " PARE_VERSION ".</p>\n", judged);
    html_end(out);
}
