"""resume-each.py RUN: from each moment that RUN has kept, the run goes on in another folder to the same bytes."""
import filecmp
import os
import subprocess
import sys

run = sys.argv[1]
moments = sorted(name for name in os.listdir(run) if name.startswith("step-"))
assert len(moments) > 3, moments
for threads, moment in enumerate(moments):
    subprocess.run(["talweg", "train", "--resume", f"{run}/{moment}", "--out", "other", "--replace", "--quiet", "--threads", str(threads % 2 + 1)],
                   check=True, stderr=subprocess.DEVNULL)
    for file in "model.safetensors", "optimizer.safetensors":
        assert filecmp.cmp(f"{run}/last/{file}", f"other/last/{file}", shallow=False), (moment, file)
