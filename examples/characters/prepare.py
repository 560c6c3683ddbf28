#!/usr/bin/env python3
"""prepare.py TEXT FOLDER: the numbers of a text's characters, as FOLDER/train.idx and FOLDER/test.idx for characters.tw.

A character's number is its place among the different ones of the text, sorted. Each record has 80 of them: 16 in front, which are the
end of the record before, and 64 to be told. The last tenth of the text is the test.
"""

import os
import struct
import sys

BEFORE, TOLD = 16, 64


def write(path, numbers):
    """The numbers as an IDX file of bytes with two dimensions."""
    starts = range(0, len(numbers) - BEFORE - TOLD + 1, TOLD)
    with open(path, "wb") as f:
        f.write(struct.pack(">BBBBII", 0, 0, 8, 2, len(starts), BEFORE + TOLD))
        for start in starts:
            f.write(bytes(numbers[start : start + BEFORE + TOLD]))


def main(text, folder):
    with open(text, encoding="utf-8") as f:
        characters = f.read()
    letters = sorted(set(characters))
    number = {letter: k for k, letter in enumerate(letters)}
    numbers = [number[letter] for letter in characters]
    split = len(numbers) * 9 // 10
    os.makedirs(folder, exist_ok=True)
    write(os.path.join(folder, "train.idx"), numbers[:split])
    write(os.path.join(folder, "test.idx"), numbers[split:])
    print(f"{len(letters)} different characters in {len(numbers)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
