/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/versions.h"

#include "rules/zones.h"
#include <hs.h>
#include <libconfig.h>
#include <stdio.h>
#include <unicode/uchar.h>
#include <unicode/uversion.h>

void rules_versions(struct buf *json)
{
	char text[64], zones[16];
	snprintf(text, sizeof text, "%d.%d.%d", LIBCONFIG_VER_MAJOR, LIBCONFIG_VER_MINOR,
		 LIBCONFIG_VER_REVISION);
	json_key(json, "icu");
	json_text(json, U_ICU_VERSION);
	json_key(json, "unicode");
	json_text(json, U_UNICODE_VERSION);
	json_key(json, "hyperscan");
	json_text(json, hs_version());
	json_key(json, "libconfig");
	json_text(json, text);
	rules_zones_version(RULES_ZONEINFO, zones);
	json_key(json, "tzdata");
	json_text(json, zones);
}
