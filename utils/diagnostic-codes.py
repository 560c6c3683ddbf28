#!/usr/bin/env python3
"""Prints the table of diagnostic codes that docs/Language.md shows, from DiagnosticCodes.def."""

import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

with open(os.path.join(ROOT, "include/talweg/Frontend/DiagnosticCodes.def"), encoding="utf-8") as f:
    rows = re.findall(r'^TALWEG_DIAGNOSTIC\((E\d{4}), (\w+),\s*"((?:[^"\\]|\\.)*)"\)', f.read(), re.M)

print("| code | name | the rule |")
print("| --- | --- | --- |")
for code, name, explanation in rows:
    explanation = re.sub(r"\\(.)", r"\1", explanation).replace("|", "\\|")
    print(f"| {code} | {name} | {explanation} |")
