#!/usr/bin/env python3
"""prepare.py TEXT FOLDER: the numbers of a text's words, as FOLDER/train.idx and FOLDER/test.idx for words.tw.

Words are small letters and apostrophes; a sign and the end of a line are words, too. A word's number is its place among the most frequent
ones of the training part; 0 stands for all others. Each record has 33 of them, the last of which is the first of the next record. The last
tenth of the text is the test.
"""

import collections
import os
import re
import struct
import sys

WORDS, TOLD = 2000, 32


def write(path, numbers):
    """The numbers as an IDX file of 32 bits with two dimensions."""
    starts = range(0, len(numbers) - TOLD, TOLD)
    with open(path, "wb") as f:
        f.write(struct.pack(">BBBBII", 0, 0, 12, 2, len(starts), TOLD + 1))
        for start in starts:
            f.write(struct.pack(f">{TOLD + 1}i", *numbers[start : start + TOLD + 1]))


def main(text, folder):
    with open(text, encoding="utf-8") as f:
        words = re.findall(r"[a-z']+|[^a-z' ]", f.read().lower())
    split = len(words) * 9 // 10
    frequent = collections.Counter(words[:split]).most_common(WORDS - 1)
    number = {word: k for k, (word, _) in enumerate(frequent, 1)}
    numbers = [number.get(word, 0) for word in words]
    os.makedirs(folder, exist_ok=True)
    write(os.path.join(folder, "train.idx"), numbers[:split])
    write(os.path.join(folder, "test.idx"), numbers[split:])
    print(f"{len(set(words))} different words in {len(words)}, {numbers.count(0)} of them none of the {WORDS - 1} most frequent")


if __name__ == "__main__":
    main(*sys.argv[1:])
