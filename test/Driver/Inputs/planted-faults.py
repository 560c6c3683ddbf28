"""Models that go wrong, each at a place that is known: `talweg train --trace-nan` names operation, line and part of the step.

planted-faults.py FOLDER [NAME…] makes them there and looks at what is told; one line for each that is told otherwise.
"""

import json
import os
import subprocess
import sys

# Of each model: its file, in which the faulty line ends in `//!`; the operation, the part of the step and the turns of loops that are to be told.
HEAD = """data rows {{
  x: f32[2]
  y: f32
  train = csv("{data}.csv")
}}
"""
TRAIN = """
train M on rows {{
  minimize {loss}
  optimizer {rule}
  batch {batch}
  epochs 4
}}
"""


def model(body, loss="mean((M(x) - y)^2)", rule="sgd(lr = 0.01)", data="rows", batch="8"):
    body = f"model M(x: f32[n, 2]) -> f32[n] {{\n{body}}}\n"
    return HEAD.format(data=data) + body + TRAIN.format(loss=loss, rule=rule, batch=batch)


FAULTS = {
    "log-of-zero": (model("""
  param w: f32[2] = 0
  p[n] = sum[j](x[n, j] * w[j])
  log(p) //!
"""), "log", "forward", []),
    "zero-by-zero": (model("""
  param w: f32[2] = 1
  a[n] = sum[j](relu(-x[n, j]) * w[j])
  b[n] = sum[j](relu(-x[n, j]))
  a / b //!
"""), "divide", "forward", []),
    "exp-overflows": (model("""
  param w: f32[2] = 60
  e[n] = sum[j](x[n, j] * w[j])
  exp(e) * 0 //!
"""), "exp", "forward", []),
    "infinite-minus-infinite": (model("""
  param w: f32[2] = 1
  top[n, j] = if x[n, j] > 0 then inf else x[n, j]
  gap[n, j] = top[n, j] - top[n, 1 - j] //!
  y[n] = sum[j](gap[n, j] * w[j])
  y
"""), "subtract", "forward", []),
    "derivative-of-sqrt": (model("""
  param w: f32[2] = 0
  d[n] = sum[j]((x[n, j] * w[j])^2)
  sqrt(d) //!
"""), "divide", "backward", []),
    "derivative-overflows": (model("""
  param w: f32[2] = 1e-25
  z[n] = sum[j](x[n, j] * w[j])
  1 / z //!
""", loss="mean(M(x) * 1e-10)"), "multiply", "backward", []),
    "rate-too-large": (model("""
  param w: f32[2] = 1
  y[n] = sum[j](x[n, j] * w[j])
  y
""", loss="mean((M(x) - y)^2) //!", rule="sgd(lr = 1e6)"), "multiply", "forward", []),
    "bad-data": (model("""
  param w: f32[2] = 1
  y[n] = sum[j]((x[n, j] * w[j])^2) //!
  y
""", data="bad"), "multiply", "forward", []),
    "a-part-of-a-step": (model("""
  param w: f32[2] = 1
  y[n] = sum[j]((x[n, j] * w[j])^2) //!
  y
""", data="bad", batch="4\n  accumulate 3"), "multiply", "forward", []),
    "update-of-a-step-in-parts": (model("""
  param w: f32[2] = 1
  y[n] = sum[j](x[n, j] * w[j])
  y
""", rule="sgd(lr = 1e38) //!", batch="4\n  accumulate 2"), "multiply", "update", []),
    "a-loss-of-few-steps": (model("""
  param w: f32[2] = 1
  y[n] = sum[j](x[n, j] * w[j])
  y
""", loss="near = mean((M(x) - y)^2) over \"*\"\n"
                                       "  minimize far = mean(log(M(x) * 0)) over \"*\" every 3 steps //!"), "log", "forward", []),
    "norm-of-gradients": (model("""
  param w: f32[2] = 8
  y[n] = sum[j](x[n, j] * w[j])
  y
""", loss="mean(exp(M(x))) //!", rule="sgd(lr = 0.01)\n  clip norm 1"), "multiply", "backward", []),
    "halves": (model("""
  param w: bf16[2] = 0
  d[n] = sum[j]((x[n, j] * w[j])^2)
  sqrt(d) //!
"""), "divide", "backward", []),
    "rule-divides": ("""
optimizer ratio(lr = 0.1) {
  param -= lr * grad / (grad - grad) //!
}
""" + model("""
  param w: f32[2] = 1
  y[n] = sum[j](x[n, j] * w[j])
  y
""", rule="ratio()"), "divide", "update", []),
    "layer-of-a-loop": ("""
layer scaled(x: f32[n, 2]) {
  param w: f32[2] = 1
  e[n, j] = exp(x[n, j] * w[j]) //!
  e * 0 + x * 10
}
""" + model("""
  for l in 0..6 { x = scaled(x) }
  y[n] = sum[j](x[n, j])
  y
"""), "exp", "forward", [(2, 6)]),
    "turn-of-a-scan": (model("""
  param w: f32[2] = 1
  scan s in 12 with h: f32[n] = 1, k: f32[n] = 0 {
    step[n] = sum[j](x[n, j] * w[j])
    h = h * (4 - s)
    k = k + step / h //!
  }
  k
"""), "divide", "forward", [(4, 12)]),
    "turn-of-a-long-scan": (model("""
  param w: f32[2] = 1
  scan s in 197 with h: f32[n] = 1, k: f32[n] = 0 {
    step[n] = sum[j](x[n, j] * w[j])
    h = h * (195 - s) / 100
    k = k + step / h //!
  }
  k
"""), "divide", "forward", [(195, 197)]),
    "turn-of-a-reversed-scan": (model("""
  param w: f32[2] = 1
  scan s in 12 reversed with h: f32[n] = 1, k: f32[n] = 0 {
    step[n] = sum[j](x[n, j] * w[j])
    h = h * (s - 4)
    k = k + step / h //!
  }
  k
"""), "divide", "forward", [(4, 12)]),
}


def main(folder, chosen):
    rows = ["x0,x1,y"] + [f"{0.5 + i % 5},{1 + i % 3},{i % 4}" for i in range(32)]
    for name, lines in (("rows", rows), ("bad", rows[:20] + ["1e25,1,1"] + rows[20:])):
        with open(os.path.join(folder, name + ".csv"), "w") as file:
            file.write("\n".join(lines) + "\n")
    for name, (text, operation, part, inTurns) in FAULTS.items():
        if chosen and name not in chosen:
            continue
        path = os.path.join(folder, name + ".tw")
        with open(path, "w") as file:
            file.write(text)
        line = next(i for i, l in enumerate(text.split("\n"), 1) if l.endswith("//!"))
        done = subprocess.run(["talweg", "train", path, "--trace-nan", "--json"], capture_output=True, text=True)
        if done.returncode != 0:
            print(name + ": " + done.stderr)
            continue
        event = json.loads(done.stdout.splitlines()[-1])
        first = event.get("first", {})
        turns = [(turn["turn"], turn["turns"]) for turn in event.get("turns", [])]
        told = (first.get("what"), first.get("line"), first.get("part"), turns)
        if told != (operation, line, part, inTurns):
            print(f"{name}: {(operation, line, part, inTurns)} is told as {told}: {done.stdout}")


main(sys.argv[1], sys.argv[2:])
