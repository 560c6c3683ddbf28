# How the unit tests are run: every executable named …Tests below the build's unittests/, one lit test for each case.
import os

import lit.formats

config.name = "talweg-unit"
config.test_format = lit.formats.GoogleTest(".", "Tests")
config.test_source_root = config.test_exec_root = os.path.join(config.talweg_binary_dir, "unittests")
config.environment["TALWEG_CACHE"] = os.path.join(config.test_exec_root, "cache")
for name in ("HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TMPDIR"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
