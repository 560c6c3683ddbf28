"""Compiles every workload and example; fails if an arena is larger than the most bytes alive at once by more than 2 %.

Arguments: the checkout's root."""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
models = sorted([*root.glob("bench/models/*.tw"), *root.glob("examples/*/*.tw")])
assert len(models) >= 10, models
for model in models:
    done = subprocess.run(["talweg", "compile", model, "--emit=vector"], capture_output=True, text=True)
    if "error: no such file" in done.stderr:
        continue  # its sizes are learned of data that are not here
    assert done.returncode == 0, done.stderr
    text = done.stdout
    sizes = re.findall(r"func.func @talweg_\w+\(%arg0: memref<\d+xi8>[^,]*, %arg1: memref<(\d+)xi8>.*talweg.live_bytes = (\d+)", text)
    assert sizes, model
    for arena, live in sizes:
        assert int(live) <= int(arena) <= 1.02 * int(live), f"{model}: arena {arena}, alive {live}"
