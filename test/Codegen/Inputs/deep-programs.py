"""Compiles programs at three depths, and tells how their memory and their functions grow. Bytes and lines, not seconds: those
depend on what else the machine does. Prints nothing where all is well. Their layers are written out, one by one: those of a
`repeat` would be a loop, whose memory hardly grows at all."""
import os
import re
import sys

PROGRAM = """
data rows {
  x: f32[4]
  y: %s
}
model Net(x: f32[n, 4]) -> f32[n, 4] {
%s  x
}
train Net on rows {
  minimize %s
  optimizer sgd(lr = 0.01)
  batch 32
  steps 1
}
"""
LAYER = "  x = dense(x, 4) |> relu\n"

# The second has steps that may be faulted.
KINDS = [("f32[4]", "mean_squared_error(Net(x), y)"), ("i32", "cross_entropy(Net(x), y)")]


def compiled(folder, kind, depth, stage):
    """The path of what a stage shows, and the most bytes that compilation had in memory."""
    source, out = os.path.join(folder, f"{depth}.tw"), os.path.join(folder, f"{depth}.{stage}")
    with open(source, "w") as file:
        file.write(PROGRAM % (kind[0], LAYER * depth, kind[1]))
    child = os.spawnlpe(os.P_NOWAIT, "talweg", "talweg", "compile", source, f"--emit={stage}", "-o", out,
                        dict(os.environ, TALWEG_CACHE="off"))
    _, status, usage = os.wait4(child, 0)
    if status:
        sys.exit(f"depth {depth}: talweg ended with {status}")
    return out, usage.ru_maxrss * 1024


folder = sys.argv[1]
small, middle, large = (compiled(folder, KINDS[0], depth, "object")[1] for depth in (1, 100, 400))
if large - small > 4.5 * (middle - small):
    print(f"memory: {small} B for depth 1, {middle} B for 100, {large} B for 400")
for kind in KINDS:
    with open(compiled(folder, kind, 400, "vector")[0]) as text:
        for function in re.split(r"\n  func\.func", text.read())[1:]:
            if function.count("\n") > 8192:
                print(f"{kind[1]}: {function.count(chr(10))} lines:{function[:function.index('(')]}")
