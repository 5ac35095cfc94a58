# SPDX-License-Identifier: Apache-2.0
# Completion of verbs and options: both are read from the programs' own --help, so that there is one list.

_rankguard() {
	local program=$1 word=${COMP_WORDS[COMP_CWORD]} help
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		help=$("$program" --help 2>/dev/null | sed -nE "s/^  (${program##*/} )?([a-z][a-z-]*) .*/\2/p")
		mapfile -t COMPREPLY < <(compgen -W "$help --help --version" -- "$word")
	elif [[ $word == -* ]]; then
		help=$("$program" "${COMP_WORDS[1]}" --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]*' | sort -u)
		mapfile -t COMPREPLY < <(compgen -W "$help" -- "$word")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}
complete -o filenames -F _rankguard rankguard rankguard-rules rankguard-audit
