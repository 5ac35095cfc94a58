/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/replay_program.h"

#include "audit/entry_member.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Beside this program when it is there, so that an installation's parts belong together. */
static const char *find_program(const char *given, char path[PATH_MAX])
{
	static const char name[] = "rankguard-rules";
	if (given)
		return given;
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1 - sizeof name);
	path[len > 0 ? len : 0] = '\0';
	char *slash = strrchr(path, '/');
	if (!slash)
		return name;
	memcpy(slash + 1, name, sizeof name);
	return access(path, X_OK) == 0 ? path : name;
}

static bool spawn(struct replay_program *child, const char *program, const char *rules, const int in[2],
		  const int out[2])
{
	char *const words[] = {(char *)(uintptr_t)program, "decide", "--rules", (char *)(uintptr_t)rules,
			       NULL};
	posix_spawn_file_actions_t actions;
	if (posix_spawn_file_actions_init(&actions) != 0)
		return false;
	posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	int why = posix_spawnp(&child->pid, program, &actions, NULL, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (why != 0)
		child->pid = 0;
	errno = why;
	return why == 0;
}

static void close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
}

static bool read_line(struct replay_program *child, struct bytes *line)
{
	ssize_t len = getline(&child->line, &child->room, child->from);
	if (len <= 0 || child->line[len - 1] != '\n')
		return false;
	*line = (struct bytes){child->line, (size_t)len - 1};
	return true;
}

/* Its first line names what it loaded. */
static bool greet(struct replay_program *child, const char *program, struct err *err)
{
	struct bytes line;
	struct buf digest = {0};
	bool good = read_line(child, &line) && entry_text(entry_member(line, "ruleset"), &digest) &&
		    !digest.failed && digest.len < sizeof child->ruleset;
	if (good)
		snprintf(child->ruleset, sizeof child->ruleset, "%.*s", (int)digest.len, digest.at);
	buf_done(&digest);
	return good || err_set(err, "%s decide: it does not decide by these rules", program);
}

bool replay_program_start(struct replay_program *child, const char *program, const char *rules,
			  struct err *err)
{
	char path[PATH_MAX];
	int in[2] = {-1, -1}, out[2] = {-1, -1};
	const char *found = find_program(program, path);
	bool good = pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 &&
		    spawn(child, found, rules, in, out);
	if (good) {
		child->to = fdopen(in[1], "w");
		child->from = fdopen(out[0], "r");
		in[1] = child->to ? -1 : in[1];
		out[0] = child->from ? -1 : out[0];
		good = child->to && child->from;
	}
	if (!good)
		err_set(err, "%s: cannot be run: %s; name it with --rules-program", found, strerror(errno));
	close_pair(in);
	close_pair(out);
	good = good && greet(child, found, err);
	if (!good)
		replay_program_stop(child);
	return good;
}

bool replay_program_ask(struct replay_program *child, struct bytes record, struct bytes *answer,
			struct err *err)
{
	bool good = fwrite(record.at, 1, record.len, child->to) == record.len &&
		    putc('\n', child->to) != EOF && fflush(child->to) == 0 && read_line(child, answer);
	return good || err_set(err, "the program that decides ended before it answered");
}

void replay_program_stop(struct replay_program *child)
{
	if (child->to)
		fclose(child->to); /* the end of its input ends it */
	if (child->from)
		fclose(child->from);
	while (child->pid > 0 && waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(child->line);
	*child = (struct replay_program){0};
}
