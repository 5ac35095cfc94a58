/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/daemon.h"

#include "rules/findings.h"
#include "sidecar/admin.h"
#include "sidecar/control.h"
#include "sidecar/ground.h"
#include "sidecar/history_catch_up.h"
#include "sidecar/hop.h"
#include "sidecar/listen.h"
#include "sidecar/notify.h"
#include "sidecar/reload.h"
#include "sidecar/rotate.h"
#include "sidecar/status.h"
#include "sidecar/store_lmdb.h"
#include "sidecar/versions.h"
#include "sidecar/watch.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 1000 };

/* What is watched, and the events of the main thread: a bit for each watch, and one for the end. */
enum { WATCH_RULES, WATCH_SIDES, WATCHES = WATCH_SIDES + SIDECAR_SIDES };
enum { EVENT_RELOAD = 1 << WATCH_RULES, EVENT_ALL = (1 << WATCHES) - 1, EVENT_END = 1 << WATCHES };

struct daemon {
	struct sidecar_talk *talk;
	struct sidecar_ground ground; /* configuration, keys, rules */
	struct audit_log *log;
	struct sidecar_history *history;
	struct sidecar_metrics *metrics;
	struct sidecar_mode *mode;
	struct sidecar_listener *listener;
	struct sidecar_admin *admin;
	struct sidecar_control *control;
	struct sidecar_watch *watch[WATCHES]; /* NULL: nothing to watch */
	struct sidecar_tls *tls;
	struct sidecar_tls_port port;
	int signals; /* signalfd; -1 before start */
	struct sidecar_hop hop;
	struct sidecar_worker *worker;
	size_t workers;
	bool grpc, serving, ready, history_stuck, renewing;
	bool wanted_down; /* `drain` was asked */
	int64_t next_tally_ns;
	atomic_bool upstream_ready, draining;
	struct sidecar_tag shut_tag;
	atomic_bool shut;
};

static const int daemon_signals[] = {SIGTERM, SIGINT, SIGHUP};

static int64_t monotonic_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * TIME_SECOND + now.tv_nsec;
}

/* ---- the log and history ---- */

static void log_talks(void *ctx, char severity, const char *text)
{
	struct sidecar_talk *talk = ctx;
	enum sidecar_level level = severity == 'e'   ? SIDECAR_ERROR
				   : severity == 'w' ? SIDECAR_WARN
						     : SIDECAR_INFO;
	sidecar_say(talk, level, severity == 'c' ? "checkpoint" : "audit", "%s", text);
}

static struct sidecar_store open_store(const struct daemon *daemon, struct err *err)
{
	const struct sidecar_config *config = daemon->ground.config;
	char nobody[AUDIT_PSEUDONYM_LEN + 1];
	if (strcmp(config->history.backend, "embedded") != 0)
		return sidecar_store_memory();
	audit_pseudonym(daemon->ground.subject_key, "history", BYTES_LITERAL(""), nobody);
	struct sidecar_store_lmdb_options options = {.directory = config->history.directory,
						     .subject_key = nobody};
	return sidecar_store_lmdb(&options, err);
}

static bool open_history(struct daemon *daemon, struct err *err)
{
	int64_t keep = rules_ruleset_longest_window(daemon->ground.rules);
	err_set(err, "history: memory is short");
	daemon->history = sidecar_history_new(open_store(daemon, err), keep);
	return daemon->history && sidecar_history_catch_up(daemon->history, daemon->log, daemon->talk, err);
}

/* Each start states its mode. */
static bool open_mode(struct daemon *daemon, struct err *err)
{
	daemon->mode = sidecar_mode_new(daemon->log, daemon->talk);
	if (!daemon->mode)
		return err_set(err, "mode: memory is short");
	return sidecar_mode_configure(daemon->mode, &daemon->ground.config->mode, SIDECAR_CAUSE_START, err);
}

static bool open_log(struct daemon *daemon, struct err *err)
{
	const struct sidecar_config *config = daemon->ground.config;
	char *configuration = sidecar_config_describe(config, SIDECAR_OPTIONS_ALL),
	     *versions = sidecar_versions();
	char retain[32] = "forever";
	if (config->audit.retain_ns)
		time_format_duration(config->audit.retain_ns, retain);
	struct audit_options options = {.directory = config->audit.directory,
					.origin = config->audit.origin,
					.identity = config->identity.uid,
					.key_file = config->audit.key,
					.durability = config->audit.durability,
					.publish_ns = config->audit.publish_ns,
					.configuration = bytes_of(configuration),
					.versions = bytes_of(versions),
					.retain = bytes_of(retain),
					.seal_ns = config->audit.seal_ns,
					.seal_entries = (uint64_t)config->audit.seal_entries,
					.retain_ns = config->audit.retain_ns,
					.talk = log_talks,
					.talk_ctx = daemon->talk};
	daemon->log = audit_log_open(&options, err);
	free(configuration);
	free(versions);
	return daemon->log != NULL;
}

/* ---- admin ---- */

static void reasons(void *ctx, struct buf *out)
{
	struct daemon *daemon = ctx;
	struct audit_log_state state;
	audit_log_state(daemon->log, &state);
	if (atomic_load(&daemon->draining))
		buf_add_text(out, "draining\n");
	if (!state.writable)
		buf_printf(out, "audit log not writable: %s\n", state.why);
	if (!atomic_load(&daemon->upstream_ready))
		buf_printf(out, "upstream %s not reachable\n", daemon->ground.config->upstream);
	sidecar_tls_reasons(daemon->tls, audit_log_now(daemon->log), out);
}

static void status(void *ctx, struct buf *out)
{
	struct daemon *daemon = ctx;
	struct buf why = {0};
	reasons(daemon, &why);
	out->failed |= why.failed;
	sidecar_status_render(&daemon->hop, buf_bytes(&why), out);
	buf_done(&why);
}

static void metrics(void *ctx, struct buf *out)
{
	struct daemon *daemon = ctx;
	struct audit_log_state state;
	audit_log_state(daemon->log, &state);
	sidecar_metrics_render(daemon->metrics, &state, out);
	sidecar_mode_render(daemon->mode, out);
	sidecar_tls_render(daemon->tls, out);
}

static bool checkpoint(void *ctx, struct buf *out)
{
	struct daemon *daemon = ctx;
	return audit_log_checkpoint(daemon->log, out);
}

/* ---- start ---- */

static grpc_arg integer(const char *key, int value)
{
	return (grpc_arg){.type = GRPC_ARG_INTEGER, .key = (char *)key, .value.integer = value};
}

static grpc_server *server_new(const struct sidecar_config *config, struct sidecar_tls_port *port)
{
	grpc_arg list[] = {
		integer(GRPC_ARG_ENABLE_CHANNELZ, 0),
		integer(GRPC_ARG_MAX_CHANNEL_TRACE_EVENT_MEMORY_PER_NODE, 0),
		integer(GRPC_ARG_ENABLE_DEADLINE_CHECKS, 0), /* the upstream call carries the deadline */
		integer(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0), /* sidecar/peer.h */
		integer(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0),
		/* Above our own limit, so that we are the one who refuses; bounded all the same. */
		integer(GRPC_ARG_MAX_CONCURRENT_STREAMS, 2 * config->limits.in_flight + 64),
		integer(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, (int)config->limits.message),
		integer(GRPC_ARG_MAX_METADATA_SIZE, (int)config->limits.metadata),
		integer(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10000),
		integer(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10000), /* of TLS */
		sidecar_tls_port_argument(port),
	};
	grpc_channel_args args = {.num_args = sizeof list / sizeof *list, .args = list};
	return grpc_server_create(&args, NULL);
}

static bool start_workers(struct daemon *daemon, struct err *err)
{
	const struct sidecar_config *config = daemon->ground.config;
	struct sidecar_hop *hop = &daemon->hop;
	daemon->worker = calloc((size_t)config->workers, sizeof *daemon->worker);
	hop->server = server_new(config, &daemon->port);
	if (!daemon->worker || !hop->server)
		return err_set(err, "workers: memory is short");
	for (int i = 0; i < config->workers; i++) {
		daemon->workers++;
		if (!sidecar_worker_init(&daemon->worker[i], hop, err))
			return false;
	}
	bool secure = sidecar_side_secure(config, SIDECAR_SIDE_LISTEN);
	if (secure && !sidecar_tls_port_open(&daemon->port, hop->server, config->tls.client_ca, err))
		return false;
	grpc_server_start(hop->server);
	daemon->serving = true;
	for (size_t i = 0; i < daemon->workers; i++)
		if (!sidecar_worker_start(&daemon->worker[i], err))
			return false;
	return true;
}

static bool start_admin(struct daemon *daemon, struct err *err)
{
	struct sidecar_admin_source source = {.reasons = reasons,
					      .metrics = metrics,
					      .status = status,
					      .checkpoint = checkpoint,
					      .ctx = daemon};
	const char *address = daemon->ground.config->admin.http;
	if (!address)
		return true;
	daemon->admin = sidecar_admin_start(address, source, err);
	if (daemon->admin)
		sidecar_say(daemon->talk, SIDECAR_INFO, "admin", "HTTP on port %u",
			    sidecar_admin_port(daemon->admin));
	return daemon->admin != NULL;
}

static int64_t minute_after(int64_t now_ns)
{
	return (now_ns / TIME_MINUTE + 1) * TIME_MINUTE;
}

/* Connections follow the certificates in force. */
static void renew(struct daemon *daemon)
{
	daemon->renewing = false;
	for (size_t i = 0; i < daemon->workers; i++)
		daemon->renewing |= sidecar_upstream_renew(&daemon->worker[i].upstream);
}

/* The sides whose events are set. */
static bool rotate(struct daemon *daemon, unsigned events, struct buf *said)
{
	bool good = true;
	for (unsigned i = 0; i < SIDECAR_SIDES; i++)
		if (events & 1u << (WATCH_SIDES + i))
			good &= sidecar_rotate(&daemon->hop, (enum sidecar_side)i, said);
	renew(daemon);
	return good;
}

static bool reload(struct daemon *daemon, struct buf *said)
{
	if (!sidecar_reload(&daemon->hop, said))
		return false;
	struct sidecar_policy *policy = sidecar_force_hold(&daemon->hop.force);
	sidecar_listener_limit(daemon->listener, policy->limits.connections);
	sidecar_policy_drop(policy);
	return true;
}

/* ---- control ---- */

static bool ask_status(struct daemon *daemon, const char *detail, struct buf *said)
{
	(void)detail;
	status(daemon, said);
	return true;
}

static bool ask_ready(struct daemon *daemon, const char *detail, struct buf *said)
{
	(void)detail;
	reasons(daemon, said);
	bool ready = said->len == 0;
	if (ready)
		buf_add_text(said, "ready\n");
	return ready;
}

static bool ask_reload(struct daemon *daemon, const char *detail, struct buf *said)
{
	(void)detail;
	if (atomic_load(&daemon->draining)) {
		buf_add_text(said, "draining: nothing is reloaded any more\n");
		return false;
	}
	bool rotated = rotate(daemon, EVENT_ALL, said);
	return reload(daemon, said) && rotated;
}

static bool ask_drain(struct daemon *daemon, const char *detail, struct buf *said)
{
	(void)detail;
	daemon->wanted_down = true;
	buf_printf(said, "draining; %d calls in flight\n", atomic_load(&daemon->hop.in_flight));
	return true;
}

/* "UNTIL BY" */
static bool ask_observe(struct daemon *daemon, const char *detail, struct buf *said)
{
	struct err err;
	int64_t until_ns;
	size_t len = strcspn(detail, " ");
	const char *by = detail + len + (detail[len] == ' ');
	bool good = time_parse((struct bytes){detail, len}, &until_ns, &err) &&
		    sidecar_mode_observe(daemon->mode, until_ns, by, SIDECAR_CAUSE_CONTROL, &err);
	if (good)
		buf_printf(said, "no rule is enforced until %.*s\n", (int)len, detail);
	else
		buf_printf(said, "%s\n", err.text);
	return good;
}

static bool ask_enforce(struct daemon *daemon, const char *detail, struct buf *said)
{
	struct err err;
	bool good = sidecar_mode_enforce(daemon->mode, detail, SIDECAR_CAUSE_CONTROL, &err);
	buf_printf(said, "%s\n", good ? "rules are enforced" : err.text);
	return good;
}

static const struct {
	const char *question;
	bool (*answer)(struct daemon *daemon, const char *detail, struct buf *said);
	bool takes; /* a detail behind a blank */
} questions[] = {
	{"status", ask_status, false},	{"ready", ask_ready, false},	{"reload", ask_reload, false},
	{"observe", ask_observe, true}, {"enforce", ask_enforce, true}, {"drain", ask_drain, false},
};

static bool on_question(void *ctx, const char *question, struct buf *said)
{
	for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
		size_t len = strlen(questions[i].question);
		const char *detail = question + len;
		if (strncmp(question, questions[i].question, len) == 0 &&
		    *detail == (questions[i].takes ? ' ' : '\0'))
			return questions[i].answer(ctx, questions[i].takes ? detail + 1 : "", said);
	}
	buf_add_text(said, "this is not a question; there are");
	for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
		buf_printf(said, " %s", questions[i].question);
	buf_add_text(said, "\n");
	return false;
}

static bool start_watch(struct daemon *daemon, struct err *err)
{
	const struct sidecar_config *config = daemon->ground.config;
	const char *path[WATCHES][SIDECAR_SIDE_PATHS] = {{config->path, config->rules}};
	size_t count[WATCHES] = {2};
	for (size_t i = 0; i < SIDECAR_SIDES; i++)
		count[WATCH_SIDES + i] =
			sidecar_side_paths(config, (enum sidecar_side)i, path[WATCH_SIDES + i]);
	for (size_t i = 0; i < WATCHES; i++)
		if (count[i] && !(daemon->watch[i] = sidecar_watch_new(path[i], count[i], err)))
			return false;
	return true;
}

static bool start_control(struct daemon *daemon, struct err *err)
{
	const struct sidecar_config *config = daemon->ground.config;
	struct sidecar_control_handler handler = {.answer = on_question, .ctx = daemon};
	if (!start_watch(daemon, err))
		return false;
	if (!config->admin.control)
		return true;
	daemon->control = sidecar_control_open(config->admin.control, handler, daemon->talk, err);
	return daemon->control != NULL;
}

static bool listen_to_signals(struct daemon *daemon, struct err *err)
{
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof daemon_signals / sizeof *daemon_signals; i++)
		sigaddset(&set, daemon_signals[i]);
	daemon->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return daemon->signals >= 0 || err_set(err, "signals: %s", strerror(errno));
}

/* Everything is open, and no peer was heard yet. */
static bool enter_sandbox(struct daemon *daemon, struct err *err)
{
	enum sidecar_sandbox how = daemon->ground.config->sandbox;
	if (!sidecar_sandbox_enter(how, err))
		return false;
	sidecar_say(daemon->talk, how == SIDECAR_SANDBOX_OFF ? SIDECAR_WARN : SIDECAR_INFO, "sandbox", "%s",
		    sidecar_sandbox_text(how));
	return true;
}

static bool start(struct daemon *daemon, struct err *err)
{
	const struct sidecar_config *config = daemon->ground.config;
	struct sidecar_hop *hop = &daemon->hop;
	grpc_init();
	daemon->grpc = true;
	daemon->listener = sidecar_listener_open(config, daemon->talk, err);
	if (!daemon->listener || !listen_to_signals(daemon, err) || !open_log(daemon, err))
		return false;
	int64_t now = audit_log_now(daemon->log);
	daemon->next_tally_ns = minute_after(now);
	daemon->metrics = sidecar_metrics_new(now);
	if (!daemon->metrics)
		return err_set(err, "metrics: memory is short");
	daemon->tls = sidecar_tls_new(config, daemon->talk);
	if (!daemon->tls)
		return err_set(err, "tls: memory is short");
	sidecar_ground_enforce(&daemon->ground, daemon->tls, now);
	daemon->port.tls = daemon->tls;
	hop->config = config;
	hop->log = daemon->log;
	hop->subject_key = daemon->ground.subject_key;
	hop->metrics = daemon->metrics;
	hop->talk = daemon->talk;
	hop->tls = daemon->tls;
	if (!sidecar_reload_first(hop, &daemon->ground, err) || !open_mode(daemon, err) ||
	    !open_history(daemon, err))
		return false;
	hop->mode = daemon->mode;
	hop->history = daemon->history;
	return start_workers(daemon, err) && start_admin(daemon, err) && start_control(daemon, err) &&
	       enter_sandbox(daemon, err) &&
	       sidecar_listener_start(daemon->listener, hop->server,
				      sidecar_side_secure(config, SIDECAR_SIDE_LISTEN) ? &daemon->port : NULL,
				      err);
}

/* ---- while it serves ---- */

/* Once a minute, and a last time before the log is closed. */
static void tally(struct daemon *daemon)
{
	struct err err;
	struct audit_batch batch = {0};
	int64_t now = audit_log_now(daemon->log);
	bool good = sidecar_metrics_failures(daemon->metrics, now, &batch) &&
		    sidecar_metrics_tally(daemon->metrics, now, &batch);
	if (!good)
		err_set(&err, "memory is short");
	if (!good || !audit_log_append_wait(daemon->log, &batch, NULL, &err)) {
		sidecar_metrics_failures_lost(daemon->metrics);
		sidecar_metrics_tally_lost(daemon->metrics);
		sidecar_say(daemon->talk, SIDECAR_WARN, "tally", "counted again with the next: %s", err.text);
	}
	audit_batch_done(&batch);
	sidecar_history_expire(daemon->history, now);
}

static void look_upstream(struct daemon *daemon)
{
	bool ready = sidecar_worker_upstream_ready(&daemon->worker[0]);
	for (size_t i = 1; i < daemon->workers; i++)
		ready |= sidecar_worker_upstream_ready(&daemon->worker[i]);
	if (atomic_exchange(&daemon->upstream_ready, ready) != ready)
		sidecar_say(daemon->talk, ready ? SIDECAR_INFO : SIDECAR_WARN, "upstream", "%s is %s",
			    daemon->ground.config->upstream, ready ? "reachable" : "not reachable");
}

/* What history holds in memory is written at least every second. */
static void write_history(struct daemon *daemon)
{
	struct err err;
	bool stuck = !sidecar_history_flush(daemon->history, &err);
	if (stuck && !daemon->history_stuck)
		sidecar_say(daemon->talk, SIDECAR_ERROR, "history",
			    "%s; it is unavailable until it can be written, tried every second", err.text);
	if (!stuck && daemon->history_stuck)
		sidecar_say(daemon->talk, SIDECAR_WARN, "history", "it can be written again");
	daemon->history_stuck = stuck;
}

/* The return of the observe switch is recorded when its time has come. */
static void look_mode(struct daemon *daemon)
{
	struct err err;
	if (!sidecar_mode_tick(daemon->mode, &err))
		sidecar_say(daemon->talk, SIDECAR_WARN, "mode", "rules are enforced; recorded later: %s",
			    err.text);
}

static void tick(struct daemon *daemon)
{
	sidecar_tls_look(daemon->tls, audit_log_now(daemon->log));
	look_mode(daemon);
	look_upstream(daemon);
	write_history(daemon);
	if (audit_log_now(daemon->log) < daemon->next_tally_ns)
		return;
	tally(daemon);
	daemon->next_tally_ns = minute_after(audit_log_now(daemon->log));
}

static unsigned take_signal(const struct daemon *daemon)
{
	struct signalfd_siginfo signal;
	if (read(daemon->signals, &signal, sizeof signal) != sizeof signal)
		return 0;
	return signal.ssi_signo == SIGHUP ? EVENT_ALL : EVENT_END;
}

/* Waits for a signal, a question or a changed file, at most wait_ms. Questions are answered here. */
static unsigned next_event(struct daemon *daemon, int wait_ms)
{
	unsigned events = 0;
	struct pollfd sources[2 + WATCHES] = {
		{.fd = daemon->signals, .events = POLLIN},
		{.fd = daemon->control ? sidecar_control_fd(daemon->control) : -1, .events = POLLIN},
	};
	for (size_t i = 0; i < WATCHES; i++) {
		struct sidecar_watch *watch = daemon->watch[i];
		sources[2 + i] =
			(struct pollfd){.fd = watch ? sidecar_watch_fd(watch) : -1, .events = POLLIN};
		if (watch && sidecar_watch_changed(watch, monotonic_ns(), &wait_ms))
			events |= 1u << i;
	}
	if (poll(sources, sizeof sources / sizeof *sources, events ? 0 : wait_ms) > 0) {
		if (sources[1].revents)
			sidecar_control_serve(daemon->control);
		if (sources[0].revents)
			events |= take_signal(daemon);
	}
	return daemon->wanted_down ? EVENT_END : events;
}

static void serve(struct daemon *daemon)
{
	for (;;) {
		struct buf said = {0};
		/* Quick looks while a connection to the recommender is made, so that readiness does not lag a second. */
		bool steady = atomic_load(&daemon->upstream_ready) && !daemon->renewing;
		unsigned events = next_event(daemon, steady ? TICK_MS : TICK_MS / 20);
		if (events & EVENT_END)
			return;
		rotate(daemon, events, &said); /* the operator's log tells it, and what is reloaded */
		if (events & EVENT_RELOAD)
			reload(daemon, &said);
		buf_done(&said);
		tick(daemon);
	}
}

/* ---- end ---- */

/* Ticks on for a while; a second SIGTERM or SIGINT ends it, and so does `over` when it is given. */
static void linger(struct daemon *daemon, int64_t for_ns, bool (*over)(struct daemon *))
{
	int64_t until = monotonic_ns() + for_ns;
	while (monotonic_ns() < until && !(over && over(daemon))) {
		if (next_event(daemon, over ? 5 : 50) & EVENT_END)
			return;
	}
}

/* Every call and connection has ended. A call may be accepted and not counted in in_flight yet, so the
 * server's own word is what counts. */
static bool shut(struct daemon *daemon)
{
	return atomic_load(&daemon->shut) && atomic_load(&daemon->hop.in_flight) == 0;
}

static void on_shut(struct sidecar_tag *tag, bool ok)
{
	struct daemon *daemon = SIDECAR_OWNER(tag, struct daemon, shut_tag);
	(void)ok;
	atomic_store(&daemon->shut, true);
}

/* No new calls; those in flight end by themselves within the grace, or are cancelled. */
static void drain(struct daemon *daemon)
{
	const struct sidecar_config *config = daemon->ground.config;
	daemon->shut_tag.complete = on_shut;
	atomic_store(&daemon->draining, true);
	sidecar_notify("STOPPING=1");
	daemon->wanted_down = false; /* asked again, it hurries */
	sidecar_say(daemon->talk, SIDECAR_INFO, "drain", "%d calls in flight",
		    atomic_load(&daemon->hop.in_flight));
	if (daemon->ready)
		linger(daemon, config->drain.delay_ns, NULL);
	sidecar_listener_stop(daemon->listener);
	grpc_server_shutdown_and_notify(daemon->hop.server, daemon->worker[0].queue, &daemon->shut_tag);
	linger(daemon, config->drain.grace_ns, shut);
	if (!shut(daemon))
		sidecar_say(daemon->talk, SIDECAR_WARN, "drain", "%d calls are cancelled after drain.grace",
			    atomic_load(&daemon->hop.in_flight));
	grpc_server_cancel_all_calls(daemon->hop.server);
	/* Cancelled calls end in bounded time: every batch of theirs completes, and the log answers each append. */
	while (!shut(daemon))
		next_event(daemon, 5);
	for (size_t i = 0; i < daemon->workers; i++)
		sidecar_worker_done(&daemon->worker[i]);
	daemon->workers = 0;
}

/* Backwards; half-started is fine. False: the log could not be closed whole. */
static bool stop(struct daemon *daemon, struct err *err)
{
	bool good = true;
	if (daemon->serving)
		drain(daemon);
	for (size_t i = 0; i < daemon->workers; i++)
		sidecar_worker_done(&daemon->worker[i]);
	sidecar_admin_stop(daemon->admin);
	sidecar_control_close(daemon->control);
	for (size_t i = 0; i < WATCHES; i++)
		sidecar_watch_free(daemon->watch[i]);
	if (daemon->signals >= 0)
		close(daemon->signals);
	if (daemon->hop.server)
		grpc_server_destroy(daemon->hop.server);
	sidecar_listener_close(daemon->listener);
	if (daemon->log) {
		if (daemon->metrics) {
			look_mode(daemon);
			tally(daemon);
		}
		good = audit_log_close(daemon->log, err);
	}
	sidecar_force_done(&daemon->hop.force);
	sidecar_mode_free(daemon->mode);
	sidecar_tls_free(daemon->tls);
	sidecar_metrics_free(daemon->metrics);
	sidecar_history_free(daemon->history);
	free(daemon->worker);
	if (daemon->grpc)
		grpc_shutdown_blocking();
	return good;
}

static void say_ready(const struct daemon *daemon)
{
	const struct sidecar_config *config = daemon->ground.config;
	struct audit_log_state state;
	struct bytes digest = rules_ruleset_digest(daemon->ground.rules);
	audit_log_state(daemon->log, &state);
	sidecar_say(daemon->talk, SIDECAR_INFO, "ready",
		    "serving on %s%s, upstream %s, ruleset %.*s, log %s at %llu entries", config->listen[0],
		    config->listen_count > 1 ? " and others" : "", config->upstream, BYTES_ARG(digest),
		    state.origin, (unsigned long long)state.size);
	sidecar_notify("READY=1");
	sidecar_say(daemon->talk, SIDECAR_INFO, "scope",
		    "caps hold within this sidecar: with several replicas route a session to one of them");
}

enum sidecar_exit sidecar_daemon_serve(const char *config_path, struct sidecar_talk *talk)
{
	struct err err = {""};
	struct daemon daemon = {.talk = talk, .signals = -1};
	struct rules_findings findings = {0};
	sidecar_sandbox_begin();
	sidecar_force_init(&daemon.hop.force);
	bool loaded = sidecar_ground_load(config_path, true, &daemon.ground, &findings);
	loaded &= sidecar_ground_secure(&daemon.ground, &findings);
	for (size_t i = 0; i < findings.count; i++)
		sidecar_say(talk,
			    findings.finding[i].error  ? SIDECAR_ERROR
			    : findings.finding[i].note ? SIDECAR_INFO
						       : SIDECAR_WARN,
			    "check", "%s", findings.finding[i].text);
	rules_findings_done(&findings);
	if (!loaded) {
		sidecar_force_done(&daemon.hop.force);
		sidecar_ground_done(&daemon.ground);
		return SIDECAR_NO;
	}
	bool good = start(&daemon, &err);
	if (good) {
		daemon.ready = true;
		say_ready(&daemon);
		serve(&daemon);
	} else {
		sidecar_say(talk, SIDECAR_ERROR, "start", "%s", err.text);
	}
	if (!stop(&daemon, &err)) {
		sidecar_say(talk, SIDECAR_ERROR, "stop", "%s", err.text);
		good = false;
	}
	sidecar_say(talk, SIDECAR_INFO, "end", "%s", good ? "the log is closed" : "ended with an error");
	sidecar_ground_done(&daemon.ground);
	return good ? SIDECAR_YES : SIDECAR_FAILED;
}

enum sidecar_exit sidecar_daemon_check(const char *config_path)
{
	struct sidecar_ground ground = {0};
	struct rules_findings findings = {0};
	bool good = sidecar_ground_load(config_path, false, &ground, &findings);
	good &= sidecar_ground_secure(&ground, &findings);
	for (size_t i = 0; i < findings.count; i++)
		printf("%s%s\n", rules_finding_prefix(&findings.finding[i]), findings.finding[i].text);
	if (good)
		printf("%s: nothing that serve would refuse\n", config_path);
	rules_findings_done(&findings);
	sidecar_ground_done(&ground);
	return good ? SIDECAR_YES : SIDECAR_NO;
}
