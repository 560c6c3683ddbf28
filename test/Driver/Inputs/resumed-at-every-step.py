"""Resumes a run that has everything behind each of its steps: in a copy of its folder at another place, with 1 and 2 threads, for some without
compiled code that is kept, with and without the later moments. It ends with the same bytes as the run that was never stopped, and has the
same best; where the log is kept, it tells the same."""
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


def main():
    lab = Lab(__doc__.splitlines()[0])
    model = lab.model("everything")
    alone = lab.path("alone")
    lab.succeed("train", model, "--out", alone, "--threads", "1", "--save-every", "1step", "--keep", "100000", "--quiet")
    end, best = linked(alone), linked(alone, "best")
    steps = [Moment(os.path.join(alone, name)) for name in moments(alone)]
    if sorted({moment.step for moment in steps}) != list(range(end.step + 1)):
        sys.exit(f"there is not one moment for each step: {moments(alone)}")

    later = {moment.name: [other.name for other in steps[place + 1:]] for place, moment in enumerate(steps)}

    def check(folder, moment, threads, isCold, isRewound):
        run = os.path.join(folder, "copy")
        shutil.copytree(alone, run, symlinks=True)
        os.remove(os.path.join(run, "last"))
        os.symlink(moment.name, os.path.join(run, "last"))
        if not isRewound:  # as it was when the moment was saved, and without what is for people
            for name in os.listdir(run):
                if name == "best" or name.endswith((".json", ".jsonl")):
                    os.remove(os.path.join(run, name))
            for name in later[moment.name]:
                shutil.rmtree(os.path.join(run, name))
        environment = {"TALWEG_CACHE": os.path.join(folder, "cache")} if isCold else None
        lab.succeed("train", "--resume", run, "--threads", str(threads), "--quiet", environment=environment)
        agree(run, end, best)
        leftovers(run, len(steps), True)
        if isRewound and events(run) != events(alone):
            raise Fault(f"{run}/log.jsonl tells other things than that of the run that was left alone")

    cold = [(moment.step, 2) for moment in lab.chance.sample(steps[1:-1], 4 if lab.isAll else 1)]
    cases = [(f"{moment.name}/threads-{threads}/{'rewound' if isRewound else 'copied'}", moment, threads,
              (moment.step, threads) in cold and isRewound, isRewound)
             for moment in steps if moment.name != end.name for threads in (1, 2) for isRewound in (False, True)]
    lab.check(lab.chosen(cases, 34), check, "resumed runs")


try:
    main()
except Fault as fault:
    sys.exit(str(fault))
