"""Breaks runs at each of their calls that change the disk, and goes on from what is there.

In each scenario (a first run, one that replaces another, one that is resumed, one that keeps three moments, one that keeps the best, one
that goes back several times, one whose code is not kept yet) the calls are counted. Then, for each call and each way of breaking (see
test/Support/DiskBreaker.c), the run is broken there, and what it leaves must be either nothing, where there was nothing, or a complete moment:
one of the run before or one of the new. `eval` reads it; what is resumed from it, or begun anew, ends with the same bytes as the run that was
left alone; and nothing else lies in the folder then. A run that is not killed tells its failure in one line.

That a machine which fails loses no more than a process that is killed is seen in the order of the calls: what is named has reached the disk
before, and nothing is removed before what takes its place is there."""
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "Support"))
from runs import MOMENT, Fault, Lab, Moment, agree, leftovers, linked, moments, withoutBest  # noqa: E402

TRAIN = ["--threads", "1", "--save-every", "3steps"]
WRITES = ("write", "pwrite", "pwrite64", "writev")


class Alone:
    """A run that was left alone, with the moment behind each of its steps."""

    def __init__(self, lab, model, seed, name, rollsBack=False):
        self.run = lab.path(name)
        self.rollsBack = rollsBack  # its folder has the moments behind the last time alone
        lab.succeed("train", model, "--out", self.run, "--seed", str(seed), "--threads", "1", "--save-every", "1step", "--keep", "100000", "--quiet")
        self.all = [Moment(os.path.join(self.run, moment)) for moment in moments(self.run)]
        self.end = linked(self.run)
        self.best = linked(self.run, "best")
        self.lab = lab
        self.told = {}

    def has(self, moment):
        return self.rollsBack or moment in self.all

    def losses(self, moment):
        """What eval tells of a moment."""
        if moment.step not in self.told:
            self.told[moment.step] = evaluated(self.lab, os.path.join(self.run, self.all[self.all.index(moment)].name))
        return self.told[moment.step]


def evaluated(lab, run):
    out = lab.succeed("eval", run, "--threads", "1").out
    return out.split("(")[0]


def checkOrder(calls, run):
    """A Fault where the disk may hold a name without what it stands for."""
    files, names = set(), set()  # written, and named, and not yet on the disk
    for number, (call, path, *had) in enumerate(calls, 1):
        base = os.path.basename(path)

        def need(unsynced, what):
            if unsynced:
                raise Fault(f"call {number}, {call} of {path}: not on the disk is {what} {sorted(unsynced)}")

        if MOMENT.fullmatch(os.path.basename(os.path.dirname(path))):
            raise Fault(f"call {number}, {call} of {path}: a moment is changed while it has its name")
        if call in WRITES or call in ("ftruncate", "ftruncate64", "open", "open64", "openat", "fopen"):
            files.add(path)
            names |= {path} if "open" in call else set()
        elif call in ("fsync", "fdatasync"):
            files.discard(path)
            names = {name for name in names if os.path.dirname(name) != path}
        elif call in ("mkdir", "mkdirat", "symlink", "symlinkat"):
            names.add(path)
        elif call == "rename":
            isMoment = os.path.dirname(path) == run and MOMENT.fullmatch(base)
            inside = had[0] + os.sep
            if isMoment:
                need({file for file in files if file.startswith(inside)}, "what was written into")
                need({name for name in names if name.startswith(inside)}, "what is in")
            if path == os.path.join(run, "last"):
                need({name for name in names if MOMENT.fullmatch(os.path.basename(name))} | names & {run}, "a name,")
            if MOMENT.fullmatch(os.path.basename(had[0])):
                need(names & {os.path.join(run, name) for name in ("last", "best")}, "what names the moment that stays,")
            names = {name for name in names if name != had[0] and not name.startswith(inside)} | {path}
            files = {file for file in files if file != had[0] and not file.startswith(inside)}


class Scenario:
    def __init__(self, lab, name, model, new, old=None, begin=None, words=(), keep=1):
        self.lab, self.name, self.model, self.new, self.old = lab, name, model, new, old
        self.words, self.keep = list(words), keep
        self.before = None
        if begin:
            self.before = lab.path("before-" + name)
            begin(self.before)
        self.resumes = "--resume" in self.words
        folder = self.folder(lab.path("counted-" + name))
        self.calls = lab.calls(self.command(folder), folder)
        checkOrder(self.calls, os.path.join(folder, "run"))
        self.isOver(folder)

    def folder(self, path):
        os.makedirs(path, exist_ok=True)
        if self.before:
            shutil.copytree(self.before, os.path.join(path, "run"), symlinks=True)
        return path

    def command(self, folder):
        run = os.path.join(folder, "run")
        if self.resumes:
            return ["train", "--resume", run, *self.words[1:]]
        return ["train", self.model, "--out", run, *self.words]

    def isOver(self, folder):
        run = os.path.join(folder, "run")
        agree(run, self.new.end, self.new.best)
        leftovers(run, self.keep, self.new.best is not None)

    def cases(self, ways):
        for way in ways:
            for number, (call, *_) in enumerate(self.calls, 1):
                if way != "half" or call in WRITES:
                    yield f"{self.name}/{way}/{number}", self, way, number

    def check(self, folder, way, number):
        self.folder(folder)
        run = os.path.join(folder, "run")
        ended = self.lab.talweg(*self.command(folder), breaking=(way, number, folder, os.path.join(folder, "calls")))
        for name in moments(run) if os.path.isdir(run) else []:
            Moment(os.path.join(run, name))
        last = linked(run) if os.path.isdir(run) else None
        self.checkEnding(ended, way, last)
        if last is None:
            if self.before:
                raise Fault(f"the run has no moment any more, after\n{ended}")
            self.lab.succeed(*self.command(folder))
            return self.isOver(folder)
        isOld = self.old is not None and self.old.has(last)
        known = self.old if isOld else self.new
        if not known.has(last):
            raise Fault(f"the last moment, of step {last.step}, has other values than the run that was left alone")
        if not known.rollsBack and evaluated(self.lab, run) != known.losses(last):
            raise Fault("eval tells something else than of the same moment of the run that was left alone")
        self.lab.succeed("train", "--resume", run, "--threads", "1", "--quiet")
        if isOld:
            agree(run, self.old.end, self.old.best)
            self.lab.succeed(*self.command(folder))
        self.isOver(folder)

    def checkEnding(self, ended, way, last):
        if way in ("kill", "half"):
            if ended.code not in (-9, 0):
                raise Fault(str(ended))
        elif way == "interrupt":
            if ended.code not in (130, 0) or ended.errors():
                raise Fault(str(ended))
        elif ended.code == 0:
            if last != self.new.end:
                raise Fault(f"is not at its end, and says success\n{ended}")
        elif ended.code != 1 or len(ended.errors()) != 1 or self.lab.scratch not in ended.errors()[0]:
            raise Fault(f"an error that is one line with a path was expected, and exit code 1\n{ended}")


class CacheScenario:
    """A run whose code is not kept yet, broken where it keeps it."""

    def __init__(self, lab, model, new):
        self.lab, self.name, self.new = lab, "cache", new
        self.words = ["train", model, "--seed", "1", "--threads", "1", "--quiet"]
        folder = lab.path("counted-cache")
        self.calls = lab.calls([*self.words, "--out", lab.path("cached")], folder, environment={"TALWEG_CACHE": folder})

    cases = Scenario.cases

    def check(self, folder, way, number):
        run, cache = os.path.join(folder, "run"), os.path.join(folder, "cache")
        words, environment = [*self.words, "--out", run], {"TALWEG_CACHE": cache}
        ended = self.lab.talweg(*words, environment=environment, breaking=(way, number, cache, None))
        if ended.code not in {"kill": (-9, 0), "half": (-9, 0), "interrupt": (130, 0)}.get(way, (0,)):
            raise Fault(str(ended))
        if ended.code != 0:
            if os.path.lexists(os.path.join(run, "last")):
                words = ["train", "--resume", run, "--threads", "1"]
            self.lab.succeed(*words, environment=environment)
        agree(run, self.new.end)


def main():
    lab = Lab(__doc__.splitlines()[0])
    best, plain = lab.model("best"), lab.model("plain", withoutBest)
    one = Alone(lab, plain, 1, "one")
    two = Alone(lab, plain, 2, "two")
    three = Alone(lab, best, 1, "three")
    back = lab.model("rolled-back", source="rolled-back")
    four = Alone(lab, back, 1, "four", rollsBack=True)

    def finished(run):
        lab.succeed("train", plain, "--out", run, "--seed", "2", *TRAIN)

    def interrupted(run):
        lab.interrupted(run, [plain, "--seed", "1", *TRAIN], 3)

    first = ["--seed", "1", *TRAIN]
    scenarios = [
        Scenario(lab, "first", plain, one, words=first),
        Scenario(lab, "replacing", plain, one, old=two, begin=finished, words=[*first, "--replace"]),
        Scenario(lab, "resumed", plain, one, begin=interrupted, words=["--resume", *TRAIN]),
        Scenario(lab, "keep-3", plain, one, words=[*first, "--keep", "3"], keep=3),
        Scenario(lab, "best", best, three, words=first),
        Scenario(lab, "rolled-back", back, four, words=first),
        CacheScenario(lab, plain, one),
    ]
    for scenario in scenarios:
        print(f"{scenario.name}: {len(scenario.calls)} calls that change the disk")
    cases = [case for scenario in scenarios for case in scenario.cases(["kill", "half", "full", "fail", "dead", "interrupt"])]
    lab.check(lab.chosen(cases, 20), lambda folder, scenario, *rest: scenario.check(folder, *rest), "broken runs")


try:
    main()
except Fault as fault:
    sys.exit(str(fault))
