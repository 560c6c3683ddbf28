# How the unit tests are run: every executable named …Tests below the build's unittests/, one lit test for each case.
import os

import lit.formats

config.name = "talweg-unit"
config.test_format = lit.formats.GoogleTest(".", "Tests")
config.test_source_root = config.test_exec_root = os.path.join(config.talweg_binary_dir, "unittests")
config.environment["TALWEG_CACHE"] = os.path.join(config.test_exec_root, "cache")
if "-fsanitize=thread" in config.cxx_flags:
    # What the OpenMP runtime's threads wait for, told to the sanitizer, which cannot see into the runtime.
    archer = os.path.join(config.llvm_tools_dir, "..", "lib", "libarcher.so")
    if os.path.exists(archer):
        config.environment["OMP_TOOL_LIBRARIES"] = archer
    else:  # a host's threads are still seen, each with a region of its own
        config.environment["OMP_THREAD_LIMIT"] = "1"
# Of random programs (Support/Chance.h): TALWEG_ALL, TALWEG_TW_CASES, ….
chosen = [name for name in os.environ if name == "TALWEG_ALL" or name.endswith(("_CASES", "_SEED", "_FIRST"))]
for name in ["HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "TMPDIR", *chosen]:
    if name in os.environ:
        config.environment[name] = os.environ[name]
