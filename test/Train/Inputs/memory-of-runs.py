"""Fails where a command takes more memory than so many times the variables, beside what a run takes that has hardly any. It works in the
folder where it is called."""
import os
import subprocess

COUNT = 20_000_000
PROGRAM = """
data rows {
  x: f32[1]
  train = csv("x.csv")
}
config count = 1000
model Large(x: f32[n, 1]) -> f32[n] {
  param w: f32[count] = normal(std = 0.001)
  y[b] = x[b, 0] + sum[i](w[i] * w[i])
}
train Large on rows {
  minimize mean(Large(x))
  optimizer sgd(lr = 1e-9)
  batch 1
  epochs 2
  on nan rollback
}
"""


def peak(command):
    process = subprocess.Popen(["talweg", *command.split()], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, command
    return usage.ru_maxrss * 1024


with open("x.csv", "w", encoding="utf-8") as file:
    file.write("1\n2\n3\n")
with open("m.tw", "w", encoding="utf-8") as file:
    file.write(PROGRAM)
small = [peak("train m.tw --out small --replace --json") for _ in range(2)][1]  # its code is kept: the compiler takes nothing
for limit, command in [
    (2, f"train m.tw --set count={COUNT} --out run --json"),
    (2, "train --resume run --epochs 3 --json"),
    (1, f"eval m.tw --set count={COUNT} --checkpoint run --data test=x.csv"),
]:
    taken = (peak(command) - small) / (4 * COUNT)
    print(f"{taken:.2f} times the variables: {command}")
    assert taken < limit + 0.5, f"more than {limit} times"
