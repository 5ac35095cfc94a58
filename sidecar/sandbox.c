/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/sandbox.h"

#include <asm/termbits.h>
#include <errno.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Allowed with any arguments. Names that this machine does not have are skipped by libseccomp. */
static const int plain[] = {
	/* memory; mmap and mprotect below */
	SCMP_SYS(brk),
	SCMP_SYS(madvise),
	SCMP_SYS(mremap),
	SCMP_SYS(munmap),
	/* threads; clone below */
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(futex),
	SCMP_SYS(get_robust_list),
	SCMP_SYS(getcpu),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(membarrier),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rseq),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_getparam),
	SCMP_SYS(sched_getscheduler),
	SCMP_SYS(sched_yield),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(sigaltstack),
	/* time, where the vdso does not answer */
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(nanosleep),
	SCMP_SYS(time),
	/* who and where we are */
	SCMP_SYS(getegid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getppid),
	SCMP_SYS(getrandom),
	SCMP_SYS(getrusage),
	SCMP_SYS(getuid),
	SCMP_SYS(sysinfo),
	SCMP_SYS(uname),
	/* descriptors */
	SCMP_SYS(close),
	SCMP_SYS(dup),
	SCMP_SYS(dup3),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(eventfd2),
	SCMP_SYS(fcntl),
	SCMP_SYS(lseek),
	SCMP_SYS(pipe2),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(pread64),
	SCMP_SYS(preadv),
	SCMP_SYS(pselect6),
	SCMP_SYS(pwrite64),
	SCMP_SYS(pwritev),
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(select),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	/* files: rules, certificates and time zones are read; the log and history are written */
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(fadvise64),
	SCMP_SYS(fallocate),
	SCMP_SYS(fchmod),
	SCMP_SYS(fdatasync),
	SCMP_SYS(flock),
	SCMP_SYS(fstat),
	SCMP_SYS(fstatfs),
	SCMP_SYS(fsync),
	SCMP_SYS(ftruncate),
	SCMP_SYS(getcwd),
	SCMP_SYS(getdents64),
	SCMP_SYS(inotify_add_watch),
	SCMP_SYS(inotify_init1),
	SCMP_SYS(inotify_rm_watch),
	SCMP_SYS(link),
	SCMP_SYS(linkat),
	SCMP_SYS(lstat),
	SCMP_SYS(mkdir),
	SCMP_SYS(mkdirat),
	SCMP_SYS(msync),
	SCMP_SYS(newfstatat),
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(rename),
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2),
	SCMP_SYS(rmdir),
	SCMP_SYS(stat),
	SCMP_SYS(statfs),
	SCMP_SYS(statx),
	SCMP_SYS(sync_file_range),
	SCMP_SYS(umask),
	SCMP_SYS(unlink),
	SCMP_SYS(unlinkat),
	/* sockets; socket below. bind: getaddrinfo asks the kernel for its addresses over netlink */
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	SCMP_SYS(bind),
	SCMP_SYS(connect),
	SCMP_SYS(getpeername),
	SCMP_SYS(getsockname),
	SCMP_SYS(getsockopt),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(setsockopt),
	SCMP_SYS(shutdown),
};

/* Allowed when the bits of `mask` in one argument are `value`. */
static const struct narrow {
	int call;
	unsigned argument;
	uint64_t mask, value;
} narrows[] = {
	/* code is never written to: a page is writable or executable, and stays so */
	{SCMP_SYS(mmap), 2, PROT_WRITE | PROT_EXEC, PROT_NONE},
	{SCMP_SYS(mmap), 2, PROT_WRITE | PROT_EXEC, PROT_WRITE},
	{SCMP_SYS(mmap), 2, PROT_WRITE | PROT_EXEC, PROT_EXEC},
	{SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
	/* threads, not processes */
	{SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD},
	{SCMP_SYS(socket), 0, UINT32_MAX, AF_UNIX},
	{SCMP_SYS(socket), 0, UINT32_MAX, AF_INET},
	{SCMP_SYS(socket), 0, UINT32_MAX, AF_INET6},
	{SCMP_SYS(socket), 0, UINT32_MAX, AF_NETLINK},
	{SCMP_SYS(ioctl), 1, UINT32_MAX, FIONREAD},
	{SCMP_SYS(ioctl), 1, UINT32_MAX, FIONBIO},
	{SCMP_SYS(ioctl), 1, UINT32_MAX, TCGETS}, /* stdio asks whether it writes to a terminal */
	{SCMP_SYS(prctl), 0, UINT32_MAX, PR_SET_NAME},
	{SCMP_SYS(prlimit64), 2, UINT64_MAX, 0}, /* reading a limit, not setting one */
};

/* No mistake of ours and no version of a library asks for these. */
static const int never[] = {
	SCMP_SYS(execve), SCMP_SYS(execveat),	      SCMP_SYS(fork),
	SCMP_SYS(vfork),  SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	SCMP_SYS(ptrace),
#endif
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/* What the sanitizers' run time asks for: the leak checker traces its process from a clone of it. */
static const int sanitizers[] = {SCMP_SYS(clone),     SCMP_SYS(getdents), SCMP_SYS(kill),   SCMP_SYS(prctl),
				 SCMP_SYS(prlimit64), SCMP_SYS(ptrace),	  SCMP_SYS(tgkill), SCMP_SYS(wait4)};
#else
static const int sanitizers[] = {SCMP_SYS(exit)};
#endif

void sidecar_sandbox_begin(void)
{
	const struct rlimit none = {0, 0};
	/* A core pattern that is a pipe does not ask the limit; memory that is not dumpable, it does. */
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static int add_all(scmp_filter_ctx filter, uint32_t action, const int *call, size_t count)
{
	int error = 0;
	for (size_t i = 0; i < count && !error; i++)
		error = seccomp_rule_add(filter, action, call[i], 0);
	return error;
}

static int add_narrows(scmp_filter_ctx filter)
{
	int error = 0;
	for (size_t i = 0; i < COUNT(narrows) && !error; i++) {
		const struct narrow *row = &narrows[i];
		const struct scmp_arg_cmp when = {row->argument, SCMP_CMP_MASKED_EQ, row->mask, row->value};
		error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, row->call, 1, &when);
	}
	return error;
}

/* abort() signals its own process, and nobody else. */
static int add_abort(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp self = {0, SCMP_CMP_EQ, (uint64_t)getpid(), 0};
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &self);
}

static int fill(scmp_filter_ctx filter)
{
	int error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!error)
		error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a list */
	if (!error)
		error = add_all(filter, SCMP_ACT_ALLOW, plain, COUNT(plain));
	if (!error)
		error = add_all(filter, SCMP_ACT_ALLOW, sanitizers, COUNT(sanitizers));
	if (!error)
		error = add_narrows(filter);
	if (!error)
		error = add_abort(filter);
	/* Its flags stand in memory, where a filter cannot look; without it the C library takes clone. */
	if (!error)
		error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return error;
}

bool sidecar_sandbox_enter(enum sidecar_sandbox how, struct err *err)
{
	if (how == SIDECAR_SANDBOX_OFF)
		return true;
	bool kill = how == SIDECAR_SANDBOX_KILL;
	scmp_filter_ctx filter = seccomp_init(kill ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM));
	int error = filter ? fill(filter) : -ENOMEM;
	if (!error && !kill) /* the default action cannot be a rule's as well */
		error = add_all(filter, SCMP_ACT_KILL_PROCESS, never, COUNT(never));
	if (!error)
		error = seccomp_load(filter);
	seccomp_release(filter);
	/* libseccomp's numbers do not say why the kernel refused. */
	return !error ||
	       err_set(err, "sandbox: the kernel takes no filter of system calls from this process; allow "
			    "seccomp to it, or set sandbox = \"off\" where something else confines it");
}

const char *sidecar_sandbox_text(enum sidecar_sandbox how)
{
	switch (how) {
	case SIDECAR_SANDBOX_OFF:
		return "off: no filter of system calls; no new privileges, no core dumps";
	case SIDECAR_SANDBOX_ON:
		return "on: system calls outside the list are refused, starting programs ends the process; "
		       "no new "
		       "privileges, no core dumps";
	case SIDECAR_SANDBOX_KILL:
		return "kill: system calls outside the list end the process; no new privileges, no core "
		       "dumps";
	}
	return "";
}
