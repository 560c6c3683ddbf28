"""An example that is trained from its publisher's files, and then predicts a new file with nothing but its run.

usage: example.py MODEL FOLDER METRIC at-least|at-most QUICK FULL NEW ROWS NAME=FILE … -- OPTION …

In FOLDER the data's FILEs lie beside MODEL under the NAMEs that it expects. It is trained with the OPTIONs, by which it takes a second or two,
and its last evaluation of its last split must keep the bound QUICK. Under `./dev test --all` it is trained as it is written, and the best of
its run must keep FULL. Then the first NEW lines of the last FILE are predicted where no other file is: these are ROWS rows.
"""

import csv
import gzip
import io
import json
import os
import shutil
import subprocess
import sys


def talweg(*arguments, folder):
    done = subprocess.run(["talweg", *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"talweg {' '.join(arguments)} ends with {done.returncode}:\n{done.stderr}")
    return done.stdout


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


def main(model, folder, metric, side, quick, full, new, rows, *rest):
    files, options = rest[:rest.index("--")], rest[rest.index("--") + 1:]
    in_full = bool(os.environ.get("TALWEG_ALL"))
    shutil.rmtree(folder, ignore_errors=True)
    trained, alone = os.path.join(folder, "trained"), os.path.join(folder, "alone")
    os.makedirs(trained)
    os.makedirs(alone)
    shutil.copy(model, trained)
    for name, path in (file.split("=", 1) for file in files):
        os.symlink(path, os.path.join(trained, name))
        last = path

    arguments = [] if in_full else list(options)
    talweg("train", os.path.basename(model), "--threads", "1", "--quiet", "--out", "run", *arguments, folder=trained)
    best = os.path.join("run", "best" if in_full and os.path.exists(os.path.join(trained, "run", "best")) else "last")
    told = [json.loads(line) for line in talweg("eval", best, "--json", folder=trained).splitlines()]
    value = [event for event in told if event["event"] == "eval"][-1][metric]
    bound = float(full if in_full else quick)
    print(f"{metric} {value}, wanted {side} {bound}")
    if not (value >= bound if side == "at-least" else value <= bound):
        return 1

    shutil.move(os.path.join(trained, "run"), alone)
    shutil.rmtree(trained)
    with open(os.path.join(alone, "new"), "wb") as file:
        file.write(b"".join(read(last).splitlines(keepends=True)[:int(new)]))
    predicted = list(csv.reader(io.StringIO(talweg("predict", "run", "--data", "new", folder=alone), newline="")))[1:]
    print(f"{len(predicted)} rows predicted, wanted {rows}: {predicted[0][:4]}")
    return 0 if len(predicted) == int(rows) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
