"""shared-cache.py PROGRAM OTHER: runs of a program, and of two programs, that start at once on one cold cache end with the bytes that they have alone without a cache; each entry of
the cache is then whole, nothing else is in it, and the next run finds all that it needs there."""
import hashlib
import os
import shutil
import subprocess
import sys

PROGRAMS = sys.argv[1:]


def start(program, out, cache, *options):
    environment = dict(os.environ, TALWEG_CACHE=cache)
    words = ["talweg", "train", program, "--threads", "1", "--quiet", "--out", out, *options]
    return subprocess.Popen(words, env=environment, stderr=subprocess.PIPE)


def finish(run):
    told = run.communicate()[1]
    assert run.returncode == 0, told.decode()
    return told


def contents(out):
    files = []
    for name in "model.safetensors", "optimizer.safetensors":
        with open(f"{out}/last/{name}", "rb") as file:
            files.append(file.read())
    return files


def check(cache):
    for name in os.listdir(cache):
        key, kind = os.path.splitext(name)
        with open(f"{cache}/{name}", "rb") as file:
            digest, space, entry = file.read().partition(b" ")
        assert space and digest.decode() == hashlib.sha256((key + kind).encode() + entry).hexdigest(), name


alone = {}
for program in PROGRAMS:
    finish(start(program, "alone", "off"))
    alone[program] = contents("alone")
    shutil.rmtree("alone")
assert alone[PROGRAMS[0]] != alone[PROGRAMS[1]]
for together, rounds in ([PROGRAMS[0]] * 2, 2), (PROGRAMS * 2, 2):
    for turn in range(rounds):
        runs = [start(program, f"run-{i}", os.path.abspath("cache")) for i, program in enumerate(together)]
        for run in runs:
            finish(run)
        for i, program in enumerate(together):
            assert contents(f"run-{i}") == alone[program], (together, turn, program)
            shutil.rmtree(f"run-{i}")
        check("cache")
        if turn == rounds - 1:
            for program in set(together):
                said = finish(start(program, "run", os.path.abspath("cache"), "--mlir-print-ir-before-all"))
                assert not said, "the program was compiled again"
                shutil.rmtree("run")
        shutil.rmtree("cache")
