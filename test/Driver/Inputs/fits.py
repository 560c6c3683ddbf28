"""Runs a command, or every --help, and fails where a line has more columns than it may. fits.py WIDTH COMMAND… | fits.py helps. With a WIDTH
other than 0, the command runs in a terminal that is so wide; with 0 in none. What it prints is passed on."""
import fcntl, os, pty, re, struct, subprocess, sys, termios


def inTerminal(command, width):
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        os.execvp(command[0], command)
    text = b""
    try:
        while part := os.read(terminal, 65536):
            text += part
    except OSError:
        pass  # the end, on Linux
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status, text.decode().replace("\r\n", "\n")


def inNone(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode()


def check(command, width):
    status, text = inTerminal(command, width) if width else inNone(command)
    assert status == 0, f"{command}: exit code {status}\n{text}"
    plain = re.sub(r"\x1b\[[0-9;]*[mK]", "", text)
    for line in re.split("[\r\n]", plain):  # what is drawn over, too
        isWord = " " not in line.strip()  # such as a path
        assert isWord or len(line) <= (width or 80), f"{command}: {len(line)} columns: {line}"
    return plain


if sys.argv[1] == "helps":
    top = check(["talweg", "--help"], 0)
    commands = re.findall(r"^  (\w+)  +\w", top.split("Commands:")[1].split("Options:")[0], re.M)
    assert {"train", "eval", "bench", "version"} <= set(commands), commands
    for command in commands:
        for width in (0, 80, 120):
            check(["talweg", command, "--help"], width)
else:
    print(check(sys.argv[2:], int(sys.argv[1])), end="")
