/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/rotate.h"

#include "rules/findings.h"
#include "sidecar/reload.h"

static void in_force(struct sidecar_hop *hop, enum sidecar_side side, struct buf *said)
{
	const char *group = sidecar_side_names[side].group;
	uint64_t generation;
	struct sidecar_certificate *certificate = sidecar_tls_hold(hop->tls, side, &generation);
	char until[TIME_TEXT_LEN + 1];
	bool own = certificate->own.until_ns != 0;
	time_format(own ? certificate->own.until_ns : certificate->authorities.until_ns, until);
	sidecar_say(hop->talk, SIDECAR_INFO, "certificate", "%s: new files in force, until %s%s%s", group,
		    until, own ? ", sha256 " : "", certificate->fingerprint);
	buf_printf(said, "%s: new files in force, until %s\n", group, until);
	sidecar_certificate_drop(certificate);
}

static void stays(struct sidecar_hop *hop, enum sidecar_side side, const struct rules_findings *findings,
		  struct buf *said)
{
	const char *group = sidecar_side_names[side].group;
	sidecar_metrics_failed(hop->metrics, SIDECAR_FAILURE_RELOAD, SIDECAR_KEPT);
	sidecar_reload_record(hop, findings);
	sidecar_say(hop->talk, SIDECAR_ERROR, "certificate", "%s: refused; what was in force stays", group);
	buf_printf(said, "%s: refused; what was in force stays\n", group);
}

bool sidecar_rotate(struct sidecar_hop *hop, enum sidecar_side side, struct buf *said)
{
	if (!sidecar_side_secure(hop->config, side))
		return true;
	struct rules_findings findings = {0};
	uint64_t generation;
	int64_t now = audit_log_now(hop->log);
	struct sidecar_certificate *before = sidecar_tls_hold(hop->tls, side, &generation);
	struct sidecar_certificate *certificate =
		sidecar_certificate_load(hop->config, side, before, now, &findings);
	bool good = certificate != NULL;
	sidecar_reload_say(hop, &findings, said);
	sidecar_tls_refused(hop->tls, side, !good);
	if (!good)
		stays(hop, side, &findings, said);
	else if (sidecar_tls_put(hop->tls, side, certificate, now))
		in_force(hop, side, said);
	sidecar_certificate_drop(before);
	rules_findings_done(&findings);
	return good;
}
