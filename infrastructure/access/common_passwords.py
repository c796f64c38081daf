"""Passwords that everybody tries first: the hundred most used, and what only makes one of them longer."""

from __future__ import annotations

import re

_LISTED = """
123456 password 12345678 qwerty 123456789 12345 1234 111111 1234567 dragon 123123 baseball abc123 football
monkey letmein 696969 shadow master 666666 qwertyuiop 123321 mustang 1234567890 michael 654321 superman
1qaz2wsx 7777777 121212 000000 qazwsx 123qwe killer trustno1 jordan jennifer zxcvbnm asdfgh hunter buster
soccer harley batman andrew tigger sunshine iloveyou 2000 charlie robert thomas hockey ranger daniel starwars
klaster 112233 george computer michelle jessica pepper 1111 zxcvbn 555555 11111111 131313 freedom 777777 pass
maggie 159753 aaaaaa ginger princess joshua cheese amanda summer love ashley nicole chelsea biteme matthew
access yankees 987654321 dallas austin thunder taylor matrix welcome admin passw0rd changeme secret login
"""
COMMON = frozenset(_LISTED.split())
RUNS = (
    "0123456789" * 14,
    "abcdefghijklmnopqrstuvwxyz" * 6,
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
)
FEWEST_DIFFERENT = 5

_AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_REPEATED = re.compile(r"(.+?)\1*")


def is_common(password: str) -> bool:
    """True for a common password, also repeated or with digits and signs around it, and for a run of keys."""
    words = "".join(password.casefold().split())
    cores = {words, _AROUND.sub("", words)}
    units = {match[1] for core in cores if (match := _REPEATED.fullmatch(core))}
    is_run = any(words in run or words[::-1] in run for run in RUNS)
    return bool((cores | units) & COMMON) or is_run or len(set(words)) < FEWEST_DIFFERENT
