// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/run.h"

#include "hwlink/vboard/firmware_file.h"
#include "hwlink/vboard/power.h"
#include "hwlink/vboard/terminal.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNTIL_MAX 256u // bytes of --until's text
#define SUPPLY_MIN_MV 1710u // data sheet: 1.71 to 3.6 V
#define SUPPLY_MAX_MV 3600u
#define FACTOR_MIN 500u // of --setup-permille
#define FACTOR_MAX 5000u
#define ENERGY_SLICE_CYCLES 16384u // its clock and supply are taken to be those at its end
#define STEPS_MAX 256u // of --send and --until

/* --send and --until in the order of the command line: what is sent waits until all texts before it have been printed. */
struct step {
    const char *text;
    int sends;
};

struct run {
    struct machine *m;
    const char *image;
    int console, json, registers, account, pty;
    struct terminal terminal; // with --pty
    uint64_t max_cycles;
    struct step steps[STEPS_MAX];
    unsigned steps_count, step; // the one that is waited for
    char tail[UNTIL_MAX];       // the last bytes printed, as many as it has
    size_t tail_bytes;
    int found; // the last --until, and nothing is left to be sent
    int input_full;
    int exited;
    uint32_t exit_code;
    uint32_t supply_mv, factor_permille; // of energy; a factor of 0: as the registers say
    struct core_counts counted; // of energy so far
    uint64_t counted_time, energy_fj, duration_ps;
};

/* Sends up to the next --until. */
static void send_texts(struct run *r)
{
    for (; r->step < r->steps_count && r->steps[r->step].sends; r->step++) {
        uint32_t length = (uint32_t)strlen(r->steps[r->step].text);
        if (peripheral_input(r->m, r->steps[r->step].text, length) < length)
            r->input_full = 1;
    }
    r->tail_bytes = 0;
}

/* The text that is waited for has been printed. */
static void take_step(struct run *r)
{
    r->step++;
    r->found = r->step == r->steps_count;
    send_texts(r);
    if (r->found || r->input_full)
        core_ask_stop(r->m);
    core_look(&r->m->core);
}

/* A byte that firmware prints, on whatever way. */
static void print_byte(void *user, uint8_t byte)
{
    struct run *r = user;
    if (r->console)
        putchar(byte);
    if (r->pty)
        terminal_put(&r->terminal, byte);
    if (r->step >= r->steps_count)
        return;
    const char *until = r->steps[r->step].text;
    size_t length = strlen(until);
    if (r->tail_bytes == length)
        memmove(r->tail, r->tail + 1, --r->tail_bytes);
    r->tail[r->tail_bytes++] = (char)byte;
    if (r->tail_bytes == length && memcmp(r->tail, until, length) == 0)
        take_step(r);
}

static uint32_t word_at(struct run *r, uint32_t address)
{
    uint32_t value;
    bus_read(r->m, address, 4, &value, BUS_DEBUGGER);
    return value;
}

static uint8_t byte_at(struct run *r, uint32_t address)
{
    uint32_t value;
    bus_read(r->m, address, 1, &value, BUS_DEBUGGER);
    return (uint8_t)value;
}

#define SEMIHOST_TEXT_MAX 65536u // of one call

/* Semihosting ("Semihosting for AArch32 and AArch64", Arm): what test programs use. Returns 1 when the program has ended. */
static int semihost(struct run *r)
{
    uint32_t operation = core_register(r->m, 0), argument = core_register(r->m, 1), result = 0;
    switch (operation) {
    case 0x03: // SYS_WRITEC
        print_byte(r, byte_at(r, argument));
        break;
    case 0x04: // SYS_WRITE0
        for (uint32_t i = 0; i < SEMIHOST_TEXT_MAX && byte_at(r, argument + i); i++)
            print_byte(r, byte_at(r, argument + i));
        break;
    case 0x05: // SYS_WRITE: handle, address, length; the bytes that were not written
        for (uint32_t i = 0; i < word_at(r, argument + 8) && i < SEMIHOST_TEXT_MAX; i++)
            print_byte(r, byte_at(r, word_at(r, argument + 4) + i));
        break;
    case 0x18: // SYS_EXIT
        r->exit_code = argument == 0x20026u ? 0 : 1; // ADP_Stopped_ApplicationExit
        return 1;
    case 0x20: // SYS_EXIT_EXTENDED
        r->exit_code = word_at(r, argument + 4);
        return 1;
    default:
        result = ~0u;
    }
    core_set_register(r->m, 0, result);
    core_set_register(r->m, 15, core_register(r->m, 15) + 2);
    return 0;
}

static int at_semihosting(struct run *r)
{
    uint32_t instruction;
    bus_read(r->m, core_register(r->m, 15), 2, &instruction, BUS_DEBUGGER);
    return instruction == 0xbeab;
}

static struct power_setup power_setup(const struct run *r)
{
    struct power_setup s = {.supply_mv = r->supply_mv, .deep = r->m->system.scr & 4};
    power_setup_read(&s, &r->m->peripherals.rcc);
    if (r->factor_permille)
        s.factor_permille = r->factor_permille;
    return s;
}

/* What the time since the last call has taken. */
static void add_energy(struct run *r)
{
    const struct core *c = &r->m->core;
    struct power_setup s = power_setup(r);
    struct power_activity a = {.sleep_time = c->counts.sleep_time - r->counted.sleep_time,
                               .flash_lines = c->counts.flash_fetches - r->counted.flash_fetches};
    a.run_time = c->time - r->counted_time - a.sleep_time;
    r->energy_fj += power_energy_fj(&s, &a);
    r->duration_ps += power_duration_ps(&s, &a);
    r->counted = c->counts;
    r->counted_time = c->time;
}

/* What was typed at the terminal; with `wait` something must be, because the core would sleep for ever. */
static void take_typed(struct run *r, int wait)
{
    uint8_t bytes[256];
    const struct usart *u = &r->m->peripherals.usart;
    uint32_t room = u->from < u->until ? USART_INPUT_MAX - u->until : USART_INPUT_MAX;
    size_t n = terminal_take(&r->terminal, bytes, room < sizeof bytes ? room : sizeof bytes, wait);
    if (n > 0)
        peripheral_input(r->m, bytes, (uint32_t)n);
}

static enum core_stop execute(struct run *r)
{
    uint64_t end = machine_cycles(r->m) + r->max_cycles;
    for (;;) {
        uint64_t now = machine_cycles(r->m), left = end > now ? end - now : 0;
        enum core_stop stop = core_run(r->m, left < ENERGY_SLICE_CYCLES ? left : ENERGY_SLICE_CYCLES);
        add_energy(r);
        if (r->pty)
            take_typed(r, stop == CORE_ASLEEP);
        if (r->pty && stop == CORE_ASLEEP)
            continue;
        if (stop == CORE_BUDGET && machine_cycles(r->m) < end)
            continue;
        if (stop != CORE_BREAKPOINT || !at_semihosting(r))
            return stop;
        r->exited = semihost(r);
        if (r->exited || r->found)
            return CORE_BREAKPOINT;
    }
}

static const char *reason(const struct run *r, enum core_stop stop)
{
    if (r->found)
        return "text";
    switch (stop) {
    case CORE_BUDGET: return "max-cycles";
    case CORE_BREAKPOINT: return r->exited ? "exit" : "breakpoint";
    case CORE_ASLEEP: return "asleep";
    case CORE_LOCKED_UP: return "lock-up";
    default: return "stopped";
    }
}

struct figure_row {
    const char *name, *text;
    uint64_t value; // 1/256 cycles where in_time
    int in_time;
};

static void print_rows(const struct figure_row *rows, unsigned n, int json)
{
    for (unsigned i = 0; i < n; i++) {
        uint64_t value = rows[i].in_time ? rows[i].value >> CORE_TIME_BITS : rows[i].value;
        if (json)
            printf(", \"%s\": %" PRIu64, rows[i].name, value);
        else
            printf("%-30s %12" PRIu64 "\n", rows[i].text, value);
    }
}

/* What is left when all else is taken off: results that were not ready, and issues of several cycles. */
static uint64_t pipeline_time(const struct core *c)
{
    const struct core_counts *n = &c->counts;
    uint64_t known = n->sleep_time + n->stall_branch + n->stall_fetch + n->stall_data + n->stall_fpu + n->stall_exception +
                     ((n->instructions - n->dual_issued) << CORE_TIME_BITS);
    return c->time > known ? c->time - known : 0;
}

static void print_figures(const struct run *r, enum core_stop stop)
{
    const struct core *c = &r->m->core;
    const struct core_counts *n = &c->counts;
    const struct figure_row rows[] = {
        {"cycles", "cycles", c->time, 1},
        {"cycles_asleep", "  asleep", n->sleep_time, 1},
        {"instructions", "instructions", n->instructions, 0},
        {"dual_issued", "  second of a pair", n->dual_issued, 0},
        {"loads", "loads", n->loads, 0},
        {"flash_loads", "  from flash", n->flash_loads, 0},
        {"stores", "stores", n->stores, 0},
        {"branches", "taken branches", n->branches, 0},
        {"exceptions", "exceptions", n->exceptions, 0},
        {"cache_hits", "cache hits", n->cache_hits, 0},
        {"cache_misses", "cache misses", n->cache_misses, 0},
        {"flash_fetches", "lines read from flash", n->flash_fetches, 0},
        {"stall_pipeline", "cycles lost: pipeline", pipeline_time(c), 1},
        {"stall_use", "    result not ready", n->stall_use, 1},
        {"stall_issue", "    issue of several cycles", n->stall_issue, 1},
        {"stall_branch", "  taken branches", n->stall_branch, 1},
        {"stall_fetch", "  instructions from flash", n->stall_fetch, 1},
        {"stall_data", "  data from flash", n->stall_data, 1},
        {"stall_fpu", "  FPU busy or result not ready", n->stall_fpu, 1},
        {"stall_exception", "  exceptions", n->stall_exception, 1},
    };
    unsigned count = sizeof rows / sizeof *rows;
    double awake = (double)(c->time - n->sleep_time) / (1 << CORE_TIME_BITS);
    double cpi = n->instructions ? awake / (double)n->instructions : 0;
    double seconds = (double)r->duration_ps * 1e-12, energy_uj = (double)r->energy_fj * 1e-9;
    struct power_setup supplied = power_setup(r);
    char setup[POWER_TEXT_MAX];
    power_setup_text(&supplied, setup, sizeof setup);
    if (r->json) {
        printf("{\"stop\": \"%s\", \"pc\": %" PRIu32 ", \"exit_code\": %" PRIu32, reason(r, stop), c->r[15], r->exit_code);
        print_rows(rows, count, 1);
        printf(", \"cpi\": %.4f, \"seconds\": %.9f, \"energy_uj\": %.4f, \"setup\": \"%s\"}\n", cpi, seconds, energy_uj, setup);
        return;
    }
    printf("%-30s %12s at 0x%08" PRIx32 "\n", "stop", reason(r, stop), c->r[15]);
    print_rows(rows, count, 0);
    printf("%-30s %12.4f\n", "cycles per instruction", cpi);
    printf("%-30s %12.3f ms\n", "time", seconds * 1e3);
    printf("%-30s %12.3f uJ, %.3f mW in the mean\n", "energy, by the model", energy_uj, seconds > 0 ? energy_uj / seconds * 1e-3 : 0);
    printf("%-30s %s\n", "  set-up at the end", setup);
}

static void print_registers(struct run *r)
{
    for (unsigned i = 0; i < 16; i++)
        printf("r%-2u %08" PRIx32 "%s", i, core_register(r->m, i), i % 8 == 7 ? "\n" : "  ");
    printf("xpsr %08" PRIx32 "  fpscr %08" PRIx32 "  cfsr %08" PRIx32 "  hfsr %08" PRIx32 "\n", core_register(r->m, 16),
           core_register(r->m, 33), r->m->system.cfsr, r->m->system.hfsr);
}

static int run_machine(struct run *r)
{
    struct error e = {{0}};
    if (firmware_file_load(r->m, r->image, &e)) {
        fprintf(stderr, "pare-vboard: %s\n", e.text);
        return 2;
    }
    r->m->core.bkpt_stops = 1;
    r->m->core.account = r->account;
    r->m->peripherals.usart.output = print_byte;
    r->m->peripherals.usart.user = r;
    if (r->pty && terminal_open(&r->terminal, &e) != 0) {
        fprintf(stderr, "pare-vboard: %s\n", e.text);
        return 2;
    }
    if (r->pty)
        fprintf(stderr, "pare-vboard: the console is %s\n", r->terminal.path);
    send_texts(r);
    enum core_stop stop = execute(r);
    fflush(stdout);
    if (r->pty)
        terminal_close(&r->terminal);
    if (r->input_full) {
        fprintf(stderr, "pare-vboard: --send: more than %u bytes wait to be read\n", USART_INPUT_MAX);
        return 2;
    }
    if (r->registers)
        print_registers(r);
    print_figures(r, stop);
    if (r->found)
        return 0;
    return r->step < r->steps_count || stop == CORE_BUDGET || stop == CORE_LOCKED_UP || r->exit_code ? 1 : 0;
}

enum run_option { OPTION_CONSOLE = 1, OPTION_SEND, OPTION_UNTIL, OPTION_MAX_CYCLES, OPTION_JSON, OPTION_REGISTERS, OPTION_ACCOUNT, OPTION_SUPPLY,
                  OPTION_FACTOR, OPTION_PTY };

static int usage(void)
{
    fprintf(stderr, "usage: pare-vboard %s\n", RUN_USAGE);
    return 2;
}

static int read_number(const char *text, uint64_t *value)
{
    char *end;
    *value = strtoull(text, &end, 0);
    return *text >= '0' && *text <= '9' && *end == 0 ? 0 : -1;
}

static int read_within(const char *text, uint32_t least, uint32_t most, uint32_t *result)
{
    uint64_t value;
    if (read_number(text, &value) || value < least || value > most)
        return -1;
    *result = (uint32_t)value;
    return 0;
}

static int add_step(struct run *r, const char *text, int sends)
{
    if (r->steps_count == STEPS_MAX || !*text || (!sends && strlen(text) >= UNTIL_MAX))
        return -1;
    r->steps[r->steps_count++] = (struct step){text, sends};
    return 0;
}

static int read_options(int argc, char **argv, struct run *r)
{
    static const struct option options[] = {
        {"console", no_argument, NULL, OPTION_CONSOLE},        {"send", required_argument, NULL, OPTION_SEND},
        {"until", required_argument, NULL, OPTION_UNTIL},      {"max-cycles", required_argument, NULL, OPTION_MAX_CYCLES},
        {"json", no_argument, NULL, OPTION_JSON},              {"registers", no_argument, NULL, OPTION_REGISTERS},
        {"account", no_argument, NULL, OPTION_ACCOUNT},        {"supply", required_argument, NULL, OPTION_SUPPLY},
        {"setup-permille", required_argument, NULL, OPTION_FACTOR}, {"pty", no_argument, NULL, OPTION_PTY},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case OPTION_CONSOLE: r->console = 1; break;
        case OPTION_PTY: r->pty = 1; break;
        case OPTION_SEND:
        case OPTION_UNTIL:
            if (add_step(r, optarg, option == OPTION_SEND))
                return -1;
            break;
        case OPTION_JSON: r->json = 1; break;
        case OPTION_ACCOUNT: r->account = 1; break;
        case OPTION_REGISTERS: r->registers = 1; break;
        case OPTION_SUPPLY:
            if (read_within(optarg, SUPPLY_MIN_MV, SUPPLY_MAX_MV, &r->supply_mv))
                return -1;
            break;
        case OPTION_FACTOR:
            if (read_within(optarg, FACTOR_MIN, FACTOR_MAX, &r->factor_permille))
                return -1;
            break;
        case OPTION_MAX_CYCLES:
            if (read_number(optarg, &r->max_cycles))
                return -1;
            break;
        default: return -1;
        }
    }
    if (optind + 1 != argc)
        return -1;
    r->image = argv[optind];
    return 0;
}

int run_command(int argc, char **argv)
{
    struct run r = {.max_cycles = UINT64_MAX >> (CORE_TIME_BITS + 1), .supply_mv = 1800};
    if (read_options(argc, argv, &r))
        return usage();
    r.m = machine_create();
    if (!r.m) {
        fprintf(stderr, "pare-vboard: no memory for a machine\n");
        return 2;
    }
    int result = run_machine(&r);
    machine_destroy(r.m);
    return result;
}
