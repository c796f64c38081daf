"""Pictures made on the spot, with the metadata that real ones carry."""

from __future__ import annotations

import io

from PIL import Image
from PIL.PngImagePlugin import PngInfo

SECRET = "52.5200N 13.4050E secret place"


def jpeg(size: tuple[int, int] = (60, 40), orientation: int = 1, mode: str = "RGB") -> bytes:
    """With a place, a comment and a colour profile in it; `orientation` as cameras write it."""
    exif = Image.Exif()
    exif[0x010E] = SECRET
    exif[0x0112] = orientation
    exif.get_ifd(0x8825)[1] = "N"
    return saved(Image.new(mode, size, "red"), "JPEG", exif=exif.tobytes(), comment=SECRET.encode())


def png(size: tuple[int, int] = (60, 40), mode: str = "RGBA") -> bytes:
    about = PngInfo()
    about.add_text("Comment", SECRET)
    return saved(Image.new(mode, size), "PNG", pnginfo=about, icc_profile=b"profile " + SECRET.encode())


def webp(size: tuple[int, int] = (60, 40)) -> bytes:
    exif = Image.Exif()
    exif[0x010E] = SECRET
    return saved(Image.new("RGB", size, "blue"), "WEBP", exif=exif.tobytes(), xmp=SECRET.encode())


def gif(frames: int = 3, size: tuple[int, int] = (20, 10), kind: str = "GIF") -> bytes:
    """An animation whose frames differ."""
    images = [Image.new("RGB", size, (number * 7 % 256, 0, 255)) for number in range(frames)]
    more = {"comment": SECRET.encode()} if kind == "GIF" else {}
    return saved(images[0], kind, save_all=True, append_images=images[1:], duration=50, loop=0, **more)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def opened(body: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(body))
    image.load()
    return image
