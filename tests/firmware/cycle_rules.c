// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What sequences of instructions cost, and what hwlink/vboard/timing.h says they must: one line for each rule. Runs on a real board
// as well. Each sequence stands 20 and 40 times in a row, in flash, at 160 MHz; the difference is what 20 cost.
#include "hwlink/runner/clock.h"
#include "hwlink/runner/registers.h"
#include "tests/firmware/console.h"

#define REPEATS 20
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

static uint32_t words[64] __attribute__((aligned(16)));
static const uint32_t constants[1024] __attribute__((aligned(16))) = {1}; // two halves, each of 40 lines, 48 bytes apart
static uint32_t constants_skipped; // words

/* Registers: r1 words, r2 constants, r3 2, r4 0, r5 0xffffffff, r6 3; r0 and r8 free; r12 DWT_CYCCNT. */
#define MEASURE(body)                                                                                                    \
    __asm volatile("dsb\n isb\n .balign 4\n"                                                                              \
                   "ldr r11, [r12]\n nop.w\n nop.w\n" body "nop.w\n nop.w\n"                                             \
                   "ldr r10, [r12]\n sub %0, r10, r11\n"                                                                  \
                   : "=&r"(cycles)                                                                                       \
                   : "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(r6), "r"(r12)                                      \
                   : "r0", "r8", "r9", "r10", "r11", "lr", "cc", "memory", "s0", "s1", "s2", "s3", "s4", "s5", "s6")

#define SETUP                                                                                                            \
    register uint32_t *r1 __asm("r1") = words;                                                                           \
    register const uint32_t *r2 __asm("r2") = constants + constants_skipped;                                                                 \
    register uint32_t r3 __asm("r3") = 2, r4 __asm("r4") = 0, r5 __asm("r5") = ~0u, r6 __asm("r6") = 3;                  \
    register volatile uint32_t *r12 __asm("r12") = &DWT_CYCCNT;                                                          \
    uint32_t cycles;

#define FUNCTION(name, body)                                                                                             \
    __attribute__((noinline)) static uint32_t name(void)                                                                 \
    {                                                                                                                    \
        SETUP MEASURE(body);                                                                                             \
        return cycles;                                                                                                   \
    }

/* name, hundredths of cycles, what stands there */
#define RULES(R)                                                                                                         \
    R(alu, 100, "add.w r0, r0, #1\n")                                                                                    \
    R(shifted_operand, 100, "add.w r0, r3, r6, lsl #3\n")                                                                \
    R(shifted_operand_then_use, 300, "add.w r0, r3, r6, lsl #4\n add.w r8, r0, #1\n")                                    \
    R(right_shifted_operand_then_use, 300, "add.w r0, r3, r6, asr #1\n add.w r8, r0, #1\n")                              \
    R(little_shifted_operand_then_use, 200, "add.w r0, r3, r6, lsl #3\n add.w r8, r0, #1\n")                             \
    R(plain_shift_then_use, 200, "lsl.w r0, r3, #3\n add.w r8, r0, #1\n")                                                \
    R(rotated_constant_then_use, 300, "eor.w r0, r3, #0x1fc0\n add.w r8, r0, #1\n")                                      \
    R(rotated_constant_setting_flags, 200, "eors.w r0, r3, #0x1fc0\n")                                                   \
    R(pattern_constant_then_use, 200, "eor.w r0, r3, #0x1b1b1b1b\n add.w r8, r0, #1\n")                                  \
    R(shifted_flags_then_condition, 300, "adds.w r0, r3, r6, lsl #4\n beq.w 1f\n 1:\n")                                  \
    R(muls_narrow, 200, "muls r0, r3, r0\n")                                                                             \
    R(multiply_chain, 200, "mul.w r0, r0, r3\n")                                                                         \
    R(accumulator_chain, 100, "smlad r0, r3, r6, r0\n")                                                                  \
    R(accumulator_then_use, 300, "smlad r0, r3, r6, r0\n add.w r8, r0, #1\n")                                            \
    R(accumulator_then_store, 200, "smlad r0, r3, r6, r0\n str.w r0, [r1]\n")                                            \
    R(long_accumulator_chain, 100, "smlal r0, r8, r3, r6\n")                                                             \
    R(high_multiplies, 400, "smmla r0, r3, r6, r4\n smmla r8, r3, r6, r4\n")                                            \
    R(high_multiply_and_other, 200, "smmla r0, r3, r6, r4\n add.w r8, r3, #1\n")                                         \
    R(high_multiply_then_use, 300, "smmla r0, r3, r6, r4\n add.w r8, r0, #1\n")                                          \
    R(extend, 200, "sxtb16 r0, r3\n add.w r8, r0, #1\n")                                                                 \
    R(extend_and_add_chain, 100, "sxtab16 r0, r0, r3\n")                                                                 \
    R(extend_and_add_then_use, 300, "sxtab r0, r3, r6\n add.w r8, r0, #1\n")                                             \
    R(pack_then_use, 300, "pkhbt r0, r3, r6\n add.w r8, r0, #1\n")                                                       \
    R(pack_then_accumulate, 200, "pkhbt r0, r3, r6\n smlad r0, r3, r6, r0\n")                                            \
    R(saturate_then_use, 300, "ssat r0, #8, r3\n add.w r8, r0, #1\n")                                                    \
    R(parallel_sum_then_use, 300, "uadd8 r0, r3, r6\n add.w r8, r0, #1\n")                                               \
    R(select_then_use, 300, "sel r0, r3, r6\n add.w r8, r0, #1\n")                                                       \
    R(bit_field_then_use, 200, "bfi r0, r3, #4, #4\n add.w r8, r0, #1\n")                                                \
    R(load, 100, "ldr.w r0, [r1]\n")                                                                                     \
    R(load_then_use, 300, "ldr.w r0, [r1]\n add.w r8, r0, #1\n")                                                         \
    R(load_narrow_then_use, 300, "ldr r0, [r1]\n adds r0, #1\n")                                                         \
    R(load_between_use, 300, "ldr.w r0, [r1]\n add.w r9, r3, #1\n add.w r8, r0, #1\n")                                   \
    R(load_then_accumulate, 200, "ldr.w r0, [r1]\n smlad r0, r3, r6, r0\n")                                              \
    R(load_then_extend_and_add, 300, "ldr.w r0, [r1]\n sxtab16 r0, r0, r3\n")                                            \
    R(load_then_store, 200, "ldr.w r0, [r1]\n str.w r0, [r1, #4]\n")                                                     \
    R(load_unaligned, 200, "ldr.w r0, [r1, #1]\n")                                                                       \
    R(store, 100, "str.w r3, [r1]\n")                                                                                    \
    R(load_two, 200, "ldrd r0, r8, [r1]\n")                                                                              \
    R(load_two_then_use_first, 300, "ldrd r0, r8, [r1]\n add.w r9, r0, #1\n")                                            \
    R(load_two_then_use_second, 400, "ldrd r0, r8, [r1]\n add.w r9, r8, #1\n")                                           \
    R(store_two, 200, "strd r3, r6, [r1]\n")                                                                             \
    R(load_four, 400, "ldm r1, {r0, r8, r9, lr}\n")                                                                      \
    R(store_four, 400, "stm r1, {r3, r4, r5, r6}\n")                                                                     \
    R(push_and_pop, 400, "push {r3, r6}\n pop {r3, r6}\n")                                                               \
    R(narrow_then_nop, 100, "mov r0, r3\n nop\n")                                                                        \
    R(load_then_nop, 100, "ldr r0, [r1]\n nop\n")                                                                        \
    R(narrow_then_two_nops, 200, "mov r0, r3\n nop\n nop\n")                                                             \
    R(wide_then_nop, 200, "mov.w r0, r3\n nop\n")                                                                        \
    R(narrow_then_narrow, 200, "mov r0, r3\n mov r8, r3\n")                                                              \
    R(branch_not_taken_after_narrow, 100, "cmp r4, r4\n bne 1f\n 1:\n")                                                  \
    R(branch_not_taken_after_wide, 200, "cmp.w r4, r4\n bne 1f\n 1:\n")                                                  \
    R(wide_branch_not_taken, 200, "cmp r4, r4\n bne.w 1f\n 1:\n")                                                        \
    R(branch_taken_after_flags, 300, "cmp r4, r4\n beq 1f\n 1:\n")                                                       \
    R(branch_taken_after_narrow, 200, "mov r0, r3\n b 1f\n 1:\n")                                                        \
    R(branch_taken_after_load_multiple, 200, "ldmia r1!, {r0}\n b 1f\n 1:\n")                                        \
    R(branch_taken_after_wide, 300, "mov.w r0, r3\n b 1f\n .balign 4\n 1:\n")                                            \
    R(compare_and_branch_taken, 300, "mov.w r0, r3\n cbz r4, 1f\n .balign 4\n 1:\n")                                     \
    R(branch_to_split_instruction, 600, "mov.w r8, r8\n b 1f\n 1: add.w r0, r0, #1\n nop\n")                             \
    R(call_and_return, 600, "bl 2f\n b.w 3f\n 2: bx lr\n .balign 4\n 3:\n")                                               \
    R(table_branch, 400, "tbb [pc, r4]\n .byte 1, 1\n")                                                                  \
    R(jump_from_memory, 500, "adr.w r0, 1f + 1\n str.w r0, [r1]\n ldr.w pc, [r1]\n .balign 4\n 1:\n")                        \
    R(supervisor_call, 2500, "svc #0\n")                                                                                  \
    R(it_after_narrow, 200, "cmp r4, r4\n it eq\n addeq r0, #1\n")                                                       \
    R(it_after_wide, 300, "cmp.w r4, r4\n it eq\n addeq r0, #1\n")                                                       \
    R(predicated_out_takes_one, 200, "cmp r4, r4\n it ne\n addne.w r0, r3, #0x1fc0\n")                                   \
    R(predicated_out_has_no_bubble, 400, "cmp r4, r4\n it eq\n ldreq r0, [r1]\n cmp r4, r4\n it ne\n addne r0, #1\n")    \
    R(divide_small, 200, "udiv r0, r3, r6\n")                                                                            \
    R(divide_long, 1300, "mov.w r8, #1\n udiv r0, r5, r8\n")                                                             \
    R(float_add, 100, "vadd.f32 s0, s1, s2\n")                                                                           \
    R(float_add_chain, 200, "vadd.f32 s0, s0, s2\n")                                                                     \
    R(float_fma_chain, 300, "vfma.f32 s0, s1, s2\n")                                                                     \
    R(float_fma_independent, 600, "vfma.f32 s0, s1, s2\n vfma.f32 s3, s1, s2\n")                                         \
    R(float_fma_and_integer, 300, "vfma.f32 s0, s1, s2\n add.w r0, r0, #1\n add.w r8, r8, #1\n")                         \
    R(float_load, 100, "vldr s0, [r1]\n")                                                                                \
    R(float_load_then_use, 300, "vldr s0, [r1]\n vadd.f32 s3, s0, s2\n")                                                 \
    R(float_store, 100, "vstr s0, [r1]\n")                                                                               \
    R(float_divide, 1400, "vdiv.f32 s0, s1, s2\n")                                                                       \
    R(float_square_root, 1400, "vsqrt.f32 s0, s1\n")                                                                     \
    R(float_divide_beside_integers, 1400, "vdiv.f32 s0, s1, s2\n .rept 8\n add.w r0, r0, #1\n .endr\n")                  \
    R(float_multiply_chain, 200, "vmul.f32 s0, s0, s1\n")                                                                \
    R(float_load_four, 400, "vldm r1, {s3-s6}\n")                                                                        \
    R(flash_load, 200, "ldr.w r0, [r2]\n")                                                                               \
    R(flash_load_then_use, 300, "ldr.w r0, [r2]\n add.w r8, r0, #1\n")                                                   \
    R(flash_load_and_wide, 300, "ldr.w r0, [r2]\n add.w r8, r3, #1\n")                                                   \
    R(flash_load_and_narrow, 300, "ldr r0, [r2]\n mov r8, r3\n mov r9, r3\n")                                            \
    R(flash_load_after_branch, 600, "b.w 1f\n .balign 4\n 1: ldr.w r0, [r2]\n add.w r8, r3, #1\n add.w r9, r3, #1\n")   \
    R(flash_load_of_four, 500, "ldm.w r2, {r0, r8, r9, lr}\n")

#define DEFINE(name, hundredths, body)                                                                                   \
    FUNCTION(name##_once, ".rept " TEXT(REPEATS) "\n" body ".endr\n")                                                    \
    FUNCTION(name##_twice, ".rept 2 * " TEXT(REPEATS) "\n" body ".endr\n")
RULES(DEFINE)

struct rule {
    const char *name;
    uint32_t hundredths;
    uint32_t (*once)(void), (*twice)(void);
};
#define ROW(name, hundredths, body) {#name, hundredths, name##_once, name##_twice},
static const struct rule rules[] = {RULES(ROW)};

static unsigned differing;

static void report(const char *name, uint32_t expected, uint32_t measured, int same)
{
    console_text(same ? "ok " : "DIFFERS ");
    console_text(name);
    console_text(" ");
    console_ratio(expected, 100);
    console_text(" ");
    console_ratio(measured, 100);
    console_text("\n");
    differing += !same;
}

static uint32_t apart(uint32_t a, uint32_t b)
{
    return a > b ? a - b : b - a;
}

static uint32_t warm(uint32_t (*measure)(void))
{
    measure();
    return measure();
}

/* Fractions of a cycle add up over the repeats; what is left is under a cycle. */
static void check_rule(const struct rule *rule)
{
    uint32_t hundredths = (warm(rule->twice) - warm(rule->once)) * 100 / REPEATS;
    report(rule->name, rule->hundredths, hundredths, apart(hundredths, rule->hundredths) < 100 / REPEATS);
}

/* The same with the code in SRAM, where data shares the S-bus with fetch. */
#define CODE_BYTES 2048u // more than any sequence takes
static uint32_t sram_code[CODE_BYTES / 4] __attribute__((aligned(16)));

static uint32_t in_sram(uint32_t (*measure)(void))
{
    const uint32_t *from = (const uint32_t *)((uintptr_t)measure & ~(uintptr_t)15);
    for (unsigned i = 0; i < CODE_BYTES / 4; i++)
        sram_code[i] = from[i];
    __asm volatile("dsb\n isb" ::: "memory");
    uint32_t (*copy)(void) = (uint32_t(*)(void))((uintptr_t)sram_code + ((uintptr_t)measure & 15));
    copy();
    return copy();
}

#define SRAM_RULES(R)                                                                                                    \
    R(sram_alu, 100, "add.w r0, r0, #1\n")                                                                               \
    R(sram_load, 200, "ldr.w r0, [r1]\n")                                                                                \
    R(sram_load_then_use, 300, "ldr.w r0, [r1]\n movs r0, r0\n")                                                       \
    R(sram_store, 200, "str.w r3, [r1]\n")                                                                               \
    R(sram_load_of_the_c_bus, 100, "ldr.w r0, [r2]\n")
SRAM_RULES(DEFINE)
static const struct rule sram_rules[] = {SRAM_RULES(ROW)};

static void check_in_sram(const struct rule *rule)
{
    uint32_t hundredths = (in_sram(rule->twice) - in_sram(rule->once)) * 100 / REPEATS;
    report(rule->name, rule->hundredths, hundredths, apart(hundredths, rule->hundredths) <= 100 / REPEATS);
}

/* What misses add, in hundredths of a cycle for each of REPEATS lines. */
#define MISSES(R)                                                                                                        \
    R(data_miss_of_next_line, 300, "ldr.w r0, [r2], #16\n")                                                              \
    R(data_miss_of_far_line, 670, "ldr.w r0, [r2], #48\n")                                                               \
    R(code_miss_of_next_line, 100, ".balign 16\n nop.w\n nop.w\n nop.w\n nop.w\n")                                       \
    R(code_miss_of_far_line, 400, ".balign 16\n b.w 1f\n .space 44\n 1:\n")
MISSES(DEFINE)
static const struct rule misses[] = {MISSES(ROW)};

/* With the code warm and the other half of the constants cold, or all cold. */
static uint32_t added(uint32_t (*measure)(void), int data)
{
    constants_skipped = 0;
    measure();
    if (!data)
        clock_empty_cache();
    constants_skipped = data ? 512 : 0;
    uint32_t cold = measure();
    return cold - measure();
}

static void check_miss(const struct rule *rule, int data)
{
    clock_empty_cache();
    uint32_t once = added(rule->once, data);
    clock_empty_cache();
    uint32_t hundredths = (added(rule->twice, data) - once) * 100 / REPEATS;
    report(rule->name, rule->hundredths, hundredths, apart(hundredths, rule->hundredths) <= 100 / REPEATS);
}

int main(void)
{
    for (unsigned i = 0; i < sizeof rules / sizeof *rules; i++)
        check_rule(&rules[i]);
    for (unsigned i = 0; i < sizeof sram_rules / sizeof *sram_rules; i++)
        check_in_sram(&sram_rules[i]);
    for (unsigned i = 0; i < sizeof misses / sizeof *misses; i++)
        check_miss(&misses[i], i < 2);
    console_text(differing ? "rules differ\n" : "all rules hold\n");
    console_end();
}
