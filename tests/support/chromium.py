"""Chromium: the one of this machine; Debian's is installed where we may."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
APT_SECONDS = 400


def chromium_path() -> str | None:
    """Of the program; None where there is none and none could be installed.

    Of the tests' processes one installs and the others wait for it: a second apt-get would only say that
    another one is at work, and its journeys would be skipped.
    """
    with (Path(sys.prefix) / ".chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _found() or _installed()


def _found() -> str | None:
    return next((path for path in map(shutil.which, BROWSERS) if path), None)


def _installed() -> str | None:
    """Only as root on a Debian. What apt-get says goes to the test's output."""
    apt = shutil.which("apt-get")
    if os.geteuid() != 0 or apt is None:
        return None
    quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        outcome = subprocess.run([apt, *command], env=quietly, timeout=APT_SECONDS, check=False)
        if outcome.returncode != 0:
            return None
    return _found()
