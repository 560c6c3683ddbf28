"""Kills a host that saves every third step (test/Support/SavingHost.cpp) at a random time, starts it again, and so on until it is done: it ends
with the same bytes as where it was left alone, and nothing else is in its folder. A new round begins until it was killed often enough."""
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "Support"))
from runs import Fault, Lab, agree, leftovers, linked, withoutBest  # noqa: E402


def main():
    lab = Lab(__doc__.splitlines()[0])
    model = lab.model("plain", lambda text: withoutBest(text).replace("epochs 2", "epochs 10"))

    def words(folder):
        return [lab.given.host, model, folder, "3"]

    alone = lab.path("alone")
    for _ in range(2):  # the first one compiles
        begun = time.monotonic()
        ended = lab.command(words(alone))
        took = time.monotonic() - begun
        if ended.code != 0:
            sys.exit(str(ended))
        end = linked(alone)
        os.rename(alone, lab.path(f"alone-{_}"))
    print(f"a host that is left alone takes {took:.3f} s")

    left = lab.given.cases or (200 if lab.isAll else 12)
    kills = rounds = 0
    while kills < left:
        rounds += 1
        folder = lab.path(f"round-{rounds}")
        last = None
        while True:
            process = subprocess.Popen(words(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            try:
                process.communicate(timeout=lab.chance.uniform(0, 1.2) * took if kills < left else 600)
            except subprocess.TimeoutExpired:
                process.kill()
            out, err = process.communicate()
            if process.returncode == 0:
                break
            if process.returncode != -signal.SIGKILL:
                sys.exit(f"round {rounds}, after {kills} kills: the host ended with {process.returncode}\n{err}")
            kills += 1
            now = linked(folder) if os.path.isdir(folder) else None
            if last and (now is None or now.step < last.step):
                sys.exit(f"round {rounds}, after {kills} kills: the run went back from step {last.step} to {now and now.step}")
            last = now
        try:
            agree(folder, end)
            leftovers(folder, 1, False)
        except Fault as fault:
            sys.exit(f"round {rounds}, after {kills} kills: {fault}")
    print(f"{kills} kills by seed {lab.given.seed} in {rounds} rounds, nothing lost ({time.monotonic() - lab.begun:.0f} s)")


main()
