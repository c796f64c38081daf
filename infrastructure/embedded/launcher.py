"""Runs before a server and becomes it: `python -I -S launcher.py PARENT SIGNAL IDENTITY [COMMAND...]`.

A program of its own, of the standard library alone: between fork and exec, a process of many threads must not
run Python. Without a COMMAND it ends with 0 once it has its identity, which tells the caller that it can be had.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from pathlib import Path

NOBODY = 65534
CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
CAPABILITY_VERSION = 0x20080522
CAP_DAC_OVERRIDE = 1


def main(parent: str, death_signal: str, identity: str, *command: str) -> None:
    """Take the identity, be mortal with the parent, become the command."""
    if identity == "namespace":
        enter_namespace()
    if identity == "nobody":
        become_nobody()
    if sys.platform == "linux":
        # After the change of identity, which clears it.
        _libc().prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit("The process that started this is gone.")
    if identity != "self":
        _refuse_unreachable(Path.cwd(), *map(Path, command[:1]))
    if command:
        os.execv(command[0], command)  # noqa: S606 - becoming the command is the purpose


def enter_namespace() -> None:
    """Be "nobody" to this process and still root to the kernel: PostgreSQL refuses root, files stay root's."""
    user, group = os.geteuid(), os.getegid()
    libc = _libc()
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{NOBODY} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{NOBODY} {group} 1")


def become_nobody() -> None:
    """Really be "nobody", where a container forbids user namespaces; root's folders may still be passed through.

    Without that one capability a clone under root's private home could not start at all.
    """
    libc = _libc()
    libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    header = struct.pack("=Ii", CAPABILITY_VERSION, 0)
    kept = 1 << CAP_DAC_OVERRIDE
    if libc.capset(header, struct.pack("=6I", kept, kept, kept, 0, 0, 0)) == 0:
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def _refuse_unreachable(*paths: Path) -> None:
    for path in paths:
        if not os.access(path, os.X_OK, effective_ids=True):
            sys.exit(
                f"it runs as the user nobody, who may not pass through to {path}, so choose a folder outside of "
                "private ones, or do not start Verbatim as root"
            )


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}")
