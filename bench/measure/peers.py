"""Those that are measured: Talweg, another build of it, PyTorch eager and compiled, C, alone and over OpenBLAS and oneDNN, ONNX Runtime.

A peer says with missing() why it cannot run here, or None; with runs(workload) what it takes part in; start() makes it ready
and returns what it told of the first steps; measure() is the median microseconds of a step. The peers' scripts
(bench/peers) are processes that stay between rounds: they tell of their first steps, then measure once for each line they are sent.
"""
import glob
import json
import os
import shutil
import subprocess
import tempfile
import time

from measure.workloads import described, flatten_parameters, model_of

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Failed(Exception):
    """A peer that was there did not work."""


class Place:
    """Where the peers run: a command in front of theirs (chroot, ssh, nothing) and the working folder as both sides name it."""

    def __init__(self, inside, folder):
        self.inside = inside
        self.outer, _, inner = folder.partition(":")
        self.inner = inner or os.path.abspath(self.outer)
        os.makedirs(self.outer, exist_ok=True)
        for path in glob.glob(os.path.join(BENCH, "peers", "*")):
            if os.path.isfile(path):
                shutil.copy(path, self.outer)

    def run(self, *command):
        try:
            return subprocess.run([*self.inside, *command], capture_output=True, text=True)
        except OSError as error:
            return subprocess.CompletedProcess(command, 127, "", str(error))

    def environment(self, threads, *settings):
        """`env` with so many OpenMP threads, each on its core; what this machine's shell says of OpenBLAS is for others."""
        blas = ":".join(self.libraries("openblas-openmp"))
        return ["env", "-u", "OPENBLAS_CORETYPE", "-u", "OPENBLAS_L2_SIZE", f"LD_LIBRARY_PATH={blas}", "OMP_PROC_BIND=true",
                f"OMP_NUM_THREADS={threads}", f"OPENBLAS_NUM_THREADS={threads}", *settings]

    def libraries(self, *names):
        """The paths, inside, of those libraries that are there."""
        patterns = " ".join(f"/usr/lib/*/{name} /usr/lib/{name}" for name in names)
        return self.run("sh", "-c", f"ls -d {patterns} 2>/dev/null").stdout.split()


class Server:
    """A process that answers in lines of JSON."""

    def __init__(self, command):
        self.command, self.started = command, time.perf_counter()
        self.messages = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.messages, text=True)

    def read(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        self.messages.seek(0)
        said = [line.strip() for line in self.messages if line.strip()]
        errors = [line for line in said if "Error" in line] or said[-1:] or ["it ended without a word"]
        raise Failed(f"{errors[-1]} ({' '.join(self.command)})")

    def ask(self, line):
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        return self.read()

    def first_steps(self):
        """What it tells when it is ready, and the seconds from its start to the end of its first step."""
        self.read()
        seconds = time.perf_counter() - self.started
        return dict(self.read(), start_seconds=seconds)

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.messages.close()
        self.process.wait()


class Talweg:
    def __init__(self, tool, name="talweg"):
        self.tool, self.name = tool, name

    def missing(self):
        return None if shutil.which(self.tool) else f"{self.tool} is not there: run ./dev build, or give its path"

    def runs(self, workload, predicted):
        return True

    def command(self, *arguments, **environment):
        done = subprocess.run([self.tool, *arguments], cwd=self.folder, capture_output=True, text=True,
                              env={**os.environ, "TALWEG_CACHE": self.cache, **environment})
        if done.returncode:
            raise Failed(f"talweg {' '.join(arguments)}\n{done.stderr or done.stdout}")
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def take(self, workload, folder):
        """Works on this from now on."""
        path = os.path.join(BENCH, "models", model_of(workload)[1])
        self.folder, self.cache, self.model = folder, os.path.join(folder, "cache"), os.path.basename(path)
        settings = described(workload).get("settings", {})
        self.settings = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
        shutil.copy(path, folder)

    def prepare(self, workload, folder):
        """Writes the parameters that all start from."""
        self.take(workload, folder)
        self.command("init", self.model, *self.settings, "--seed", "1", "--output", "init.safetensors")
        flatten_parameters(folder)

    def train(self, threads, steps, **environment):
        """Trains from the common parameters; the events, and the seconds to the end of the first step."""
        start, first, events = time.perf_counter(), None, []
        process = subprocess.Popen(
            [self.tool, "train", self.model, *self.settings, "--json", "--no-shuffle", "--init", "init.safetensors", "--replace", "--out", "run",
             "--threads", str(threads), "--steps", str(steps), "--log-every", "1"], cwd=self.folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "TALWEG_CACHE": self.cache, **environment})
        for line in process.stdout:
            if line.startswith("{"):
                events.append(json.loads(line))
                if events[-1]["event"] == "step" and first is None:
                    first = time.perf_counter() - start
        message = process.stderr.read()
        if process.wait():
            raise Failed(f"talweg train {self.model}\n{message}")
        return events, first

    def start(self, workload, place, threads, predicted):
        self.take(workload, place.outer)
        self.threads, self.predicted = threads, predicted
        if predicted:
            return {}
        events, cold = self.train(threads, 10, TALWEG_CACHE="off")
        losses = {event["step"]: event["loss"] for event in events if event["event"] == "step"}
        end = next(event for event in events if event["event"] == "end")
        cold = sorted([cold] + [self.train(threads, 1, TALWEG_CACHE="off")[1] for _ in range(2)])[1]
        self.train(threads, 1)
        cached = sorted(self.train(threads, 1)[1] for _ in range(3))[1]
        return dict(first_loss=losses[1], tenth_loss=losses[10], compile_seconds=end["compile_seconds"],
                    peak_rss_bytes=end["peak_rss_bytes"], cold_seconds=cold, cached_seconds=cached)

    def measure(self, seconds):
        alone = self.model == "W9.tw"  # the time of the update's regions
        event, = self.command("bench", self.model, *self.settings, "--json", "--threads", str(self.threads), "--seconds", str(seconds),
                              *(["--inference", "--batch", str(self.predicted)] if self.predicted else []), *(["--profile"] if alone else []))
        profile = event.pop("profile", None)
        if alone:
            event["median_us"] = sum(region["us"] for region in profile["regions"] if region["part"] == "update")
        return event

    def stop(self):
        pass


class Script:
    """A peer in Python. OpenMP's BLAS, tcmalloc and libsleef are taken where they are: each is worth a factor to PyTorch."""

    def __init__(self, name, script, python, place, *flags):
        self.name, self.flags, self.place = name, flags, place
        self.command = [*python, f"{place.inner}/{script}"]

    def environment(self, threads):
        preload = self.place.libraries("libsleef.so.3", "libtcmalloc_minimal.so.4")
        return self.place.environment(threads, f"LD_PRELOAD={':'.join(preload)}", "PYTHONDONTWRITEBYTECODE=1",
                                      f"TORCHINDUCTOR_CACHE_DIR={self.place.inner}/inductor")

    def missing(self):
        done = self.place.run(*self.command, "--version")
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["it does not run"])[-1]
        if "--compile" in self.flags and int(done.stdout.split(".")[0]) < 2:
            return f"PyTorch is {done.stdout.strip()}, torch.compile is of 2"
        self.name = self.name.replace("VERSION", done.stdout.strip())
        return None

    def runs(self, workload, predicted):
        return not predicted and not (workload in ("W7l", "W9") and "--compile" in self.flags)

    def start(self, workload, place, threads, predicted):
        rows = ["--rows", str(predicted)] if predicted else []
        self.server = Server([*place.inside, *self.environment(threads), *self.command, model_of(workload)[0], place.inner,
                              "--threads", str(threads), *rows, *self.flags])
        return self.server.first_steps()

    def measure(self, seconds):
        return self.server.ask(str(seconds))

    def stop(self):
        self.server.stop()


class Onnx(Script):
    def runs(self, workload, predicted):
        return predicted > 0


class Compiled:
    """Hand-written C, alone or over a library of matrix products, for the workloads of these models; built by the first question after it."""

    flags = ["-O3", "-march=native", "-ffast-math", "-fopenmp"]

    def __init__(self, name, models, program, library, compiler, place, *defines):
        self.name, self.models, self.place = name, models, place
        self.binary = f"{place.inner}/{program}-{library or 'alone'}"
        libraries = [f"-l{one}" for one in (library, "m") if one]
        self.build = [*compiler, *self.flags, *defines, f"{place.inner}/{program}.c", "-o", self.binary, *libraries]

    def missing(self):
        done = self.place.run(*self.build)
        if done.returncode == 0:
            return None
        lines = [line for line in done.stderr.splitlines() if "error" in line or "cannot find" in line] or done.stderr.splitlines()
        return lines[0].strip() if lines else "it does not compile"

    def runs(self, workload, predicted):
        return not predicted and model_of(workload)[0] in self.models

    def server_of(self, place, threads, *arguments):
        return Server([*place.inside, *place.environment(threads), self.binary, *arguments, str(threads)])

    def start(self, workload, place, threads, predicted):
        self.server = self.server_of(place, threads, model_of(workload)[0], place.inner)
        return self.server.first_steps()

    def measure(self, seconds):
        return self.server.ask(str(seconds))

    def stop(self):
        self.server.stop()
