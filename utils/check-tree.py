#!/usr/bin/env python3
"""Checks that the tree keeps its shape; docs/Architecture.md has the rules in words.

check-tree.py [CHECK…] runs the named checks, all by default. One line for each fault, exit status 1 if there is any.
"""

import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Which rooms a room may include, besides itself and Support. A header that is named opens alone.
DOORS = {
    "Support": set(),
    "Dialect/Tw": set(),
    "Dialect/Train": {"Dialect/Tw"},
    "Dialect/Kernel": set(),
    "Frontend": {"Dialect/Tw", "Dialect/Train", "Prepare", "Data/Formats.h"},
    "Autodiff": {"Dialect/Tw", "Dialect/Train"},
    "Transforms": {"Dialect/Tw", "Dialect/Train", "Runtime/Abi.h"},
    "Conversion": {"Dialect/Tw", "Dialect/Train", "Dialect/Kernel", "Codegen/Attributes.h", "Runtime/Abi.h"},
    "Codegen": {"Dialect/Kernel", "Runtime/Abi.h"},
    "Runtime": set(),
    "Prepare": set(),
    "Data": {"Runtime", "Prepare"},
    "Pipeline": {"Dialect/Tw", "Dialect/Train", "Dialect/Kernel", "Frontend", "Autodiff", "Transforms", "Conversion", "Codegen",
                 "Runtime/Abi.h"},
    "Engine": {"Pipeline", "Runtime", "Prepare", "Data", "Frontend/Plan.h"},
    "CAPI": {"Engine", "talweg-c"},
    "talweg-c": set(),
    "tools/talweg": {"Engine"},
    "tools/talweg-opt": {"Dialect/Tw", "Dialect/Train", "Autodiff", "Transforms", "Conversion", "Codegen", "Pipeline"},
}

# Folders whose files include no header of LLVM or MLIR, and the one file that includes ORC's.
WITHOUT_LLVM = ["lib/Runtime/", "lib/Prepare/", "lib/Data/", "lib/CAPI/", "tools/talweg/", "include/talweg/Support/",
                "include/talweg/Runtime/", "include/talweg/Prepare/", "include/talweg/Data/", "include/talweg/Engine/", "include/talweg-c/"]
ORC = "lib/Engine/Jit.cpp"

MOST_LINES = 600


def files(*folders, endings):
    """Paths relative to ROOT, sorted, of the files below the folders that have one of the endings."""
    for folder in folders:
        for path, inner, names in os.walk(os.path.join(ROOT, folder)):
            inner.sort()
            for name in sorted(names):
                if name.endswith(endings):
                    yield os.path.relpath(os.path.join(path, name), ROOT)


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def roomOf(path):
    """The room of a file's path in the tree or of an include path; None outside all rooms."""
    path = re.sub(r"^(include/|lib/)(talweg/)?", "", path)
    path = re.sub(r"^talweg/", "", path)
    return next((room for room in DOORS if path.startswith(room + "/")), None)


def doors():
    """Rooms include each other only through the doors; LLVM stays out of the rooms that do without it."""
    for path in files("include", "lib", "tools", endings=(".h", ".cpp", ".c", ".td")):
        room = roomOf(path)
        if room is None:
            yield f"{path}: in no room that the layering check knows"
            continue
        for number, line in enumerate(read(path).splitlines(), 1):
            match = re.match(r'\s*#?\s*include\s+["<]([^">]+)[">]', line)
            if not match:
                continue
            included = match.group(1)
            if re.match(r"(llvm|mlir|mlir-c|llvm-c)/", included):
                if path.startswith(tuple(WITHOUT_LLVM)):
                    yield f"{path}:{number}: includes {included}, and this folder does without LLVM"
                elif "/ExecutionEngine/" in included and path != ORC and included.startswith("llvm/"):
                    yield f"{path}:{number}: includes {included}, which only {ORC} does"
            elif re.match(r"talweg(-c)?/", included):
                other = roomOf(included)
                allowed = DOORS[room] | {room, "Support"}
                if other not in allowed and included.removeprefix("talweg/") not in allowed:
                    yield f"{path}:{number}: {room} includes {included}"


def sizes():
    """No source is longer than can be read in one go."""
    for path in files("include", "lib", "tools", "unittests", "utils", "examples", "bench",
                      endings=(".h", ".cpp", ".c", ".td", ".tw", ".py")):
        lines = read(path).count("\n")
        if lines > MOST_LINES:
            yield f"{path}: {lines} lines, more than {MOST_LINES}"


def kebab(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def passes():
    """A pass, its flag, its file and its test share one name."""
    for path in files("include/talweg", endings="Passes.td"):
        room = roomOf(path)
        for name, flag in re.findall(r'^def (\w+)\s*:\s*Pass<"([\w-]+)"', read(path), re.M):
            wanted = kebab(name)
            if flag != "talweg-" + wanted:
                yield f"{path}: the flag of {name} is {flag}, not talweg-{wanted}"
            for needed in (f"lib/{room}/{name}.cpp", f"test/{room}/{wanted}.mlir"):
                if not os.path.exists(os.path.join(ROOT, needed)):
                    yield f"{path}: {name} has no {needed}"
                elif needed.endswith(".mlir") and "--" + flag not in read(needed):
                    yield f"{needed}: never runs --{flag}"


def ops():
    """Every op of tw has its own test, or several that begin with its name: reduce-sum.mlir."""
    tests = list(files("test/Ops", endings=".mlir"))
    for op in re.findall(r'^def \w+\s*:\s*Tw_\w+<"(\w+)"', read("include/talweg/Dialect/Tw/Tw.td"), re.M):
        own = [test for test in tests if re.fullmatch(rf"test/Ops/{op}(-.+)?\.mlir", test)]
        if not own:
            yield f"tw.{op} has no test/Ops/{op}.mlir"
        for test in own:
            if f"tw.{op}" not in read(test):
                yield f"{test}: does not show tw.{op}"


def std():
    """Every entry of the library is used by a test of test/Std."""
    tests = "".join(read(path) for path in files("test/Std", endings=(".tw", ".mlir", ".test")))
    for path in files("lib/Std", endings=".tw"):
        for kind, name in re.findall(r"^(fn|layer|optimizer|average|schedule) (\w+)", read(path), re.M):
            if not re.search(rf"\b{name}\b", tests):
                yield f"{path}: {kind} {name} is used by no test in test/Std"


def capi():
    """Every function of the C API is called by a test."""
    tests = "".join(read(path) for path in files("unittests/CAPI", endings=".cpp"))
    for name in re.findall(r"^TALWEG_C_API [^;]*?\b(talweg_\w+)\(", read("include/talweg-c/talweg.h"), re.M):
        if not re.search(rf"\b{name}\b", tests):
            yield f"include/talweg-c/talweg.h: {name} is called by no test"


def models():
    """Every model under examples/ and bench/models is in the lists of those that two builds are compared by, that are trained with every size
    of the last batch, and that compile. What learns of its rows, of which there are none where sizes are tried, is left out there."""
    for path, folders in {"utils/compare-builds.py": ("examples", "bench/models"),
                          "unittests/Engine/BatchSizesTest.cpp": ("examples",),
                          "test/Meta/bench-models-compile.test": ("bench/models",)}.items():
        text = read(path)
        for model in files(*folders, endings=".tw"):
            learns = path.startswith("unittests") and re.search(r"\bcategory\b|\|> (standardized|tf_idf)\b", read(model))
            if model not in text and not learns:
                yield f"{path}: {model} is not in it"


# Codes that no test can raise, each with its reason.
UNTESTABLE = {
    "E0820": "LLVM knows this machine, or the build would not have worked",
    "E0841": "memory would have to be exhausted",
}


def codes():
    """Every diagnostic code that a source can raise, and no other, is in a table of the documents, and is expected by a test."""
    raised = {}
    for path in files("include", "lib", "tools", endings=(".h", ".cpp", ".def")):
        for code in re.findall(r"\bE\d{4}\b", re.sub(r"//.*", "", read(path))):
            raised.setdefault(code, path)
    documented = {}
    for path in files("docs", endings=".md"):
        for code in re.findall(r"^\| (E\d{4}) \|", read(path), re.M):
            if code in documented:
                yield f"{path}: {code} is in {documented[code]}, too"
            documented[code] = path
    tested = set()
    for path in files("test", "unittests", endings=(".tw", ".mlir", ".test", ".cpp", ".txt", ".expected")):
        tested.update(re.findall(r"\bE\d{4}\b", read(path)))
    for code in sorted(raised.keys() - documented.keys()):
        yield f"{raised[code]}: {code} is in no document"
    for code in sorted(documented.keys() - raised.keys()):
        yield f"{documented[code]}: {code} is raised by nothing"
    for code in sorted(raised.keys() - tested - UNTESTABLE.keys()):
        yield f"{raised[code]}: {code} is expected by no test"
    for code in sorted(UNTESTABLE.keys() - raised.keys()):
        yield f"utils/check-tree.py: {code} is raised by nothing"


def places():
    """What the map says of where a new line goes is there: every path in its table."""
    page = read("docs/Architecture.md")
    table = page[page.index("## Where does it go?"):page.index("## Words")]
    for path in re.findall(r"`([\w*]+(?:/[\w*]+)+(?:\.\w+)?)`", table):
        if not any(glob.glob(os.path.join(ROOT, folder, path)) for folder in ("", "lib", "include/talweg")):
            yield f"docs/Architecture.md: {path} is nowhere"


def links():
    """What the documents link to is there."""
    for path in ["README.md", *files("docs", endings=".md")]:
        text = re.sub(r"```.*?```|`[^`\n]*`", "", read(path), flags=re.S)
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
            if not os.path.exists(os.path.join(ROOT, os.path.dirname(path), target)):
                yield f"{path}: links to {target}, which is not there"


CHECKS = {check.__name__: check for check in (doors, sizes, passes, ops, std, capi, models, codes, places, links)}


def main(names):
    faults = 0
    for name in names or CHECKS:
        if name not in CHECKS:
            sys.exit(f"check-tree.py: no check '{name}'; there are {', '.join(CHECKS)}")
        for fault in CHECKS[name]():
            print(f"{name}: {fault}")
            faults += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
