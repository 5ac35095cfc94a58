/* SPDX-License-Identifier: Apache-2.0
 *
 * The sandbox, tried from inside: a child enters it and does one thing. What the daemon needs goes on; what it
 * never needs is refused or ends the child; without the sandbox the same things work, or the rows would prove
 * nothing. What the daemon really asks for is tried by the end-to-end tests, which run with sandbox = "kill".
 */
#include "sidecar/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* The leak checker clones its process: the list is wider there. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

/* Each does one thing and returns 0, or the error's number. */

static int start_a_program(void)
{
	char *const none[] = {NULL}, *const name[] = {(char *)(uintptr_t) "true", NULL};
	execve("/bin/true", name, none); /* true's exit code is 0 too */
	return errno;
}

static int start_a_process(void)
{
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	return child < 0 ? errno : 0;
}

static int listen_somewhere(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr here = {.sa_family = AF_UNIX}; /* the kernel picks an abstract name */
	if (fd < 0 || bind(fd, &here, sizeof here.sa_family) != 0)
		return 1000 + errno;
	return listen(fd, 1) == 0 ? 0 : errno;
}

static int take_another_family(void)
{
	return socket(AF_BLUETOOTH, SOCK_STREAM, 0) >= 0 || errno == EAFNOSUPPORT ? 0 : errno;
}

static int write_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED
		       ? errno
		       : 0;
}

static int make_data_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return page == MAP_FAILED ? 1000 : mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0 ? 0 : errno;
}

static int change_a_mode(void)
{
	return chmod("/", 0755) == 0 || errno == EROFS ? 0 : errno;
}

static int read_a_file(void)
{
	char room[16];
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, room, sizeof room) > 0 && close(fd) == 0 ? 0 : errno;
}

static int open_a_socket(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	return fd >= 0 || errno == EAFNOSUPPORT ? 0 : errno;
}

static void *nothing(void *arg)
{
	return arg;
}

static int start_a_thread(void)
{
	pthread_t thread;
	int failed = pthread_create(&thread, NULL, nothing, NULL);
	if (!failed)
		pthread_join(thread, NULL);
	return failed;
}

static int give_up(void)
{
	abort();
}

/* On a thread that was there before: the filter is every thread's. */
struct early {
	int (*act)(void);
	int go[2];
	intptr_t result;
};

static void *early_run(void *arg)
{
	struct early *early = arg;
	char byte;
	if (read(early->go[0], &byte, 1) == 1)
		early->result = early->act();
	return NULL;
}

static int child_of(enum sidecar_sandbox how, int (*act)(void), bool on_early_thread)
{
	struct err err;
	struct early early = {.act = act};
	pthread_t thread;
	sidecar_sandbox_begin();
	if (on_early_thread && (pipe(early.go) != 0 || pthread_create(&thread, NULL, early_run, &early) != 0))
		return 250;
	if (!sidecar_sandbox_enter(how, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 251;
	}
	if (!on_early_thread)
		return act();
	if (write(early.go[1], "", 1) != 1 || pthread_join(thread, NULL) != 0)
		return 252;
	return (int)early.result;
}

enum { ENDED = 1000 }; /* by a signal, whose number is added */

static int outcome(enum sidecar_sandbox how, int (*act)(void), bool on_early_thread)
{
	int status;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(child_of(how, act, on_early_thread));
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? ENDED + WTERMSIG(status) : WEXITSTATUS(status);
}

static const struct row {
	const char *what;
	int (*act)(void);
	int off, on, kill;
} rows[] = {
	{"start a program", start_a_program, 0, ENDED + SIGSYS, ENDED + SIGSYS},
	{"listen", listen_somewhere, 0, EPERM, ENDED + SIGSYS},
	{"another address family", take_another_family, 0, EPERM, ENDED + SIGSYS},
	{"memory to write code to", write_code, 0, EPERM, ENDED + SIGSYS},
	{"data that becomes code", make_data_code, 0, EPERM, ENDED + SIGSYS},
	{"change a file's mode by name", change_a_mode, 0, EPERM, ENDED + SIGSYS},
	{"start a process", start_a_process, 0, SANITIZED ? 0 : EPERM, SANITIZED ? 0 : ENDED + SIGSYS},
	{"read a file", read_a_file, 0, 0, 0},
	{"open a socket", open_a_socket, 0, 0, 0},
	{"start a thread", start_a_thread, 0, 0, 0},
	{"abort", give_up, ENDED + SIGABRT, ENDED + SIGABRT, ENDED + SIGABRT},
};

static void what_is_not_on_the_list_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const int got[] = {outcome(SIDECAR_SANDBOX_OFF, rows[i].act, false),
				   outcome(SIDECAR_SANDBOX_ON, rows[i].act, false),
				   outcome(SIDECAR_SANDBOX_KILL, rows[i].act, false)};
		const int want[] = {rows[i].off, rows[i].on, rows[i].kill};
		for (size_t k = 0; k < 3; k++)
			if (got[k] != want[k])
				fail_msg("%s, mode %zu: %d, not %d", rows[i].what, k, got[k], want[k]);
	}
}

static void threads_that_run_already_are_in_it(void **state)
{
	(void)state;
	assert_int_equal(outcome(SIDECAR_SANDBOX_OFF, write_code, true), 0);
	assert_int_equal(outcome(SIDECAR_SANDBOX_ON, write_code, true), EPERM);
	assert_int_equal(outcome(SIDECAR_SANDBOX_ON, start_a_program, true), ENDED + SIGSYS);
}

static int look_at_ourselves(void)
{
	struct rlimit core;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 1;
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 2;
	return getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0 ? 0 : 3;
}

static void keys_are_in_no_core_dump(void **state)
{
	(void)state;
	assert_int_equal(outcome(SIDECAR_SANDBOX_OFF, look_at_ourselves, false), 0);
}

/* A filter around us that takes seccomp away: the start fails and says so. */
static int enter_twice(void)
{
	struct err err;
	if (sidecar_sandbox_enter(SIDECAR_SANDBOX_ON, &err))
		return 1;
	return strcmp(
		err.text,
		"sandbox: the kernel takes no filter of system calls from this process; allow seccomp to it, "
		"or set sandbox = \"off\" where something else confines it");
}

static void where_it_cannot_be_entered_it_says_so(void **state)
{
	(void)state;
	assert_int_equal(outcome(SIDECAR_SANDBOX_ON, enter_twice, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_on_the_list_is_refused),
		cmocka_unit_test(threads_that_run_already_are_in_it),
		cmocka_unit_test(keys_are_in_no_core_dump),
		cmocka_unit_test(where_it_cannot_be_entered_it_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
