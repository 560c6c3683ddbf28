# How the tests under test/ are run. In: lit.site.cfg.py, made by CMake, which says where things are. Out: suites of shell
# tests (a file's RUN lines) that find Talweg's and LLVM's tools on PATH. docs/Testing.md lists the substitutions.
import os

import lit.formats

if not hasattr(config, "talweg_binary_dir"):
    lit_config.fatal("no build was configured: run `./dev test`, or lit on BUILD/test")

config.name = "talweg"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".tw", ".test"]
config.excludes = ["Inputs", "CMakeLists.txt"]
config.test_source_root = os.path.join(config.talweg_source_dir, "test")
config.test_exec_root = os.path.join(config.talweg_binary_dir, "test")

tools = os.path.join(config.talweg_binary_dir, "bin")
config.environment["PATH"] = os.pathsep.join([tools, config.llvm_tools_dir, config.environment["PATH"]])
config.environment["HOME"] = os.environ.get("HOME", config.test_exec_root)
config.environment["TALWEG_CACHE"] = os.path.join(config.test_exec_root, "cache")
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TALWEG_ALL"):
    if name in os.environ:
        config.environment[name] = os.environ[name]


def findData():
    """The folder of data sets that do not ship with the project: TALWEG_DATA, or shared/data in a folder above."""
    named = os.environ.get("TALWEG_DATA")
    above = config.talweg_source_dir
    candidates = [named] if named else []
    for _ in range(3):
        above = os.path.dirname(above)
        candidates.append(os.path.join(above, "shared", "data"))
    return next((path for path in candidates if os.path.isdir(path)), None)


data = findData()
if data:
    config.available_features.add("shared-data")
try:
    for end in os.openpty():
        os.close(end)
    config.available_features.add("terminal")
except OSError:
    pass  # a container without /dev/pts
if config.talweg_sanitized:
    config.available_features.add("sanitized")

config.substitutions += [
    ("%data", data or "/no-shared-data"),
    ("%examples", os.path.join(config.talweg_source_dir, "examples")),
    ("%source", config.talweg_source_dir),
    ("%build", config.talweg_binary_dir),
    ("%utils", os.path.join(config.talweg_source_dir, "utils")),
    ("%python", config.python),
    ("%cmake", config.cmake),
    ("%cxxflags", config.cxx_flags),
    ("%cxx", config.cxx),
    ("%cc", config.cc),
]
