"""What the tests that break runs have in common: commands of talweg under the disk breaker (DiskBreaker.c), what lies in the folder of a
run, and cases that are checked beside each other. A script of such a test says what it does in its own first lines.

TALWEG_ALL in the environment is the seed of all choices and asks for all cases; without it the seed is 1 and the cases are few."""
import argparse
import concurrent.futures
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time

INPUTS = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "Driver", "Inputs")
MOMENT = re.compile(r"step-\d+(\.\d+)?")
FILES = ["model.safetensors", "optimizer.safetensors", "state.json"]
ROLLBACK = "rollback.moment"  # with `on nan rollback`: where the run would go back to


class Fault(Exception):
    """What is wrong in a case, in words."""


class Ended:
    """A command that has ended."""

    def __init__(self, words, process):
        self.words = words
        self.code = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    def __str__(self):
        return f"`{' '.join(self.words)}` ended with {self.code}\n{self.err}".rstrip()

    def errors(self):
        return [line for line in self.err.splitlines() if "error:" in line]


class Moment:
    """A moment as it lies in a folder: complete, or a Fault."""

    def __init__(self, folder):
        if not os.path.isdir(folder):
            raise Fault(f"{folder} is no folder")
        if sorted(set(os.listdir(folder)) - {ROLLBACK}) != FILES:
            raise Fault(f"{folder} holds {sorted(os.listdir(folder))}")
        self.name = os.path.basename(os.path.realpath(folder))
        self.values = [digest(os.path.join(folder, name)) for name in FILES[:2]]
        with open(os.path.join(folder, FILES[2]), encoding="utf-8") as file:
            self.step = json.load(file)["step"]

    def __eq__(self, other):
        return isinstance(other, Moment) and (self.step, self.values) == (other.step, other.values)


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def linked(run, name="last"):
    """The moment that a link of a run names; None where there is no such link."""
    path = os.path.join(run, name)
    if not os.path.lexists(path):
        return None
    if not os.path.islink(path) or not MOMENT.fullmatch(os.readlink(path)):
        raise Fault(f"{path} is no link to a moment")
    return Moment(path)


def moments(run):
    """The names of all moments in a folder, in the order in which they were saved."""
    names = [name for name in os.listdir(run) if MOMENT.fullmatch(name)]
    return sorted(names, key=lambda name: [int(number) for number in name.removeprefix("step-").split(".")])


def leftovers(run, keep, best):
    """A Fault where a run that is over has left more than it should."""
    usual = {"run.json", "log.jsonl", "last"} | ({"best"} if best else set())
    over = [name for name in os.listdir(run) if name not in usual and not MOMENT.fullmatch(name)]
    if over:
        raise Fault(f"left over in {run}: {sorted(over)}")
    for name in moments(run):
        Moment(os.path.join(run, name))
    count = len(moments(run))
    if count > keep + (1 if best else 0):
        raise Fault(f"{run} keeps {moments(run)}, where {keep} should stay")


def agree(run, expected, best=None):
    """A Fault where a run has ended otherwise than expected."""
    last = linked(run)
    if last is None or last != expected:
        raise Fault(f"{run} ended at step {last and last.step}, {'with other values than' if last and last.step == expected.step else 'not'} "
                    f"at step {expected.step}, those of the run that was left alone")
    if best is not None and linked(run, "best") != best:
        raise Fault(f"{run}/best is not the best of the run that was left alone")


def withoutBest(text):
    """A model whose run keeps no best."""
    return "".join(line + "\n" for line in text.splitlines() if line.split()[:1] not in (["keep"], ["validate"]))


class Lab:
    """Where the cases of a script are, and how it runs commands."""

    def __init__(self, description):
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("--talweg", default="talweg")
        parser.add_argument("--breaker", help="the disk breaker, a library to preload")
        parser.add_argument("--host", help="the host that saves")
        parser.add_argument("--scratch", required=True, help="a folder that is emptied")
        parser.add_argument("--cases", type=int, help="so many, chosen by chance")
        parser.add_argument("--seed", type=int, default=int(os.environ.get("TALWEG_ALL") or 1))
        parser.add_argument("--only", help="the case of this name, or those whose names begin so")
        parser.add_argument("--jobs", type=int, default=min(2, len(os.sched_getaffinity(0))))
        self.given = parser.parse_args()
        self.isAll = "TALWEG_ALL" in os.environ
        self.scratch = os.path.realpath(self.given.scratch)
        shutil.rmtree(self.scratch, ignore_errors=True)
        os.makedirs(self.scratch)
        self.chance = random.Random(self.given.seed)
        self.begun = time.monotonic()

    def path(self, *names):
        return os.path.join(self.scratch, *names)

    def model(self, name, change=lambda text: text, source="everything"):
        """A copy of a model of the tests, changed, beside its data."""
        folder = self.path("models")
        os.makedirs(folder, exist_ok=True)
        for data in os.listdir(INPUTS):
            if data.endswith(".csv"):
                shutil.copy(os.path.join(INPUTS, data), folder)
        with open(os.path.join(INPUTS, source + ".tw"), encoding="utf-8") as file:
            text = change(file.read())
        path = os.path.join(folder, name + ".tw")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def command(self, words, environment=None, breaking=None):
        """Runs a command. `breaking` is how, at which call and in which folder the disk breaks."""
        variables = {**os.environ, **(environment or {})}
        if breaking:
            how, at, folder, log = breaking
            variables |= {"LD_PRELOAD": self.given.breaker, "BREAK_FOLDER": folder, "BREAK_HOW": how, "BREAK_AT": str(at)}
            if log:
                variables["BREAK_LOG"] = log
        try:
            process = subprocess.run(words, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                                     timeout=600, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired as late:
            raise Fault(f"`{' '.join(words)}` does not end") from late
        return Ended(words, process)

    def talweg(self, *words, **how):
        return self.command([self.given.talweg, *words], **how)

    def succeed(self, *words, **how):
        ended = self.talweg(*words, **how)
        if ended.code != 0:
            raise Fault(str(ended))
        return ended

    def calls(self, words, folder, **how):
        """The calls of a command of talweg that change the disk below a folder: the name and the path of each."""
        log = folder + ".calls"
        ended = self.talweg(*words, breaking=("count", 0, folder, log), **how)
        if ended.code != 0:
            raise Fault(str(ended))
        with open(log, encoding="utf-8") as file:
            return [line.split()[1:] for line in file]

    def interrupted(self, run, words, count):
        """Leaves a run that was interrupted when it had saved so many moments."""
        trial = run + ".trial"
        calls = self.calls(["train", *words, "--out", trial], trial)
        ends = [number for number, (call, path, *_) in enumerate(calls, 1) if call == "rename" and path == os.path.join(trial, "last")]
        if len(ends) < count:
            raise Fault(f"{trial} was not saved {count} times by renaming a link")
        ended = self.talweg("train", *words, "--out", run, breaking=("interrupt", ends[count - 1] + 1, run, None))
        if ended.code != 130 or not linked(run).step < linked(trial).step:
            raise Fault(f"was to be interrupted in the middle, but\n{ended}")

    def chosen(self, cases, few):
        """Those cases, each a name and more, that this call checks."""
        if self.given.only:
            return [case for case in cases if (case[0] + "/").startswith(self.given.only + "/")]
        count = self.given.cases or (len(cases) if self.isAll else few)
        return self.chance.sample(cases, min(count, len(cases)))

    def check(self, cases, check, kind):
        """Checks each case in a folder of its own, tells faults, and ends the script."""
        faults = 0
        with concurrent.futures.ThreadPoolExecutor(self.given.jobs) as pool:
            for name, fault in pool.map(lambda case: self.tried(case, check), cases):
                if fault:
                    faults += 1
                    if faults <= 10:
                        print(f"{name}: {fault}\n  again: --seed {self.given.seed} --only {name}\n", flush=True)
        print(f"{len(cases)} {kind} by seed {self.given.seed}, {faults} of them wrong ({time.monotonic() - self.begun:.0f} s)")
        sys.exit(1 if faults or not cases else 0)

    def tried(self, case, check):
        folder = self.path("cases", case[0].replace("/", "-"))
        os.makedirs(folder)
        try:
            check(folder, *case[1:])
        except Fault as fault:
            return case[0], fault
        shutil.rmtree(folder, ignore_errors=True)
        return case[0], None
