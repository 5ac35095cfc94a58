# SPDX-License-Identifier: Apache-2.0
"""Rules that the end-to-end tests share, as libconfig groups."""
from sidecar import rules_text


def cap(limit, rule_id="prompts.cap", per="session", more=""):
    return (f'{{ id = "{rule_id}"; kind = "prompt_cap"; max = {limit}; per = "{per}"; window = "24h"; '
            f'reason = "No more than {limit} prompts a day."; {more} }}')


def bound(rule_id="scores.bound", more=""):
    return (f'{{ id = "{rule_id}"; kind = "score_bound"; max_absolute = 0.2; '
            f'reason = "A score moves by at most 0.2."; {more} }}')


def deny(rule_id="language.blame", more=""):
    return (f'{{ id = "{rule_id}"; kind = "phrase_deny"; phrases = [ "your fault" ]; '
            f'reason = "Never blame the user."; {more} }}')


NEUTRAL = ('{ id = "ack.neutral"; locale = "en"; kind = "acknowledgement"; text = "We will adjust."; '
           'approved_by = "legal"; approved = "2026-01-01"; }')

# One cap of one prompt a session, a bound of 0.2, one denied phrase with a fallback.
RULES = rules_text(cap(1), bound(), deny(more='action = "replace"; fallback = "ack.neutral";'),
                   texts=(NEUTRAL,))
