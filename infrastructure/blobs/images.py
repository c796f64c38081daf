"""Images: decoded and encoded anew: nothing but the picture is left, no place, no camera, no second file."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from PIL import Image, ImageOps, UnidentifiedImageError

from domain.refusals import TooLarge, UnsupportedFile

FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WEBP"}
LARGEST = 25_000_000
"""Pixels of a picture, or of all frames of an animation together: 100 MB of memory while it is encoded."""
MOST_FRAMES = 500
DEADLINE = 20.0
IN_MEMORY = 1024 * 1024
ANIMATED = ("GIF", "WEBP")
QUALITY = {"JPEG": {"quality": 90}, "WEBP": {"quality": 85}}


class Images:
    """Two at a time in this process: each may take a lot of memory."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(2, "images")

    async def cleaned(self, body: IO[bytes], content_type: str) -> IO[bytes]:
        """A temporary file with the same picture and no metadata. The caller closes both.

        Raises UnsupportedFile for what cannot be decoded (or not within 20 s), TooLarge for too many pixels.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(DEADLINE * 2):  # the first half is for waiting
                return await loop.run_in_executor(self._threads, _cleaned, body, FORMATS[content_type])
        except TimeoutError:
            raise UnsupportedFile("The picture takes too long to decode.") from None

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _cleaned(body: IO[bytes], kind: str) -> IO[bytes]:
    deadline = time.monotonic() + DEADLINE
    body.seek(0)
    try:
        with Image.open(body, formats=[kind]) as image:
            _refuse_flood(image, 1)
            frames = _frames(image, deadline) if kind in ANIMATED else iter([_upright(image)])
            return _encoded(frames, image, kind)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:
        # Pillow tells a broken picture in all of these ways.
        raise UnsupportedFile("The picture is damaged.") from error
    except Image.DecompressionBombError:
        raise TooLarge("The picture has too many pixels.", maxPixels=LARGEST) from None


def _refuse_flood(image: Image.Image, frames: int) -> None:
    if image.width * image.height * frames > LARGEST or frames > MOST_FRAMES:
        raise TooLarge("The picture has too many pixels.", maxPixels=LARGEST, maxFrames=MOST_FRAMES)


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its metadata says, which is lost next."""
    turned = ImageOps.exif_transpose(image)
    return turned if turned.mode in ("RGB", "RGBA", "L", "LA", "P", "1", "I;16") else turned.convert("RGB")


def _frames(image: Image.Image, deadline: float) -> Iterator[Image.Image]:
    """Frame by frame; stops a file that has too many, or takes too long, on the way."""
    count = 0
    while True:
        count += 1
        _refuse_flood(image, count)
        if time.monotonic() > deadline:
            raise UnsupportedFile("The picture takes too long to decode.")
        frame = image.convert("RGBA")
        frame.info = {"duration": image.info.get("duration", 100)}
        yield frame
        try:
            image.seek(count)
        except EOFError:
            return


def _encoded(frames: Iterator[Image.Image], image: Image.Image, kind: str) -> IO[bytes]:
    kept = list(frames)
    durations = [frame.info.get("duration", 100) for frame in kept]
    transparency = image.info.get("transparency") if kind == "PNG" else None
    for frame in kept:
        frame.info = {}
    options: dict[str, Any] = dict(QUALITY.get(kind, {}))
    if transparency is not None and kept[0].mode == "P":
        options["transparency"] = transparency
    if kind == "JPEG" and kept[0].mode not in ("RGB", "L"):
        kept[0] = kept[0].convert("RGB")
    if len(kept) > 1:
        loop = image.info.get("loop", 0)
        options |= {"save_all": True, "append_images": kept[1:], "duration": durations, "loop": loop}
        options |= {"disposal": 2} if kind == "GIF" else {}
    target: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - the caller closes it
    kept[0].save(target, kind, **options)
    target.seek(0)
    return target
