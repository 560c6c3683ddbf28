"""edit-record.py RUN COPY PATH=JSON…: for each change of the record in the folder RUN, copies the folder to COPY with that change,
resumes the copy, and prints the exit code and the first line of what is told."""
import json
import pathlib
import shutil
import subprocess
import sys

run, copy = map(pathlib.Path, sys.argv[1:3])
for change in sys.argv[3:]:
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(run, copy)
    record = json.loads((copy / "run.json").read_text())
    path, value = change.split("=")
    *folders, name = path.split(".")
    place = record
    for folder in folders:
        place = place[folder]
    place[name] = json.loads(value)
    (copy / "run.json").write_text(json.dumps(record))
    done = subprocess.run(["talweg", "train", record["settings"]["file"], "--resume", copy], capture_output=True, text=True)
    print(done.returncode, done.stderr.splitlines()[0])
