// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The virtual core, instruction by instruction: results, flags, IT blocks, faults, exceptions, stops. Cycles are checked by
// tests/firmware/cycle_rules.c, all encodings against another emulator by tests/firmware/instruction_cases.c.
#include "hwlink/vboard/machine.h"
#include "tests/suite.h"

#include <check.h>
#include <string.h>

#define CODE 0x08001000u
#define HANDLER 0x08002000u
#define STACK 0x20008000u
#define N (1u << 31)
#define Z (1u << 30)
#define C (1u << 29)
#define V (1u << 28)
#define Q (1u << 27)

static struct machine *m;

static void put_word(uint32_t address, uint32_t value)
{
    memcpy(memory_at(m, address, 4), &value, 4);
    core_invalidate(m, address, 4);
}

static void put_code(uint32_t address, const uint16_t *code, unsigned n)
{
    memcpy(memory_at(m, address, 2 * n), code, 2 * n);
    core_invalidate(m, address, 2 * n);
}

/* A machine at CODE, every vector at HANDLER, which is a breakpoint until a test puts something else there. */
static void set_up(void)
{
    m = machine_create();
    ck_assert_ptr_nonnull(m);
    put_word(0x08000000u, STACK);
    put_word(0x08000004u, CODE | 1);
    for (uint32_t vector = 2; vector < 32; vector++)
        put_word(0x08000000u + 4 * vector, HANDLER | 1);
    put_code(HANDLER, (const uint16_t[]){0xbe00}, 1);
    m->core.bkpt_stops = 1;
    machine_reset(m, 0);
}

static void tear_down(void)
{
    machine_destroy(m);
}

static void set(unsigned r, uint32_t value)
{
    core_set_register(m, r, value);
}

static uint32_t get(unsigned r)
{
    return core_register(m, r);
}

static uint32_t flags(void)
{
    return get(16) & (N | Z | C | V | Q);
}

/* Runs code with a breakpoint after it. Returns why it stopped. */
static enum core_stop run(const uint16_t *code, unsigned n)
{
    put_code(CODE, code, n);
    put_code(CODE + 2 * n, (const uint16_t[]){0xbe00}, 1);
    set(15, CODE);
    return core_run(m, 5000);
}

#define RUN(...) \
    ck_assert_int_eq(run((const uint16_t[]){__VA_ARGS__}, sizeof((const uint16_t[]){__VA_ARGS__}) / 2), CORE_BREAKPOINT)

START_TEST(reset_takes_stack_and_start_from_the_vector_table)
{
    ck_assert_uint_eq(get(13), STACK);
    ck_assert_uint_eq(get(15), CODE);
    ck_assert_uint_eq(get(14), ~0u);
    ck_assert_uint_eq(get(16), 1u << 24);
}
END_TEST

START_TEST(a_blank_part_sleeps)
{
    put_word(0x08000000u, ~0u);
    put_word(0x08000004u, ~0u);
    machine_reset(m, 0);
    ck_assert_int_eq(core_run(m, 100000), CORE_ASLEEP);
}
END_TEST

START_TEST(addition_sets_all_flags)
{
    set(0, 0x7fffffff);
    set(1, 1);
    RUN(0x1840); // adds r0, r0, r1
    ck_assert_uint_eq(get(0), 0x80000000u);
    ck_assert_uint_eq(flags(), N | V);
    set(0, ~0u);
    RUN(0x1840);
    ck_assert_uint_eq(get(0), 0);
    ck_assert_uint_eq(flags(), Z | C);
}
END_TEST

START_TEST(subtraction_has_carry_for_no_borrow)
{
    set(0, 5);
    set(1, 5);
    RUN(0x1a40); // subs r0, r0, r1
    ck_assert_uint_eq(flags(), Z | C);
    RUN(0x1a40); // 0 - 5
    ck_assert_uint_eq(get(0), 0xfffffffbu);
    ck_assert_uint_eq(flags(), N);
}
END_TEST

START_TEST(shifts_put_the_last_bit_into_carry)
{
    set(1, 0x80000001u);
    RUN(0x0808); // lsrs r0, r1, #32
    ck_assert_uint_eq(get(0), 0);
    ck_assert_uint_eq(flags(), Z | C);
    RUN(0x0048); // lsls r0, r1, #1
    ck_assert_uint_eq(get(0), 2);
    ck_assert_uint_eq(flags(), C);
    set(2, 33);
    RUN(0x0008, 0x4090); // movs r0, r1; lsls r0, r2
    ck_assert_uint_eq(get(0), 0);
    ck_assert_uint_eq(flags(), Z);
}
END_TEST

START_TEST(a_rotated_constant_puts_its_top_bit_into_carry)
{
    set(1, 0xff);
    RUN(0xf011, 0x4000); // ands r0, r1, #0x80000000
    ck_assert_uint_eq(get(0), 0);
    ck_assert_uint_eq(flags(), Z | C);
}
END_TEST

START_TEST(rrx_goes_through_carry)
{
    set(1, 3);
    core_set_register(m, 16, 1u << 24 | C);
    RUN(0xea5f, 0x0031); // rrxs r0, r1
    ck_assert_uint_eq(get(0), 0x80000001u);
    ck_assert_uint_eq(flags(), N | C);
}
END_TEST

START_TEST(saturation_is_sticky_in_q)
{
    set(0, 0x7fffffff);
    set(1, 1);
    RUN(0xfa81, 0xf080); // qadd r0, r0, r1
    ck_assert_uint_eq(get(0), 0x7fffffffu);
    ck_assert_uint_eq(flags(), Q);
    set(0, 0xffffff00u);
    RUN(0xf380, 0x0008); // usat r0, #8, r0
    ck_assert_uint_eq(get(0), 0);
    RUN(0xf300, 0x0007); // ssat r0, #8, r0: nothing to do
    ck_assert_uint_eq(flags(), Q);
}
END_TEST

START_TEST(smlad_multiplies_halves_and_notes_overflow)
{
    set(1, 0x0002fffd); // 2, -3
    set(2, 0x00050007); // 5, 7
    set(3, 100);
    RUN(0xfb21, 0x3002); // smlad r0, r1, r2, r3
    ck_assert_int_eq((int32_t)get(0), 100 + 10 - 21);
    ck_assert_uint_eq(flags(), 0);
    set(1, 0x80008000u);
    set(2, 0x80008000u);
    set(3, 0);
    RUN(0xfb21, 0x3002);
    ck_assert_uint_eq(get(0), 0x80000000u);
    ck_assert_uint_eq(flags(), Q);
}
END_TEST

START_TEST(sxtb16_takes_two_bytes)
{
    set(1, 0x80ff7f01u);
    RUN(0xfa2f, 0xf081); // sxtb16 r0, r1
    ck_assert_uint_eq(get(0), 0xffff0001u);
    RUN(0xfa2f, 0xf091); // sxtb16 r0, r1, ror #8
    ck_assert_uint_eq(get(0), 0xff80007fu);
}
END_TEST

START_TEST(sel_follows_the_flags_of_parallel_sums)
{
    set(1, 0x01020304);
    set(2, 0x02010403);
    RUN(0xfac1, 0xf042, 0xfaa1, 0xf082); // usub8 r0, r1, r2; sel r0, r1, r2
    ck_assert_uint_eq(get(0), 0x02020404u);
}
END_TEST

START_TEST(division_by_zero_gives_zero_unless_trapped)
{
    set(1, 7);
    set(2, 0);
    RUN(0xfbb1, 0xf0f2); // udiv r0, r1, r2
    ck_assert_uint_eq(get(0), 0);
    set(1, 0x80000000u);
    set(2, ~0u);
    RUN(0xfb91, 0xf0f2); // sdiv
    ck_assert_uint_eq(get(0), 0x80000000u);
    set(2, 0);
    m->system.ccr |= 16;
    RUN(0xfb91, 0xf0f2);
    ck_assert_uint_eq(get(15), HANDLER);
    ck_assert_uint_eq(m->system.cfsr, 1u << 25);
}
END_TEST

START_TEST(an_it_block_executes_its_half)
{
    set(0, 1);
    set(1, 0);
    set(2, 0);
    RUN(0x2801, 0xbf0c, 0x2105, 0x2206); // cmp r0, #1; ite eq; moveq r1, #5; movne r2, #6
    ck_assert_uint_eq(get(1), 5);
    ck_assert_uint_eq(get(2), 0);
    ck_assert_uint_eq(flags(), Z | C); // 16-bit instructions set no flags in it
}
END_TEST

START_TEST(a_stop_inside_an_it_block_keeps_its_state)
{
    set(0, 1);
    set(1, 0);
    set(2, 0);
    put_code(CODE, (const uint16_t[]){0x2801, 0xbf0c, 0x2105, 0x2206, 0xbe00}, 5);
    set(15, CODE);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(core_step(m), CORE_BUDGET);
    ck_assert_uint_eq(get(15), CODE + 6);
    ck_assert_uint_eq(get(16) & 0x0600fc00u, 0x00001800u); // ITSTATE 0x18: ne, one left
    core_invalidate(m, CODE + 6, 2); // as a breakpoint set there does
    ck_assert_int_eq(core_run(m, 100), CORE_BREAKPOINT);
    ck_assert_uint_eq(get(2), 0);
}
END_TEST

START_TEST(load_multiple_into_pc_jumps)
{
    put_word(0x20000100u, 11);
    put_word(0x20000104u, HANDLER | 1);
    set(13, 0x20000100u);
    RUN(0xbd01); // pop {r0, pc}
    ck_assert_uint_eq(get(0), 11);
    ck_assert_uint_eq(get(15), HANDLER);
    ck_assert_uint_eq(get(13), 0x20000108u);
}
END_TEST

START_TEST(code_in_sram_may_change_itself)
{
    put_code(0x20000200u, (const uint16_t[]){0x2001, 0x4770}, 2); // movs r0, #1; bx lr
    set(3, 0x20000201u);
    set(2, 0x20000200u);
    set(1, 0x2002);
    RUN(0x4798, 0x4604, 0x8011, 0x4798); // blx r3; mov r4, r0; strh r1, [r2]; blx r3
    ck_assert_uint_eq(get(4), 1);
    ck_assert_uint_eq(get(0), 2);
}
END_TEST

/* Cycles of as many instructions, from `address` on. */
static uint64_t cycles_of(uint32_t address, const uint16_t *code, unsigned halfwords, unsigned steps)
{
    put_code(address, code, halfwords);
    set(15, address);
    uint64_t start = machine_cycles(m);
    for (unsigned i = 0; i < steps; i++)
        core_step(m);
    return machine_cycles(m) - start;
}

START_TEST(code_and_data_in_sram_share_a_bus)
{
    static const uint16_t loads[] = {0xf8d1, 0x0000, 0xf8d1, 0x0000, 0xf8d1, 0x0000, 0xf8d1, 0x0000, 0xbf00}; // ldr.w r0, [r1]
    static const uint16_t stores[] = {0xf8c1, 0x0000, 0xf8c1, 0x0000, 0xf8c1, 0x0000, 0xf8c1, 0x0000, 0xbf00};
    static const uint16_t narrow[] = {0x6808, 0x46c0, 0x46c0, 0x6808, 0x46c0, 0x46c0, 0xbf00}; // ldr r0, [r1]; mov r8, r8
    set(1, 0x20001000u);
    ck_assert_uint_eq(cycles_of(0x20000200u, loads, 9, 4), 8); // each takes the cycle that would fetch the next one
    ck_assert_uint_eq(cycles_of(0x20000300u, stores, 9, 4), 8);
    ck_assert_uint_eq(cycles_of(0x20000400u, narrow, 7, 6), 6); // two instructions of a word: fetch is ahead
    ck_assert_uint_eq(cycles_of(0x0a000500u, loads, 9, 4), 4);  // code by the other bus
}
END_TEST

START_TEST(a_bad_address_is_a_precise_bus_fault)
{
    set(1, 0x60000000u);
    RUN(0x6808); // ldr r0, [r1]
    ck_assert_uint_eq(get(15), HANDLER);
    ck_assert_uint_eq(get(16) & 0x1ff, EXCEPTION_HARDFAULT); // not enabled: escalated
    ck_assert_uint_eq(m->system.cfsr, 0x8200);
    ck_assert_uint_eq(m->system.bfar, 0x60000000u);
    ck_assert_uint_eq(m->system.hfsr, 1u << 30);
    uint32_t pc;
    bus_read(m, get(13) + 24, 4, &pc, BUS_DEBUGGER);
    ck_assert_uint_eq(pc, CODE);
}
END_TEST

START_TEST(an_enabled_fault_has_its_own_handler)
{
    m->system.shcsr_enables = 7u << 16;
    RUN(0xde00); // udf
    ck_assert_uint_eq(get(16) & 0x1ff, EXCEPTION_USAGEFAULT);
    ck_assert_uint_eq(m->system.cfsr, 1u << 16);
}
END_TEST

START_TEST(a_fault_in_hardfault_locks_up)
{
    put_code(HANDLER, (const uint16_t[]){0xde00}, 1);
    put_code(CODE, (const uint16_t[]){0xde00}, 1);
    ck_assert_int_eq(core_run(m, 1000), CORE_LOCKED_UP);
    ck_assert_uint_eq(get(15), 0xeffffffeu);
}
END_TEST

START_TEST(svc_comes_back_with_all_registers)
{
    put_code(HANDLER, (const uint16_t[]){0x2007, 0x4770}, 2); // movs r0, #7; bx lr
    set(0, 1);
    core_set_register(m, 16, 1u << 24 | N | C);
    RUN(0xdf00, 0x1c41); // svc; adds r1, r0, #1
    ck_assert_uint_eq(get(1), 2);
    ck_assert_uint_eq(get(13), STACK);
    ck_assert_uint_eq(get(16) & 0x1ff, 0);
    ck_assert_uint_eq(m->core.counts.exceptions, 1);
}
END_TEST

START_TEST(an_unaligned_stack_is_aligned_and_restored)
{
    put_code(HANDLER, (const uint16_t[]){0x4668, 0x4770}, 2); // mov r0, sp; bx lr
    set(13, STACK - 4);
    put_code(CODE, (const uint16_t[]){0xdf00, 0xbe00}, 2);
    set(15, CODE);
    ck_assert_int_eq(core_step(m), CORE_BUDGET);
    ck_assert_uint_eq(get(13), STACK - 40);
    ck_assert_int_eq(core_run(m, 100), CORE_BREAKPOINT);
    ck_assert_uint_eq(get(13), STACK - 4);
}
END_TEST

START_TEST(threads_may_use_the_process_stack)
{
    put_code(HANDLER, (const uint16_t[]){0x4770}, 1);
    set(0, 0x20004000u);
    set(1, 2);
    RUN(0xf380, 0x8809, 0xf381, 0x8814, 0xb402, 0xdf00); // msr psp, r0; msr control, r1; push {r1}; svc
    ck_assert_uint_eq(get(13), 0x20003ffcu);
    ck_assert_uint_eq(get(17), STACK);
    ck_assert_uint_eq(get(18), 0x20003ffcu);
}
END_TEST

START_TEST(a_stack_below_its_limit_faults)
{
    m->system.shcsr_enables = 7u << 16;
    core_set_register(m, 28, STACK - 8);
    RUN(0xb40f); // push {r0-r3}
    ck_assert_uint_eq(get(15), HANDLER);
    ck_assert_uint_eq(m->system.cfsr, 1u << 20);
}
END_TEST

START_TEST(interrupts_nest_by_priority_and_wait_for_primask)
{
    put_code(HANDLER, (const uint16_t[]){0x4770}, 1);
    m->system.enabled[0] = 3u << 16; // interrupts 0 and 1
    m->system.priority[16] = 0x40;
    m->system.priority[17] = 0x20;
    m->core.primask = 1;
    system_pend(m, 16);
    system_pend(m, 17);
    RUN(0xbf00); // nop
    ck_assert_uint_eq(m->core.counts.exceptions, 0);
    ck_assert_uint_eq(system_next(m, 1), 17);
    put_code(CODE, (const uint16_t[]){0xb662, 0xbf00, 0xbe00}, 3); // cpsie i; nop
    set(15, CODE);
    core_step(m);
    core_step(m);
    ck_assert_uint_eq(get(16) & 0x1ff, 0); // the first one has come and gone in one step: bx lr
    ck_assert_uint_eq(m->core.counts.exceptions, 1);
    ck_assert_int_eq(core_run(m, 1000), CORE_BREAKPOINT);
    ck_assert_uint_eq(m->core.counts.exceptions, 2);
}
END_TEST

START_TEST(a_level_that_stays_high_comes_again)
{
    put_code(HANDLER, (const uint16_t[]){0x3001, 0x4770}, 2); // adds r0, #1 (in the frame's shadow); bx lr
    m->system.enabled[0] = 1u << 16;
    system_set_irq(m, 0, 1);
    set(15, CODE);
    put_code(CODE, (const uint16_t[]){0xe7fe}, 1); // b .
    core_run(m, 200);
    ck_assert_uint_gt(m->core.counts.exceptions, 3);
    system_set_irq(m, 0, 0);
    core_run(m, 200);
    uint64_t before = m->core.counts.exceptions;
    core_run(m, 200);
    ck_assert_uint_eq(m->core.counts.exceptions, before);
}
END_TEST

START_TEST(systick_wakes_a_sleeper_in_time)
{
    put_code(HANDLER, (const uint16_t[]){0x4770}, 1);
    bus_write(m, 0xe000e014u, 4, 999, BUS_DEBUGGER);
    bus_write(m, 0xe000e018u, 4, 0, BUS_DEBUGGER);
    bus_write(m, 0xe000e010u, 4, 7, BUS_DEBUGGER);
    uint64_t start = machine_cycles(m);
    RUN(0xbf30); // wfi
    ck_assert_uint_eq(m->core.counts.exceptions, 1);
    ck_assert_uint_ge(machine_cycles(m) - start, 1000);
    ck_assert_uint_le(machine_cycles(m) - start, 1040);
    ck_assert_uint_gt(m->core.counts.sleep_time >> CORE_TIME_BITS, 990);
}
END_TEST

START_TEST(floats_need_cpacr)
{
    m->system.shcsr_enables = 7u << 16;
    RUN(0xee30, 0x0a20); // vadd.f32 s0, s0, s1
    ck_assert_uint_eq(m->system.cfsr, 1u << 19);
    machine_reset(m, 0);
    bus_write(m, 0xe000ed88u, 4, 15u << 20, BUS_DEBUGGER);
    core_set_register(m, 64, 0x3f800000u);
    core_set_register(m, 65, 0x40000000u);
    RUN(0xee30, 0x0a20);
    ck_assert_uint_eq(get(64), 0x40400000u);
    ck_assert_uint_eq(get(20) >> 24, 4); // FPCA
}
END_TEST

START_TEST(an_invalid_operation_gives_the_default_nan)
{
    bus_write(m, 0xe000ed88u, 4, 15u << 20, BUS_DEBUGGER);
    core_set_register(m, 64, 0x7f800000u);
    core_set_register(m, 65, 0xff800000u);
    RUN(0xee30, 0x0a20);
    ck_assert_uint_eq(get(64), 0x7fc00000u);
    ck_assert_uint_eq(get(33) & 0x9f, 1);
}
END_TEST

START_TEST(float_registers_survive_an_interrupt)
{
    bus_write(m, 0xe000ed88u, 4, 15u << 20, BUS_DEBUGGER);
    put_code(HANDLER, (const uint16_t[]){0xee30, 0x0a00, 0x4770}, 3); // vadd.f32 s0, s0, s0; bx lr
    core_set_register(m, 64, 0x3f800000u);
    RUN(0xeeb0, 0x1a40, 0xdf00); // vmov s2, s0; svc
    ck_assert_uint_eq(get(64), 0x3f800000u);
    ck_assert_uint_eq(get(13), STACK);
}
END_TEST

START_TEST(cycles_do_not_depend_on_how_a_run_is_cut)
{
    static const uint16_t loop[] = {0x20c8, 0x6813, 0x3301, 0x6013, 0xfb03, 0xf403, 0x3801, 0xd1f8, 0xbe00};
    uint64_t whole = 0;
    for (uint64_t piece = 1000000; piece; piece /= 7) {
        put_code(CODE, loop, sizeof loop / 2);
        set(2, 0x20000000u);
        set(15, CODE);
        uint64_t start = m->core.time;
        while (core_run(m, piece) == CORE_BUDGET)
            ;
        whole = whole ? whole : m->core.time - start;
        ck_assert_uint_eq(m->core.time - start, whole);
    }
}
END_TEST

/* A branch far forward, to code that was never executed. */
static void put_branch_to_new_code(void)
{
    put_code(CODE, (const uint16_t[]){0xe07e}, 1);                          // b CODE + 0x100
    put_code(CODE + 0x100, (const uint16_t[]){0x2005, 0x3001, 0xbe00}, 3); // movs r0, #5; adds r0, #1
}

START_TEST(a_run_may_end_at_a_branch_to_new_code)
{
    put_branch_to_new_code();
    ck_assert_int_eq(core_step(m), CORE_BUDGET);
    ck_assert_uint_eq(get(15), CODE + 0x100);
    ck_assert_int_eq(core_run(m, 1000), CORE_BREAKPOINT);
    ck_assert_uint_eq(get(0), 6);
}
END_TEST

START_TEST(new_code_takes_the_cycles_of_known_code)
{
    uint64_t time[2];
    bus_write(m, 0x40022000u, 4, 0x104, BUS_CORE); // FLASH_ACR: 4 wait states, prefetch
    bus_write(m, 0x40030400u, 4, 5, BUS_CORE);     // ICACHE_CR: on
    put_branch_to_new_code();
    for (int i = 0; i < 2; i++) {
        bus_write(m, 0x40030400u, 4, 7, BUS_CORE); // empty
        set(15, CODE);
        time[i] = m->core.time;
        ck_assert_int_eq(core_run(m, 1000), CORE_BREAKPOINT);
        time[i] = m->core.time - time[i];
    }
    ck_assert_uint_eq(time[0], time[1]);
}
END_TEST

START_TEST(a_request_to_stop_ends_one_run)
{
    put_code(CODE, (const uint16_t[]){0xe7fe}, 1);
    set(15, CODE);
    core_ask_stop(m);
    ck_assert_int_eq(core_run(m, 100000), CORE_ASKED);
    ck_assert_int_eq(core_run(m, 1000), CORE_BUDGET);
}
END_TEST

START_TEST(a_system_reset_by_firmware_starts_again)
{
    put_code(CODE, (const uint16_t[]){0x3001, 0x6011, 0xbe00}, 3); // adds r0, #1; str r1, [r2]
    set(1, 0x05fa0004u);
    set(2, 0xe000ed0cu);
    set(0, 41);
    set(15, CODE);
    core_run(m, 10);
    ck_assert_uint_eq(get(0), 1); // started again with zero, went on to store to address 0
    ck_assert_uint_eq(get(2), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vboard_core");
    TCase *t = suite_case(suite, "core", set_up, tear_down);
    tcase_add_test(t, reset_takes_stack_and_start_from_the_vector_table);
    tcase_add_test(t, a_blank_part_sleeps);
    tcase_add_test(t, addition_sets_all_flags);
    tcase_add_test(t, subtraction_has_carry_for_no_borrow);
    tcase_add_test(t, shifts_put_the_last_bit_into_carry);
    tcase_add_test(t, a_rotated_constant_puts_its_top_bit_into_carry);
    tcase_add_test(t, rrx_goes_through_carry);
    tcase_add_test(t, saturation_is_sticky_in_q);
    tcase_add_test(t, smlad_multiplies_halves_and_notes_overflow);
    tcase_add_test(t, sxtb16_takes_two_bytes);
    tcase_add_test(t, sel_follows_the_flags_of_parallel_sums);
    tcase_add_test(t, division_by_zero_gives_zero_unless_trapped);
    tcase_add_test(t, an_it_block_executes_its_half);
    tcase_add_test(t, a_stop_inside_an_it_block_keeps_its_state);
    tcase_add_test(t, load_multiple_into_pc_jumps);
    tcase_add_test(t, code_in_sram_may_change_itself);
    tcase_add_test(t, code_and_data_in_sram_share_a_bus);
    tcase_add_test(t, a_bad_address_is_a_precise_bus_fault);
    tcase_add_test(t, an_enabled_fault_has_its_own_handler);
    tcase_add_test(t, a_fault_in_hardfault_locks_up);
    tcase_add_test(t, svc_comes_back_with_all_registers);
    tcase_add_test(t, an_unaligned_stack_is_aligned_and_restored);
    tcase_add_test(t, threads_may_use_the_process_stack);
    tcase_add_test(t, a_stack_below_its_limit_faults);
    tcase_add_test(t, interrupts_nest_by_priority_and_wait_for_primask);
    tcase_add_test(t, a_level_that_stays_high_comes_again);
    tcase_add_test(t, systick_wakes_a_sleeper_in_time);
    tcase_add_test(t, floats_need_cpacr);
    tcase_add_test(t, an_invalid_operation_gives_the_default_nan);
    tcase_add_test(t, float_registers_survive_an_interrupt);
    tcase_add_test(t, cycles_do_not_depend_on_how_a_run_is_cut);
    tcase_add_test(t, a_run_may_end_at_a_branch_to_new_code);
    tcase_add_test(t, new_code_takes_the_cycles_of_known_code);
    tcase_add_test(t, a_request_to_stop_ends_one_run);
    tcase_add_test(t, a_system_reset_by_firmware_starts_again);
    return suite_run(suite);
}
