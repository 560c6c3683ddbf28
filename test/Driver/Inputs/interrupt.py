"""interrupt.py SIGNAL[,SIGNAL…] COMMAND…: runs the command, sends it the signals as soon as it has written a `step` event, and
exits with its exit code. Its standard output is dropped."""
import json
import signal
import subprocess
import sys

process = subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE, text=True)
sent = False
for line in process.stdout:
    if not sent and json.loads(line)["event"] == "step":
        for name in sys.argv[1].split(","):
            process.send_signal(getattr(signal, name))
        sent = True
sys.exit(process.wait())
