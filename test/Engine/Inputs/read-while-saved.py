"""Evaluates a run again and again while a host (test/Support/SavingHost.cpp) saves each of its steps into it, and removes the moment before: each
time there is a moment to be read."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "Support"))
from runs import Lab, linked, withoutBest  # noqa: E402


def main():
    lab = Lab(__doc__.splitlines()[0])
    model = lab.model("long", lambda text: withoutBest(text).replace("epochs 2", "epochs 10000000"))
    run = lab.path("run")
    host = subprocess.Popen([lab.given.host, model, run, "1"])
    try:
        while not os.path.lexists(os.path.join(run, "last")):
            if host.poll() is not None:
                sys.exit("the host has ended")
            time.sleep(0.01)
        count = lab.given.cases or (500 if lab.isAll else 20)
        for _ in range(count):
            ended = lab.talweg("eval", run, "--threads", "1")
            if ended.code != 0:
                sys.exit(str(ended))
        if host.poll() is not None:
            sys.exit("the host has ended")
    finally:
        host.kill()
        host.wait()
    print(f"read {count} times while {linked(run).step} steps were saved ({time.monotonic() - lab.begun:.0f} s)")


main()
