#!/usr/bin/env python3
"""Shows that two builds are the same: what they train is equal to the byte, and their steps are as fast.

usage: compare-builds.py OLD NEW [--programs N] [--seed S] [--rounds R] [--only bits|speed]

OLD and NEW are build folders (with bin/talweg and unittests/Tw/TwTests), of two checkouts. Compared are the parameters and the
optimizer's state that `talweg train` saves, for every model under examples/ and bench/models: with a remainder batch, on 1 and 2
threads, within a limit of memory, and where OLD begins a run and NEW resumes it; and the bits of N random programs (2,000). Then
OLD and NEW time the steps of W1 to W5 in turns. Models whose data is not at hand (TALWEG_DATA) are told and left out. Exit code 1 if
anything differs.
"""
import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "bench"))
from measure import breadth, workloads  # noqa: E402

# Model → how many steps, and with what: batches that leave a remainder, a number of steps that is not one of whole epochs.
MODELS = {
    "bench/models/W1.tw": (500, ["--batch", "96"]),
    "bench/models/W2.tw": (50, ["--batch", "96"]),
    "bench/models/W3.tw": (50, ["--batch", "96"]),
    "bench/models/W4.tw": (10, ["--batch", "60"]),
    "bench/models/W5.tw": (6, ["--batch", "60"]),
    "bench/models/W6.tw": (6, ["--batch", "80"]),
    "bench/models/W6b.tw": (3, ["--batch", "16", "--set", "blocks=2"]),
    "bench/models/W7.tw": (6, ["--batch", "9000"]),
    "bench/models/W7a.tw": (6, ["--batch", "9000"]),
    "bench/models/W7l.tw": (6, ["--batch", "9000"]),
    "bench/models/W8.tw": (6, ["--batch", "60"]),
    "bench/models/W9.tw": (300, ["--batch", "4", "--set", "count=100000"]),
    "bench/models/W10.tw": (6, ["--batch", "96", "--set", "size=128"]),
    "bench/models/fashion.tw": (8, ["--batch", "1800"]),
    "bench/models/breadth/batch1.tw": (6, []),
    "bench/models/breadth/bilinear.tw": (6, ["--batch", "96"]),
    "bench/models/breadth/capsules.tw": (6, ["--batch", "48"]),
    "bench/models/breadth/causal_linear.tw": (6, ["--batch", "6"]),
    "bench/models/breadth/contrastive.tw": (6, ["--batch", "384"]),
    "bench/models/breadth/conv1d.tw": (6, ["--batch", "24"]),
    "bench/models/breadth/conv_channels_first.tw": (6, ["--batch", "12"]),
    "bench/models/breadth/covariance.tw": (6, ["--batch", "192"]),
    "bench/models/breadth/deep_tiny.tw": (6, ["--batch", "24"]),
    "bench/models/breadth/depthwise.tw": (6, ["--batch", "12"]),
    "bench/models/breadth/factorisation.tw": (6, ["--batch", "192"]),
    "bench/models/breadth/ffn.tw": (6, ["--batch", "6"]),
    "bench/models/breadth/fm.tw": (6, ["--batch", "384"]),
    "bench/models/breadth/gmm.tw": (6, ["--batch", "750"]),
    "bench/models/breadth/group_norm.tw": (6, ["--batch", "6"]),
    "bench/models/breadth/kan.tw": (6, ["--batch", "192"]),
    "bench/models/breadth/l1_prototypes.tw": (6, ["--batch", "192"]),
    "bench/models/breadth/lstm.tw": (6, ["--batch", "24"]),
    "bench/models/breadth/mdn.tw": (6, ["--batch", "384"]),
    "bench/models/breadth/mha_big.tw": (6, ["--batch", "3"]),
    "bench/models/breadth/mha_small.tw": (6, ["--batch", "9"]),
    "bench/models/breadth/ordinal.tw": (6, ["--batch", "192"]),
    "bench/models/breadth/physics.tw": (6, ["--batch", "768"]),
    "bench/models/breadth/pointwise.tw": (6, ["--batch", "12"]),
    "bench/models/breadth/polynomial.tw": (6, ["--batch", "192"]),
    "bench/models/breadth/rbf.tw": (6, ["--batch", "192"]),
    "bench/models/breadth/rnn.tw": (6, ["--batch", "48"]),
    "bench/models/breadth/soft_kmeans.tw": (6, ["--batch", "384"]),
    "bench/models/breadth/squeeze_excite.tw": (6, ["--batch", "12"]),
    "bench/models/breadth/tensor_train.tw": (6, ["--batch", "48"]),
    "bench/models/breadth/text_cnn.tw": (6, ["--batch", "12"]),
    "bench/models/breadth/tiny_wide_batch.tw": (6, ["--batch", "3072"]),
    "bench/models/breadth/toeplitz.tw": (6, ["--batch", "96"]),
    "bench/models/breadth/transposed.tw": (6, ["--batch", "12"]),
    "bench/models/breadth/triangular.tw": (6, ["--batch", "192"]),
    "bench/models/breadth/weight_norm.tw": (6, ["--batch", "96"]),
    "bench/models/breadth/wide_softmax.tw": (6, ["--batch", "48"]),
    "examples/adult/adult.tw": (60, ["--batch", "1000"]),
    "examples/adversarial/digits.tw": (200, ["--batch", "100"]),
    "examples/bike_sharing/bike_sharing.tw": (60, ["--batch", "600"]),
    "examples/california_housing/housing.tw": (60, ["--batch", "600"]),
    "examples/characters/characters.tw": (9, ["--batch", "200"]),
    "examples/characters/transformer.tw": (6, ["--batch", "200"]),
    "examples/concrete/concrete.tw": (60, []),
    "examples/digits/digits.tw": (500, []),
    "examples/ett_h1/ett_h1.tw": (60, ["--batch", "300"]),
    "examples/fashion_mnist/perceptron.tw": (25, ["--batch", "900"]),
    "examples/fashion_mnist/convolutional.tw": (8, ["--batch", "1800"]),
    "examples/forecast/forecast.tw": (20, []),
    "examples/graph/graph.tw": (10, ["--batch", "32"]),
    "examples/movietweetings/movietweetings.tw": (60, ["--batch", "2000"]),
    "examples/sms_spam/sms_spam.tw": (60, ["--batch", "100"]),
    "examples/tinyshakespeare/tinyshakespeare.tw": (4, ["--batch", "64"]),
    "examples/words/words.tw": (9, ["--batch", "48"]),
}
# Example → what its model file calls the files that it reads → where these lie among the data that do not ship.
RAW_FILES = {
    "adult": {"adult.data": "adult/adult.data.csv.gz", "adult.test": "adult/adult.test.csv.gz"},
    "bike_sharing": {"hour.csv": "bike_sharing/hour.csv.gz"},
    "california_housing": {"housing.csv": "california_housing/housing.csv.gz"},
    "concrete": {"concrete.csv": "concrete/concrete.csv"},
    "ett_h1": {"ETTh1.csv": "ett_h1/ETTh1.csv"},
    "movietweetings": {"ratings.dat": "movietweetings_100k/ratings.dat.gz"},
    "sms_spam": {"SMSSpamCollection": "sms_spam/SMSSpamCollection.tsv"},
    "tinyshakespeare": {"input.txt": "tinyshakespeare/input.txt"},
}
# What `bench/run` has no rows for, or too many to see a whole epoch.
ROWS = {
    "W6b": dict(workloads.WORKLOADS["W6b"], batch=1, batches=40),
    "W10": dict(batch=1, batches=200, row=[128], classes=0),
    "gmm": breadth.PROGRAMS["gmm_d10_K25"],
}
SAVED = ["model.safetensors", "optimizer.safetensors"]


class Differs(Exception):
    pass


def environment(build):
    return dict(os.environ, TALWEG_CACHE=os.path.join(build, "compare-cache"))


def talweg(build, *arguments):
    done = subprocess.run([os.path.join(build, "bin", "talweg"), *arguments], capture_output=True, text=True, env=environment(build))
    if done.returncode != 0:
        raise Differs(f"{build}: talweg {' '.join(arguments)} ends with {done.returncode}:\n{done.stderr.strip()}")
    return done.stdout


def interrupt(build, step, *arguments):
    """Ends a run by Ctrl-C behind a step; False if it was complete before that came."""
    command = [os.path.join(build, "bin", "talweg"), *arguments, "--json", "--log-every", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment(build)) as run:
        for line in run.stdout:
            event = json.loads(line)
            if event["event"] == "step" and event["step"] >= step:
                run.send_signal(signal.SIGINT)
    if run.returncode not in (0, 130):
        raise Differs(f"{' '.join(command)} ends with {run.returncode}")
    return run.returncode == 130


def saved(folder):
    """The bytes of the last moment's files; earlier builds had them in the folder itself."""
    result, last = {}, os.path.join(folder, "last")
    for name in SAVED:
        with open(os.path.join(last if os.path.exists(last) else folder, name), "rb") as file:
            result[name] = file.read()
    return result


def data_of(model, folder):
    """What tells `talweg` where this model's rows are; None if they are not at hand."""
    name = os.path.splitext(os.path.basename(model))[0]
    example = os.path.join(ROOT, os.path.dirname(model))

    def splits(**files):
        options = [["--data", f"{split}={','.join(paths)}"] for split, paths in files.items()]
        return sum(options, []) if all(map(os.path.exists, sum(files.values(), []))) else None

    def shared(*path):
        return os.path.join(os.environ.get("TALWEG_DATA", ""), *path)

    if work := ROWS.get(name, workloads.WORKLOADS.get(name, breadth.PROGRAMS.get(name))):
        workloads.generate_rows(work, folder)
        fields = work.get("fields") or ["x"] + ["label"] * (work["classes"] > 0)
        return splits(train=[os.path.join(folder, field + ".idx") for field in fields])
    if raw := RAW_FILES.get(os.path.basename(os.path.dirname(model))):
        return [] if all(os.path.exists(shared(path)) for path in raw.values()) else None
    if name == "digits":
        return []
    if name == "graph":
        rows = os.path.join(folder, "graphs.csv")
        with open(rows, "w") as file:
            subprocess.run([sys.executable, os.path.join(example, "generate.py"), "1"], stdout=file, check=True)
        return splits(train=[rows], test=[rows])
    if name == "forecast":
        series = shared("small_series", "sunspots.csv")
        if os.path.exists(series):
            subprocess.run([sys.executable, os.path.join(example, "prepare.py"), series, folder], check=True)
        return splits(train=[os.path.join(folder, "train.csv")], test=[os.path.join(folder, "test.csv")])
    if name in ("characters", "transformer", "words"):
        text, start = shared("tinyshakespeare", "input.txt"), os.path.join(folder, "start.txt")
        if os.path.exists(text):
            with open(text) as file, open(start, "w") as part:
                part.write(file.read(100_000))
            subprocess.run([sys.executable, os.path.join(example, "prepare.py"), start, folder], stdout=subprocess.DEVNULL, check=True)
        return splits(train=[os.path.join(folder, "train.idx")], test=[os.path.join(folder, "test.idx")])
    rows = [shared("fashion_mnist", f"t10k-{kind}-ubyte.gz") for kind in ("images-idx3", "labels-idx1")]
    return splits(train=rows, test=rows)


def beside_its_data(model, folder):
    """The model's file; where it reads raw files that lie elsewhere, a copy of it beside them."""
    raw = RAW_FILES.get(os.path.basename(os.path.dirname(model)))
    if not raw:
        return os.path.join(ROOT, model)
    for name, path in raw.items():
        os.symlink(os.path.join(os.environ["TALWEG_DATA"], path), os.path.join(folder, name))
    return shutil.copy(os.path.join(ROOT, model), folder)


def compare_model(old, new, model, steps, options, folder):
    """The kinds of runs that were compared."""
    data = data_of(model, folder)
    if data is None:
        return []
    path, kinds = beside_its_data(model, folder), []

    def train(build, name, count, *more):
        out = os.path.join(folder, name)
        talweg(build, "train", path, "--quiet", "--out", out, "--steps", str(count), *options, *data, *more)
        return out

    def expect(kind, run):
        actual = saved(run)
        for name in SAVED:
            if actual[name] != expected[name]:
                raise Differs(f"{model}: {name} differs {kind}")
        kinds.append(kind)

    expected = saved(train(old, "old", steps, "--threads", "1"))
    expect("on 1 thread", train(new, "new1", steps, "--threads", "1"))
    expect("on 2 threads", train(new, "new2", steps, "--threads", "2"))
    memory = json.loads(talweg(old, "check", path, "--json", *options))["memory_bytes"]
    try:
        expect("within 3/4 of the memory", train(new, "less", steps, "--memory", f"{memory * 3 // 4}B"))
    except Differs as different:
        if "E0871" not in str(different):  # these are too few
            raise
    begun = os.path.join(folder, "begun")
    if interrupt(old, steps // 2, "train", path, "--out", begun, "--steps", str(steps), *options, *data):
        talweg(new, "train", path, "--quiet", "--resume", begun)
        expect("begun by the old and resumed by the new", begun)
    return kinds


def compare_programs(old, new, count, seed):
    told = []
    with tempfile.TemporaryDirectory() as folder:
        for build, name in ((old, "old"), (new, "new")):
            place = os.path.join(folder, name)
            os.mkdir(place)
            told_to = dict(os.environ, TALWEG_BITS_TOLD=place, TALWEG_BITS_CASES=str(count), TALWEG_BITS_SEED=str(seed))
            tests = os.path.join(build, "unittests", "Tw", "TwTests")
            done = subprocess.run([tests, "--gtest_filter=*KeepTheirBits*"], capture_output=True, text=True, env=told_to)
            if done.returncode != 0:
                raise Differs(f"{tests}: {done.stdout[-2000:]}")
            lines = {}
            for part in os.listdir(place):
                with open(os.path.join(place, part)) as file:
                    lines.update(line.split(maxsplit=1) for line in file.read().splitlines())
            told.append(lines)
    apart = sorted((number for number in told[0] if told[0][number] != told[1].get(number)), key=int)
    if apart or len(told[0]) != count:
        raise Differs(f"of {len(told[0])} random programs of seed {seed}, {len(apart)} differ: {' '.join(apart[:20])}")


def compare_speed(old, new, rounds):
    print("steps, median time of the new over the old, least of each in microseconds:")
    for name in ("W1", "W2", "W3", "W4", "W5"):
        for threads in ("1", "2"):
            def step(build):
                model = os.path.join(ROOT, "bench", "models", name + ".tw")
                lines = talweg(build, "bench", model, "--json", "--threads", threads, "--seconds", "2").splitlines()
                return json.loads(lines[-1])["median_us"]
            pairs = [(step(old), step(new)) for _ in range(rounds)]
            ratio = statistics.median(b / a for a, b in pairs)
            least = [min(column) for column in zip(*pairs)]
            print(f"  {name}, {threads} thread{'s' * (threads == '2')}: {ratio:.3f}  ({least[0]:.1f}, {least[1]:.1f})", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--programs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["bits", "speed"])
    given = parser.parse_args()
    old, new = os.path.abspath(given.old), os.path.abspath(given.new)
    different = 0
    if given.only != "speed":
        for model, (steps, options) in MODELS.items():
            with tempfile.TemporaryDirectory() as folder:
                try:
                    kinds = compare_model(old, new, model, steps, options, folder)
                    print(f"{model}: " + (f"equal {', '.join(kinds)}" if kinds else "left out, its data is not at hand"), flush=True)
                except Differs as apart:
                    print(f"{apart}", flush=True)
                    different = 1
        try:
            compare_programs(old, new, given.programs, given.seed)
            print(f"{given.programs} random programs of seed {given.seed}: equal", flush=True)
        except Differs as apart:
            print(f"{apart}", flush=True)
            different = 1
    if given.only != "bits":
        compare_speed(old, new, given.rounds)
    return different


if __name__ == "__main__":
    sys.exit(main())
