"""Resumes runs behind each of their steps: one that has everything, one that stops early, and one that goes back several times where its loss is
not finite. It is resumed in a copy of its folder at another place, with 1 and 2 threads, for some without compiled code that is kept, with and
without the later moments. It ends with the same bytes as the run that was never stopped, and has the same best; where the log is kept, it tells
the same."""
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "Support"))
from runs import Fault, Lab, Moment, agree, leftovers, linked, moments  # noqa: E402

OF_THIS_PROCESS = ("seconds", "examples_per_second", "peak_rss_bytes", "compile_seconds", "elaborations", "saved")


def events(run):
    """What the log of a run tells of its steps."""
    with open(os.path.join(run, "log.jsonl"), encoding="utf-8") as file:
        all = [json.loads(line) for line in file]
    return [{name: value for name, value in event.items() if name not in OF_THIS_PROCESS} for event in all if event["event"] != "start"]


def stopsEarly(text):
    return text.replace("epochs 2", "epochs 6").replace("keep best", "keep best max accuracy\n  early_stop max accuracy patience 3")


class Alone:
    """A run that was never stopped, with the moment behind each of its steps."""

    def __init__(self, lab, name, model, keepsLog=True):
        self.lab, self.name, self.keepsLog = lab, name, keepsLog
        self.run = lab.path(name)
        lab.succeed("train", model, "--out", self.run, "--threads", "1", "--save-every", "1step", "--keep", "100000", "--quiet")
        self.end, self.best = linked(self.run), linked(self.run, "best")
        self.moments = [Moment(os.path.join(self.run, moment)) for moment in moments(self.run)]
        if {moment.step for moment in self.moments} != set(range(self.end.step + 1)):
            raise Fault(f"there is not one moment for each step: {moments(self.run)}")

    def cases(self, moment):
        """In each way: threads, what is copied, and, as that takes longer, at some steps without compiled code."""
        ways = [(threads, way) for threads in (1, 2) for way in ("copied", "rewound")] + [(2, "cold")] * (moment.step % 8 == 5)
        return [(f"{self.name}/{moment.name}/threads-{threads}/{way}", self, moment, threads, way) for threads, way in ways]

    def resume(self, folder, moment, threads, way):
        run = os.path.join(folder, "copy")
        shutil.copytree(self.run, run, symlinks=True)
        os.remove(os.path.join(run, "last"))
        os.symlink(moment.name, os.path.join(run, "last"))
        if way != "rewound":  # as it was when the moment was saved, and without what is for people
            for name in os.listdir(run):
                if name == "best" or name.endswith((".json", ".jsonl")):
                    os.remove(os.path.join(run, name))
            for later in self.moments[self.moments.index(moment) + 1:]:
                shutil.rmtree(os.path.join(run, later.name))
        environment = {"TALWEG_CACHE": os.path.join(folder, "cache")} if way == "cold" else None
        self.lab.succeed("train", "--resume", run, "--threads", str(threads), "--quiet", environment=environment)
        agree(run, self.end, self.best)
        leftovers(run, len(self.moments), self.best is not None)
        if way == "rewound" and self.keepsLog and events(run) != events(self.run):
            raise Fault(f"{run}/log.jsonl tells other things than that of the run that was left alone")


def main():
    lab = Lab(__doc__.splitlines()[0])
    all = [Alone(lab, "everything", lab.model("everything")),
           Alone(lab, "early", lab.model("early", stopsEarly)),
           Alone(lab, "rolled-back", lab.model("rolled-back", source="rolled-back"), keepsLog=False)]
    if all[1].end.step >= 48:
        raise Fault("the run was to stop early")
    moments = [(alone, moment) for alone in all for moment in alone.moments if moment.name != alone.end.name]
    if lab.isAll or lab.given.only:
        cases = [case for alone, moment in moments for case in alone.cases(moment)]
    else:  # each step of the first, some of the others
        cases = [lab.chance.choice(alone.cases(moment)) for alone, moment in moments]
        cases = cases[:all[0].end.step] + lab.chance.sample(cases[all[0].end.step:], 20)
    lab.check(lab.chosen(cases, len(cases)), lambda folder, alone, *rest: alone.resume(folder, *rest), "resumed runs")


try:
    main()
except Fault as fault:
    sys.exit(str(fault))
