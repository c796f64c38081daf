"""Pictures keep nothing but the picture; floods and broken ones are refused."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import closing

import pytest
from PIL import Image

from domain.refusals import TooLarge, UnsupportedFile
from infrastructure.blobs.images import LARGEST, MOST_FRAMES, Images
from tests.support.pictures import SECRET, gif, jpeg, opened, png, saved, webp


@pytest.fixture
def images() -> Iterator[Images]:
    with closing(Images()) as made:
        yield made


async def cleaned(images: Images, body: bytes, content_type: str) -> bytes:
    with await images.cleaned(io.BytesIO(body), content_type) as target:
        return target.read()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("image/png", png()),
        ("image/png", png(mode="P")),
        ("image/png", png(mode="I;16")),
        ("image/jpeg", jpeg()),
        ("image/jpeg", jpeg(mode="L")),
        ("image/jpeg", jpeg(mode="CMYK")),
        ("image/webp", webp()),
        ("image/gif", gif(1)),
        ("image/gif", gif(4)),
    ],
)
async def test_nothing_but_the_picture_is_left(images: Images, content_type: str, body: bytes) -> None:
    assert SECRET.encode() in body
    hidden = body + b"<script>alert(1)</script>"
    clean = await cleaned(images, hidden, content_type)
    assert SECRET.encode() not in clean
    assert b"<script>" not in clean
    before, after = opened(body), opened(clean)
    assert (after.size, after.format) == (before.size, before.format)
    assert not after.getexif()
    assert not {"exif", "icc_profile", "comment", "xmp", "Comment"} & set(after.info)


async def test_a_picture_stands_upright_without_its_metadata(images: Images) -> None:
    assert opened(await cleaned(images, jpeg((60, 40), orientation=6), "image/jpeg")).size == (40, 60)


@pytest.mark.parametrize(("kind", "content_type"), [("GIF", "image/gif"), ("WEBP", "image/webp")])
async def test_an_animation_stays_one(images: Images, kind: str, content_type: str) -> None:
    after = opened(await cleaned(images, gif(5, kind=kind), content_type))
    assert getattr(after, "n_frames", 1) == 5


async def test_transparency_stays(images: Images) -> None:
    for mode in ("RGBA", "LA", "P"):
        picture = Image.new(mode, (4, 4))
        options = {"transparency": 0} if mode == "P" else {}
        after = opened(await cleaned(images, saved(picture, "PNG", **options), "image/png")).convert("RGBA")
        assert after.getpixel((0, 0))[3] == 0  # type: ignore[index]


async def test_a_flood_of_pixels_is_refused_before_it_is_decoded(images: Images) -> None:
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    bomb = b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IDAT\x35\xaf\x06\x1e"
    with pytest.raises(TooLarge):
        await cleaned(images, bomb, "image/png")
    side = int(LARGEST**0.5)
    with pytest.raises(TooLarge):
        await cleaned(images, saved(Image.new("1", (side + 9, side + 9)), "PNG"), "image/png")


async def test_an_endless_animation_is_refused(images: Images) -> None:
    with pytest.raises(TooLarge):
        await cleaned(images, gif(MOST_FRAMES + 5, (2, 2)), "image/gif")
    with pytest.raises(TooLarge):
        await cleaned(images, gif(30, (1000, 1000)), "image/gif")


@pytest.mark.parametrize("content_type", ["image/png", "image/jpeg", "image/gif", "image/webp"])
async def test_what_is_no_picture_of_this_kind_is_refused(images: Images, content_type: str) -> None:
    bodies = {"image/png": png(), "image/jpeg": jpeg(), "image/gif": gif(1), "image/webp": webp()}
    whole = bodies.pop(content_type)
    for body in (b"", b"x" * 100, whole[:20], whole[: len(whole) // 2], *bodies.values()):
        with pytest.raises(UnsupportedFile):
            await cleaned(images, body, content_type)
