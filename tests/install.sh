# SPDX-License-Identifier: Apache-2.0
# Sourced: install_packages FILE... installs the Debian packages listed in the files (one a line, its reason
# behind #) that are not there yet. Needs root or sudo only when something is missing.

install_packages() {
	local missing=() package as_root=()
	while read -r package; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
	done < <(sed 's/#.*//' "$@" | awk 'NF {print $1}')
	if [ ${#missing[@]} -eq 0 ]; then
		echo "all packages are there"
		return
	fi
	echo "installing: ${missing[*]}"
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || { echo "packages are missing and this is neither root nor is there sudo" >&2; return 1; }
		as_root=(sudo)
	fi
	"${as_root[@]}" apt-get update -qq
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null
}
