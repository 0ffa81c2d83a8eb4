"""The pixels of a PNG, as far as libpng writes 8-bit RGB."""
import struct
import zlib


def chunks(data):
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("this is no PNG: %r" % data[:40])
    at = 8
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8:at + 8 + size]
        check, = struct.unpack_from(">I", data, at + 8 + size)
        if zlib.crc32(kind + body) != check:
            raise ValueError("the checksum of a %s chunk is wrong" % kind)
        yield kind, body
        at += 12 + size


def nearest(left, up, corner):
    """Paeth's predictor."""
    guess = left + up - corner
    return min((left, up, corner), key=lambda v: abs(guess - v))


def unfilter(kind, line, above):
    for i in range(len(line)):
        left = line[i - 3] if i >= 3 else 0
        corner = above[i - 3] if i >= 3 else 0
        guess = (0, left, above[i], (left + above[i]) // 2,
                 nearest(left, above[i], corner) if kind == 4 else 0)[kind]
        line[i] = (line[i] + guess) & 255


def pixels(data):
    """(width, height, bytes) of a PNG."""
    found = list(chunks(data))
    width, height, depth, colours, _, _, interlaced = struct.unpack(
        ">IIBBBBB", found[0][1])
    if (depth, colours, interlaced) != (8, 2, 0):
        raise ValueError("not 8-bit RGB")
    raw = zlib.decompress(b"".join(b for k, b in found if k == b"IDAT"))
    lines, above, length = [], bytes(3 * width), 3 * width + 1
    for y in range(height):
        line = bytearray(raw[y * length + 1:(y + 1) * length])
        if raw[y * length]:
            unfilter(raw[y * length], line, above)
        lines.append(bytes(line))
        above = line
    return width, height, b"".join(lines)
