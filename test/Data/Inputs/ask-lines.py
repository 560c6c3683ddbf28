"""ask-lines.py COMMAND… < LINES: writes one line at a time to COMMAND and waits for its answer before it writes the next; prints the
answers. A line that begins with `!` is written without waiting: it has no answer."""
import subprocess
import sys

process = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
print(process.stdout.readline(), end="")  # the columns
for line in sys.stdin:
    process.stdin.write(line.removeprefix("!"))
    process.stdin.flush()
    if not line.startswith("!"):
        print(process.stdout.readline(), end="")
process.stdin.close()
print(process.stdout.read(), end="")
sys.exit(process.wait())
