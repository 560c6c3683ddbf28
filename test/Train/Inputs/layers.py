"""Trains models whose layers are alike, in a loop over layers and one by one, in the present folder, and compares what comes out."""
import filecmp
import os
import random
import re
import subprocess
import sys

HEAD = """data rows {
  a: f32[6]
  y: class[3]
  train = csv("rows.csv")
}
layer half(x: f32[..b, i], out: int) -> f32[..b, out] {
  param weight: bf16[i, out] = normal(std = 0.2)
  y[..b, o] = sum[i](x[..b, i] * weight[i, o])
}
layer residual(x: f32[..b, c]) -> f32[..b, c] { x + (x |> dense(c) |> tanh) }
layer normed(x: f32[n, c]) -> f32[n, c] { x + (x |> dense(c) |> batch_norm |> relu) }
layer dropped(x: f32[n, c]) -> f32[n, c] { x + (x |> dense(c) |> relu |> dropout(0.5)) }
layer inner(x: f32[n, c]) -> f32[n, c] {
  repeat 4 { x = residual(x) }
  x + (x |> dense(c) |> relu)
}
"""
MODEL = """model M(a: f32[n, 6]) -> f32[n, 3] {{
  x = a |> dense(32)
  {body}
  x |> dense(3)
}}
train M on rows {{
  minimize cross_entropy(M(a), y)
  optimizer {optimizer}
  batch 8
  epochs 3{more}
}}
"""
RESIDUAL, ADAM, SGD = "repeat 4 { x = residual(x) }", "adam(lr = 0.01)", "sgd(lr = 0.05, momentum = 0.9)"
MODELS = {
    "momentum": (RESIDUAL, SGD, ""),
    "moments": (RESIDUAL, ADAM, ""),
    "clipped": (RESIDUAL, ADAM, '\n  clip norm 0.5\n  clip value 0.01 for "*.bias"'),
    "states": ("repeat 4 { x = normed(x) }", SGD, ""),
    "random": ("repeat 5 { x = dropped(x) }", ADAM, ""),
    "parts": ("repeat 4 { x = dropped(x) }", ADAM, "\n  accumulate 4"),
    "halves": ("repeat 4 { x = x + tanh(half(x, 32)) }", ADAM, ""),
    "nested": ("repeat 4 { x = inner(x) }", ADAM, "\n  clip norm 0.5"),
    "averages": (RESIDUAL, ADAM, "\n  average ema(0.9)"),
    "frozen": (RESIDUAL, ADAM, '\n  freeze "*.bias"'),
    "sums": ("s = 0 * x\n  repeat 4 {\n    x = residual(x)\n    s = s + x\n  }\n  x = s / 4", ADAM, ""),
    "odd": ("repeat 4 { x = x |> dense(16) |> tanh |> dense(7) |> tanh |> dense(32) }", ADAM, ""),
    "measured": (RESIDUAL, ADAM, '\n  metric g = gradient_norm("*")\n  metric p = parameter_norm("*.weight")\n  metric u = update_ratio("*")'),
    "statistics": ("repeat 4 { x = normed(x) }", ADAM, "\n  accumulate 2"),
    "few": ("repeat 3 { x = residual(x) }", ADAM, ""),
    "differ": ("repeat 4 { x = x |> dense(17) |> tanh }", ADAM, ""),
}


def talweg(*arguments):
    subprocess.run(["talweg", *arguments], check=True, stdout=subprocess.DEVNULL)


def same(name, *files):
    for file in files:
        if not filecmp.cmp(f"{name}.loop/{file}", f"{name}.alone/{file}", shallow=False):
            sys.exit(f"{name}: {file} differs")


def compare(name):
    program, saved, answers = name + ".tw", ("last/model.safetensors", "last/optimizer.safetensors"), ("predicted.csv", "told")
    for run, options in ("loop", []), ("alone", ["--unroll"]):
        talweg("train", program, "--quiet", "--threads", "1", "--replace", "--out", f"{name}.{run}", *options)
        if name not in ("states", "random", "averages", "nested"):
            continue
        talweg("predict", program, "--checkpoint", f"{name}.{run}", "--data", "train=rows.csv", "--output", f"{name}.{run}/predicted.csv")
        with open(f"{name}.{run}/told", "w") as told:
            evaluation = subprocess.run(["talweg", "eval", program, "--checkpoint", f"{name}.{run}", "--data", "test=rows.csv"],
                                        check=True, capture_output=True, text=True)
            told.write(evaluation.stdout.split("(")[0])
    same(name, *saved, *(file for file in answers if os.path.exists(f"{name}.loop/{file}")))
    talweg("train", program, "--quiet", "--threads", "2", "--replace", "--out", f"{name}.loop")
    same(name, *saved)
    steps = {"parts": 6, "statistics": 12}.get(name, 24)
    talweg("train", program, "--quiet", "--replace", "--out", f"{name}.loop", "--steps", str(steps // 2), "--unroll")
    talweg("train", program, "--quiet", "--resume", f"{name}.loop", "--steps", str(steps))
    same(name, *saved)


def hasLoop(name):
    graph = subprocess.run(["talweg", "compile", name + ".tw", "--emit=graph"], check=True, capture_output=True, text=True).stdout
    return re.search(r"tw\.scan \d+ blocks from", graph) is not None


os.environ["TALWEG_CACHE"] = os.path.abspath("cache")
chance = random.Random(1)
with open("rows.csv", "w") as rows:
    for _ in range(64):
        rows.write(",".join(f"{chance.gauss(0, 1):.4f}" for _ in range(6)) + f",{chance.randrange(3)}\n")
for name, (body, optimizer, more) in MODELS.items():
    with open(name + ".tw", "w") as file:
        file.write(HEAD + MODEL.format(body=body, optimizer=optimizer, more=more))
    if hasLoop(name) == (name in ("statistics", "few", "differ")):
        sys.exit(f"{name}: is there a loop over layers?")
    compare(name)
