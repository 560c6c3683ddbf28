#!/usr/bin/env python3
"""Runs what the documents say: fenced blocks marked `sh test` as commands, `tw test` through `talweg check`; one marked
`tw = PATH` shows the whole of that file.

run-docs.py --build BUILD --scratch FOLDER FILE.md… ; the commands find the repository's folders and `build` by their names,
and what they write lands in FOLDER. The first block that fails is shown with its place, and the exit status is 1.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def blocks(path):
    """(first line number, kind, text) of each marked block of the file. The kind is sh, tw, or the path shown."""
    kind = text = first = None
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            if kind is None:
                match = re.fullmatch(r"```(?:(sh|tw) test|tw = (\S+))\s*", line)
                if match:
                    kind, text, first = match.group(1) or match.group(2), "", number + 1
            elif line.startswith("```"):
                yield first, kind, text
                kind = None
            else:
                text += line


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--scratch", required=True)
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()

    shutil.rmtree(options.scratch, ignore_errors=True)
    os.makedirs(options.scratch)
    for name in os.listdir(ROOT):
        if not name.startswith(("build", ".", "runs")):
            os.symlink(os.path.join(ROOT, name), os.path.join(options.scratch, name))
    os.symlink(options.build, os.path.join(options.scratch, "build"))

    ran = 0
    for file in options.files:
        for first, kind, text in blocks(file):
            place = f"{os.path.relpath(file, ROOT)}:{first}"
            ran += 1
            if kind not in ("sh", "tw"):
                with open(os.path.join(ROOT, kind), encoding="utf-8") as f:
                    if f.read() != text:
                        sys.exit(f"{place}: this block is not what {kind} holds")
                continue
            if kind == "tw":
                with open(os.path.join(options.scratch, "block.tw"), "w", encoding="utf-8") as f:
                    f.write(text)
                text = "build/bin/talweg check block.tw"
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=options.scratch, text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if done.returncode != 0:
                sys.exit(f"{place}: this block ends in status {done.returncode}\n{done.stdout}")
    print(f"{ran} blocks hold")


if __name__ == "__main__":
    main()
