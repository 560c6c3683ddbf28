"""Pictures in pets/cat and pets/dog, bright at the top and at the bottom; labels.csv, which names them in the same order; and pets.tw and
labels.tw, which train on each."""
import os
import random
import struct
import zlib

MODEL = """
data pets {
  train      = %s
  validation = train(percent = 80..100)
  pixels: u8[8, 6, 1]         = column("%s") |> image(fit = "stretch")
  kind:   class["cat", "dog"] = column("class")
}
model Net(pixels: f32[n, h, w, c]) -> f32[n, 2] {
  pixels / 255 |> random_flip |> random_shift(1) |> flatten |> dense(2)
}
train Net on pets {
  minimize cross_entropy(Net(pixels), kind)
  metric accuracy = accuracy(Net(pixels), kind)
  optimizer adam(lr = 0.05)
  batch 8
  epochs 10
}
"""
random.seed(13)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


with open("labels.csv", "w", encoding="utf-8") as labels:
    labels.write("file,class\n")
    for kind in ("cat", "dog"):
        os.makedirs(f"pets/{kind}")
        for number in range(30):
            height, width = random.randrange(8, 24), random.randrange(6, 24)
            rows = b""
            for y in range(height):
                bright = (y < height / 2) == (kind == "cat")
                rows += b"\0" + bytes(random.randrange(100, 250) if bright else random.randrange(100) for _ in range(3 * width))
            name = f"pets/{kind}/{number:02}.png"
            with open(name, "wb") as file:
                file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
                           + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
            labels.write(f"{name},{kind}\n")
share = 'percent = 0..80, stratified = "class", seed = 1'
for name, source, column in (("pets", f'images("pets", {share})', "image"),
                             ("labels", f'csv("labels.csv", contents = "file", {share})', "file")):
    with open(f"{name}.tw", "w", encoding="utf-8") as file:
        file.write(MODEL % (source, column))
