"""Changes by chance what lies in the folder of a run, and uses it. eval, predict and train --resume each end with an error that names a path in
the run, or do what they did of the folder as it was: the same numbers, and the same bytes at the end of the run. The texts that are for people,
run.json and log.jsonl, may say anything."""
import atexit
import collections
import json
import os
import random
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "Support"))
from runs import FILES, ROLLBACK, Fault, Lab, agree, linked, moments  # noqa: E402

KEEP = 3

# -- what is changed of a regular file: each takes choices, the path, and the paths of other files of the same run; says what it did


def flip(chance, path, others):
    data = bytearray(read(path))
    places = [chance.randrange(len(data) * 8) for _ in range(chance.choice([1, 1, 1, 2, 8]))] if data else []
    for place in places:
        data[place // 8] ^= 1 << place % 8
    write(path, data)
    return f"bits {places} flipped"


def value(chance, path, others):
    """In the last third, where a file of tensors has their values."""
    data = bytearray(read(path))
    place = len(data) - 1 - chance.randrange(len(data) // 3)
    data[place] ^= 1 << chance.randrange(8)
    write(path, data)
    return f"a bit of byte {place} flipped"


def cut(chance, path, others):
    size = chance.choice([0, 1, 7, 8, 9, chance.randrange(os.path.getsize(path) + 1)])
    os.truncate(path, min(size, os.path.getsize(path)))
    return f"cut to {size} bytes"


def insert(chance, path, others):
    data = read(path)
    at = chance.choice([0, len(data), chance.randrange(len(data) + 1)])
    more = bytes(chance.choice([0, 10, 32, 34, 44, 123, chance.randrange(256)]) for _ in range(chance.choice([1, 1, 8, 4096])))
    write(path, data[:at] + more + data[at:])
    return f"{len(more)} bytes inserted at {at}"


def duplicate(chance, path, others):
    data = read(path)
    first, last = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    first, last = chance.choice([(0, len(data)), (first, last)])
    write(path, data[:last] + data[first:])
    return f"bytes {first} to {last} twice"


def digit(chance, path, others):
    """Another number, or another letter, in a text that still reads well."""
    data = bytearray(read(path))
    places = [place for place, byte in enumerate(data) if chr(byte).isdigit()]
    if places:
        place = chance.choice(places)
        data[place] = ord(chance.choice([d for d in "0123456789" if ord(d) != data[place]]))
        write(path, data)
        return f"the digit at {place} is {chr(data[place])}"
    return flip(chance, path, others)


def member(chance, path, others):
    """Another value of a member of state.json, which is as good."""
    state = json.loads(read(path))
    name = chance.choice(sorted(state))
    was = state[name]
    if isinstance(was, bool):
        state[name] = not was
    elif isinstance(was, int):
        state[name] = chance.choice([0, was + 1, was - 1, 2 * was])
    elif isinstance(was, str):
        state[name] = chance.choice(["", was + " ", was.replace("0", "1")])
    elif isinstance(was, dict) and was:
        inner = chance.choice(sorted(was))
        was[inner] = chance.choice([None, 0, 1, 0.5, []])
    else:
        state[name] = chance.choice([0, "", []])
    write(path, json.dumps(state, indent=2).encode() + b"\n")
    return f"another {name}"


def zeros(chance, path, others):
    data = bytearray(read(path))
    at = chance.randrange(len(data) + 1)
    data[at:at + 512] = bytes(len(data[at:at + 512]))
    write(path, data)
    return f"zeros at {at}"


def empty(chance, path, others):
    write(path, b"")
    return "emptied"


def swap(chance, path, others):
    other = chance.choice(others)
    data = read(path)
    write(path, read(other))
    write(other, data)
    return f"swapped with {'/'.join(other.split('/')[-2:])}"


def replace(chance, path, others):
    other = chance.choice(others)
    write(path, read(other))
    return f"a copy of {'/'.join(other.split('/')[-2:])}"


def remove(chance, path, others):
    os.remove(path)
    return "removed"


def folder(chance, path, others):
    os.remove(path)
    os.mkdir(path)
    if chance.randrange(2):
        write(os.path.join(path, "file"), b"x")
    return "a folder"


def loop(chance, path, others):
    os.remove(path)
    os.symlink(chance.choice([os.path.basename(path), "nowhere", "/dev/null", ".."]), path)
    return f"a link to {os.readlink(path)}"


def mode(chance, path, others):
    bits = chance.choice([0, 0o444, 0o222])
    os.chmod(path, bits)
    return f"mode {bits:o}"


OF_FILES = [flip, flip, value, value, value, digit, digit, cut, insert, duplicate, zeros, empty, swap, swap, replace, remove, folder, loop, mode]

# -- of a link to a moment


def relink(chance, path, others):
    to = chance.choice(moments(os.path.dirname(path)))
    return pointed(path, to)


def pointed(path, to):
    os.remove(path)
    os.symlink(to, path)
    return f"a link to {to}"


def dangle(chance, path, others):
    return pointed(path, chance.choice(["step-99", "last", "nowhere", "..", ".", "run.json", "", "/", "step-6.part", "step-3x"]) or "step-")


def absolute(chance, path, others):
    return pointed(path, os.path.realpath(path))


def followed(chance, path, others):
    from_ = os.path.realpath(path)
    os.remove(path)
    shutil.copytree(from_, path)
    return "a copy of what it named"


def text(chance, path, others):
    to = os.readlink(path)
    os.remove(path)
    write(path, to.encode())
    return "a file"


OF_LINKS = [relink, relink, dangle, dangle, absolute, followed, text, remove, folder, mode]

# -- of a moment's folder


def gone(chance, path, others):
    shutil.rmtree(path)
    return "removed"


def renamed(chance, path, others):
    to = path + chance.choice([".part", ".2", "0", ".x"])
    os.rename(path, to)
    return f"renamed to {os.path.basename(to)}"


def crossed(chance, path, others):
    other = chance.choice(others)
    os.rename(path, path + ".x")
    os.rename(other, path)
    os.rename(path + ".x", other)
    return f"swapped with {os.path.basename(other)}"


def bare(chance, path, others):
    shutil.rmtree(path)
    os.mkdir(path)
    return "emptied"


def flat(chance, path, others):
    shutil.rmtree(path)
    write(path, b"x")
    return "a file"


def more(chance, path, others):
    write(os.path.join(path, "more"), b"x")
    return "with another file"


OF_FOLDERS = [gone, renamed, renamed, crossed, bare, flat, more, mode]

# -- of the lock, which is not there


def held(chance, path, others):
    write(path, chance.choice([b"", b"process 1 on nowhere\n", bytes(chance.randrange(256) for _ in range(5000))]))
    return "left by a dead holder"


def lockFolder(chance, path, others):
    os.mkdir(path)
    return "a folder"


def lockLink(chance, path, others):
    os.symlink(chance.choice(["lock", "nowhere", "run.json", "/dev/null"]), path)
    return f"a link to {os.readlink(path)}"


OF_LOCK = [held, held, lockFolder, lockLink]


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


class Results:
    """What the commands gave of the folder as it was."""

    def __init__(self, lab, run, end):
        self.lab, self.end = lab, end
        self.evals = {name: self.eval(os.path.join(run, name)).out.split("(")[0] for name in moments(run)}
        self.rows = {name: self.predict(os.path.join(run, name)).out for name in moments(run)}
        self.last = os.readlink(os.path.join(run, "last"))
        for ended in (self.eval(run), self.predict(run)):
            if ended.code != 0:
                raise Fault(str(ended))

    def eval(self, run):
        return self.lab.talweg("eval", run, "--threads", "1")

    def predict(self, run):
        return self.lab.talweg("predict", run, "--threads", "1", "--output", "-")

    def resume(self, run):
        return self.lab.talweg("train", "--resume", run, "--threads", "1", "--quiet")


def mutate(chance, run):
    """Changes something of a run. What, how, and whether that may move the run to another of its moments, or leave it all as it was."""
    all = moments(run)
    kind = chance.choice(["model", "model", "optimizer", "optimizer", "rollback", "state", "state", "state", "record", "log", "last", "best", "moment", "lock"])
    name = chance.choice(all)
    if kind in ("model", "optimizer", "state", "rollback"):
        if chance.randrange(4):
            name = os.readlink(os.path.join(run, "last"))  # which is read, as the others are not
        files = [*FILES, ROLLBACK]
        file = next(file for file in files if file.startswith(kind))
        others = [os.path.join(run, other, file) for other in all if other != name]
        others += [os.path.join(run, name, other) for other in files if other != file]
        path = os.path.join(run, name, file)
        change = chance.choice(OF_FILES + [member] * 6 * (kind == "state"))
    elif kind in ("record", "log"):
        path = os.path.join(run, {"record": "run.json", "log": "log.jsonl"}[kind])
        others = [os.path.join(run, "run.json" if kind == "log" else "log.jsonl"), os.path.join(run, name, FILES[2])]
        change = chance.choice(OF_FILES)
    elif kind in ("last", "best"):
        path, others, change = os.path.join(run, kind), [], chance.choice(OF_LINKS)
    elif kind == "moment":
        path, others = os.path.join(run, name), [os.path.join(run, other) for other in all if other != name]
        change = chance.choice(OF_FOLDERS)
    else:
        path, others, change = os.path.join(run, "lock"), [], chance.choice(OF_LOCK)
    said = f"{os.path.relpath(path, run)}: {change(chance, path, others)}"
    isText = kind in ("record", "log") and change not in (folder, loop, mode, remove, swap)
    return said, kind in ("last", "moment"), isText


def judge(said, ended, run, isGood, mustBeGood, counts):
    """Of a command that has ended: whether it did what it should."""
    command = next(word for word in ended.words if word in ("eval", "predict", "train"))
    counts[command, "the same" if ended.code == 0 else "refused"] += 1
    if ended.code == 0:
        if not isGood():
            raise Fault(f"{said}: another result\n{ended}")
        return
    if mustBeGood:
        raise Fault(f"{said}, on which nothing depends\n{ended}")
    if ended.code not in (1, 2) or not any(run in line for line in ended.errors()):
        raise Fault(f"{said}: an error with a path in the run was expected\n{ended}")


def main():
    lab = Lab(__doc__.splitlines()[0])
    model = lab.model("everything")
    words = ["--threads", "1", "--save-every", "2steps", "--keep", str(KEEP), "--quiet"]
    alone = lab.path("alone")
    lab.succeed("train", model, "--out", alone, *words)
    end = linked(alone)
    before = lab.path("before")
    lab.interrupted(before, [model, *words], 4)
    counts = collections.Counter()
    results = Results(lab, before, end)

    def check(folder, seed):
        run = os.path.join(folder, "run")
        shutil.copytree(before, run, symlinks=True)
        said, moves, isText = mutate(random.Random(seed), run)
        allowed = list(results.evals) if moves else [results.last]
        told = results.eval(run) if seed % 2 else lab.talweg("eval", model, "--checkpoint", run, "--threads", "1")
        judge(said, told, run, lambda: told.out.split("(")[0] in [results.evals[name] for name in allowed], isText, counts)
        rows = results.predict(run)
        judge(said, rows, run, lambda: rows.out in [results.rows[name] for name in allowed], isText, counts)
        had = {name: os.lstat(os.path.join(run, name)).st_ino for name in moments(run)}
        resumed = results.resume(run)

        def isGood():
            agree(run, end)
            over = [name for name in os.listdir(run) if name == "lock" or name.endswith(".part")]
            if over:
                raise Fault(f"left over: {over}")
            return True

        try:
            judge(said, resumed, run, isGood, isText, counts)
        except Fault as fault:
            raise fault if said in str(fault) else Fault(f"{said}: {fault}") from fault
        if resumed.code != 0 and any(name not in moments(run) for name in had):
            raise Fault(f"{said}: of {sorted(had)} are left {moments(run)} after\n{resumed}")

    count = lab.given.cases or (2000 if lab.isAll or lab.given.only else 30)
    cases = [(f"mutation-{number}", lab.given.seed * 1000003 + number) for number in range(count)]
    atexit.register(lambda: print("; ".join(f"{command} {how} {counts[command, how]} times" for command, how in sorted(counts))))
    lab.check(lab.chosen(cases, count), check, "mutated runs")


try:
    main()
except Fault as fault:
    sys.exit(str(fault))
