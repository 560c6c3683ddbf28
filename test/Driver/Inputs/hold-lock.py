"""hold-lock.py FOLDER COMMAND…: runs a command while another process has the folder's lock."""
import fcntl
import os
import subprocess
import sys

with open(os.path.join(sys.argv[1], "lock"), "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    lock.write("process 77 on a host\n")
    lock.flush()
    subprocess.run(sys.argv[2:])
