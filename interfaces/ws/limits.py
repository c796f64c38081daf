"""SocketLimits: every bound of the sockets, in one place."""

from __future__ import annotations

import msgspec


class SocketLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds, sizes in bytes of UTF-8. A test makes them small."""

    auth_seconds: float = 5
    first_frame: int = 4 * 1024
    frame: int = 64 * 1024
    frames_per_second: float = 20
    frame_burst: int = 40
    bad_frames: int = 10
    queue_frames: int = 1_000
    queue_bytes: int = 1024 * 1024
    send_seconds: float = 30
    close_seconds: float = 2
    checkpoint_seconds: float = 15
    expiry_notice_seconds: float = 60
    recheck_seconds: float = 1
    presence_seconds: float = 1
    replay_events: int = 10_000
    replay_page: int = 1_000
    replay_seconds: float = 10
    replays_at_once: int = 4
    follow_seconds: float = 5
    unauthenticated: int = 2_000
    sockets_per_tenant: int = 50_000
    remembered_conversations: int = 100_000
