#!/usr/bin/env python3
"""Writes images.json: PNG files of all kinds and what `image` makes of them, by its definition in plain Python.

images.py > images.json
"""

import json
import math
import random
import struct
import zlib

random.seed(13)
GREY, COLOUR, PALETTE, GREY_ALPHA, COLOUR_ALPHA = 0, 2, 3, 4, 6
SAMPLES = {GREY: 1, COLOUR: 3, PALETTE: 1, GREY_ALPHA: 2, COLOUR_ALPHA: 4}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def packed(row, depth):
    """The bytes of a row of samples."""
    bits = "".join(format(sample, f"0{depth}b") for sample in row)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def paeth(a, b, c):
    p = a + b - c
    return min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]


def filtered(rows, step):
    """Rows of bytes, each with the number of a filter in front and behind it what the filter leaves."""
    out, above = b"", bytes(len(rows[0]))
    for y, row in enumerate(rows):
        kind = y % 5
        out += bytes([kind])
        for i, byte in enumerate(row):
            a = row[i - step] if i >= step else 0
            c = above[i - step] if i >= step else 0
            b = above[i]
            out += bytes([(byte - [0, a, b, (a + b) // 2, paeth(a, b, c)][kind]) % 256])
        above = row
    return out


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(pixels, kind, depth, interlaced, extra):
    """The file of rows of pixels, each a list of samples."""
    height, width = len(pixels), len(pixels[0])
    step = max(SAMPLES[kind] * depth // 8, 1)
    data = b""
    for x0, y0, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        rows = [[sample for pixel in row[x0::dx] for sample in pixel] for row in pixels[y0::dy]]
        if rows and rows[0]:
            data += filtered([packed(row, depth) for row in rows], step)
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, int(interlaced))
    stream = zlib.compress(data, 9)
    half = len(stream) // 2
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"gAMA", struct.pack(">I", 100000)) + extra
        + chunk(b"IDAT", stream[:half]) + chunk(b"IDAT", stream[half:]) + chunk(b"IEND", b"")
    )


def colours(pixels, kind, depth, palette, opacities):
    """Red, green, blue and opacity of each pixel, from 0 to 255."""
    top = 2**depth - 1

    def of(pixel):
        if kind == PALETTE:
            return [*palette[pixel[0]], opacities[pixel[0]] if pixel[0] < len(opacities) else 255]
        values = [sample * 255 / top for sample in pixel]
        if kind in (GREY, GREY_ALPHA):
            values = [values[0]] * 3 + values[1:]
        return values if len(values) == 4 else values + [255]

    return [[of(pixel) for pixel in row] for row in pixels]


def in_channels(pixel, channels):
    red, green, blue, _ = pixel
    return [0.299 * red + 0.587 * green + 0.114 * blue] if channels == 1 else pixel[:channels]


def weights(begin, end, line, into):
    """Of each new pixel, the pixels of the line with their shares."""
    scale = (end - begin) / into
    reach = max(scale, 1)
    for i in range(into):
        center = begin + (i + 0.5) * scale
        shares = {p: 1 - abs(p + 0.5 - center) / reach for p in range(line) if abs(p + 0.5 - center) < reach}
        yield {p: share / sum(shares.values()) for p, share in shares.items()}


def fitted(picture, height, width, fit):
    h, w, channels = len(picture), len(picture[0]), len(picture[0][0])
    box, into = (0, h, 0, w), (height, width)
    if fit == "crop":
        share = min(h / height, w / width)
        dh, dw = (h - share * height) / 2, (w - share * width) / 2
        box = (dh, h - dh, dw, w - dw)
    if fit == "pad":
        share = max(h / height, w / width)
        into = (max(math.floor(h / share + 0.5), 1), max(math.floor(w / share + 0.5), 1))
    down = list(weights(box[0], box[1], h, into[0]))
    across = list(weights(box[2], box[3], w, into[1]))
    top, left = (height - into[0]) // 2, (width - into[1]) // 2
    out = [[[0.0] * channels for _ in range(width)] for _ in range(height)]
    for y, ys in enumerate(down):
        for x, xs in enumerate(across):
            for c in range(channels):
                out[top + y][left + x][c] = math.fsum(
                    picture[p][q][c] * a * b for p, a in ys.items() for q, b in xs.items()
                )
    return [value for row in out for pixel in row for value in pixel]


KINDS = [(GREY, depth) for depth in (1, 2, 4, 8, 16)] + [(PALETTE, depth) for depth in (1, 2, 4, 8)]
KINDS += [(kind, depth) for kind in (COLOUR, GREY_ALPHA, COLOUR_ALPHA) for depth in (8, 16)]
SIZES = [(7, 5), (9, 16), (3, 3), (1, 8), (12, 6)]
SHAPES = [(4, 4), (3, 7), (8, 2), (6, 12)]

cases = []
for number, (kind, depth) in enumerate(KINDS * 4):
    height, width = SIZES[number % len(SIZES)]
    palette = [[random.randrange(256) for _ in range(3)] for _ in range(2**min(depth, 5))]
    opacities = [random.randrange(256) for _ in range(number % 3)]
    most = len(palette) if kind == PALETTE else 2**depth
    pixels = [[[random.randrange(most) for _ in range(SAMPLES[kind])] for _ in range(width)] for _ in range(height)]
    extra = b""
    if kind == PALETTE:
        extra = chunk(b"PLTE", bytes(sum(palette, [])))
        extra += chunk(b"tRNS", bytes(opacities)) if opacities else b""
    channels = [1, 3, 4][number % 3]
    fit = ["crop", "stretch", "pad"][number // 3 % 3]
    shape = SHAPES[number // 2 % len(SHAPES)] if number % 7 else (height, width)
    picture = colours(pixels, kind, depth, palette, opacities)
    picture = [[in_channels(pixel, channels) for pixel in row] for row in picture]
    cases.append(
        {
            "file": png(pixels, kind, depth, number % 4 == 1, extra).hex(),
            "fit": fit,
            "shape": [*shape, channels],
            "expected": [round(value, 4) for value in fitted(picture, *shape, fit)],
        }
    )


def exif(orientation, order):
    """A block with a tag before the orientation and one behind it."""
    tags = [(0x10F, 2, 2, b"T\0\0\0"), (0x112, 3, 1, struct.pack(order + "HH", orientation, 0)), (0x128, 3, 1, bytes(4))]
    block = (b"MM" if order == ">" else b"II") + struct.pack(order + "HIH", 42, 8, len(tags))
    for tag, kind, count, value in tags:
        block += struct.pack(order + "HHI", tag, kind, count) + value
    return block + bytes(4)


def upright(picture, orientation):
    """EXIF's definition: where the file's first row and first column are seen."""
    height, width = len(picture), len(picture[0])
    first_row = {1: "top", 2: "top", 3: "bottom", 4: "bottom", 5: "left", 6: "right", 7: "right", 8: "left"}[orientation]
    first_column = {1: "left", 2: "right", 3: "right", 4: "left", 5: "top", 6: "top", 7: "bottom", 8: "bottom"}[orientation]
    is_turned = first_row in ("left", "right")
    seen = [[None] * (height if is_turned else width) for _ in range(width if is_turned else height)]
    for row in range(height):
        for column in range(width):
            along = {"top": row, "left": row, "bottom": height - 1 - row, "right": height - 1 - row}[first_row]
            across = {"top": column, "left": column, "bottom": width - 1 - column, "right": width - 1 - column}[first_column]
            y, x = (across, along) if is_turned else (along, across)
            seen[y][x] = picture[row][column]
    return seen


for number in range(24):
    height, width = [(4, 7), (6, 3)][number % 2]
    fit, orientation = ["stretch", "crop", "pad"][number // 8], number % 8 + 1
    pixels = [[[random.randrange(256) for _ in range(3)] for _ in range(width)] for _ in range(height)]
    picture = upright(pixels, orientation)
    shape = (len(picture), len(picture[0])) if fit == "stretch" else [(5, 4), (3, 6)][number // 4 % 2]
    extra = chunk(b"eXIf", exif(orientation, "<>"[number // 2 % 2]))
    cases.append(
        {
            "file": png(pixels, COLOUR, 8, number % 5 == 1, extra).hex(),
            "fit": fit,
            "shape": [*shape, 3],
            "expected": [round(value, 4) for value in fitted(picture, *shape, fit)],
        }
    )
print("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]")
