// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/system/vboard_lab.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void exec_child(const struct vboard_lab *lab, const char *program, int in, int out)
{
    char boards[16], control[96];
    snprintf(control, sizeof control, "%s/control", lab->state);
    snprintf(boards, sizeof boards, "%d", lab->n);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(in, 0);
    dup2(out, 1);
    execl(program, program, "serve", "--boards", boards, "--port", "0", "--state", lab->state, "--until-eof", "--control", control,
          (char *)NULL);
    _exit(127);
}

static void read_boards(struct vboard_lab *lab, FILE *f)
{
    char line[256];
    for (int i = 0; i < lab->n; i++) {
        ck_assert_msg(fgets(line, sizeof line, f), "pare-vboard did not come up");
        ck_assert_msg(sscanf(line, "{\"serial\":\"%31[^\"]\",\"port\":%d", lab->serials[i], &lab->port) == 2, "%s", line);
    }
}

void vboard_lab_restart(struct vboard_lab *lab, const char *program)
{
    int in[2], out[2];
    ck_assert(pipe(in) == 0 && pipe(out) == 0);
    lab->pid = fork();
    if (lab->pid == 0) {
        close(in[1]);
        exec_child(lab, program, in[0], out[1]);
    }
    ck_assert_int_gt(lab->pid, 0);
    close(in[0]);
    close(out[1]);
    lab->to_child = in[1];
    FILE *f = fdopen(out[0], "r");
    read_boards(lab, f);
    fclose(f);
}

void vboard_lab_start(struct vboard_lab *lab, const char *program, int n)
{
    memset(lab, 0, sizeof *lab);
    lab->n = n;
    strcpy(lab->state, "/tmp/pare-vboard-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(lab->state));
    vboard_lab_restart(lab, program);
}

void vboard_lab_kill(struct vboard_lab *lab)
{
    kill(lab->pid, SIGKILL);
    waitpid(lab->pid, NULL, 0);
    close(lab->to_child);
}

void vboard_lab_stop(struct vboard_lab *lab)
{
    char command[128];
    int status;
    close(lab->to_child);
    ck_assert_int_eq(waitpid(lab->pid, &status, 0), lab->pid);
    snprintf(command, sizeof command, "rm -rf %s", lab->state);
    ck_assert_int_eq(system(command), 0);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "pare-vboard ended with status 0x%x", status);
}

const char *vboard_lab_fault(const struct vboard_lab *lab, int i, const char *members)
{
    static char line[1024];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/control", lab->state);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), n = snprintf(line, sizeof line, "{\"board\":\"%s\",%s}\n", lab->serials[i], members);
    ck_assert(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0 && write(fd, line, (size_t)n) == n);
    FILE *f = fdopen(fd, "r");
    ck_assert(f && fgets(line, sizeof line, f));
    fclose(f);
    ck_assert_msg(strstr(line, "\"ok\":true"), "%s: %s", members, line);
    return line;
}

char *vboard_lab_openocd(const struct vboard_lab *lab, int i, const char *commands, int *status)
{
    static const char head[] = "timeout 600 openocd -c 'gdb_port disabled; telnet_port disabled; tcl_port disabled' "
                               "-f interface/stlink-dap.cfg -c 'st-link backend tcp %d; adapter serial %s; transport select "
                               "dapdirect_swd' -f target/stm32u5x.cfg -c '%s; shutdown' 2>&1";
    char *line = NULL, *text = calloc(1, 1 << 20);
    ck_assert_int_gt(asprintf(&line, head, lab->port, lab->serials[i], commands), 0);
    FILE *f = popen(line, "r");
    ck_assert(f && text);
    size_t n = fread(text, 1, (1 << 20) - 1, f);
    text[n] = '\0';
    int raw = pclose(f);
    *status = WIFEXITED(raw) ? WEXITSTATUS(raw) : -1;
    free(line);
    return text;
}

void vboard_lab_board_file(const struct vboard_lab *lab, int i, const char *source_root, struct board_file *f)
{
    char path[512];
    struct error e = {""};
    setenv("PARE_VBOARD_STATE", lab->state, 1);
    snprintf(path, sizeof path, "%s/configs/boards/virtual.json", source_root);
    ck_assert_msg(board_file_read(path, lab->serials[i], lab->port, f, &e) == 0, "%s", e.text);
}
