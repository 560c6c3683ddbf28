"""The passes over memory of a training step: passes.py < MODULE, after fusion, with linalg ops on memrefs.

Out: one line for each linalg op of the steps' function that is not a fill: "KINDS reads N writes M elements E", where KINDS has p or r
for each loop (parallel or reduction), E are the elements of the largest operand; then how many there are.
"""
import re
import sys

lines = re.split(r"func\.func", sys.stdin.read())
step = next(text for text in lines if text.lstrip().startswith("@talweg_step"))
passes = re.findall(r'iterator_types = \[(.*?)\]\}\s*(?:ins\(.*? : (.*?)\) )?outs\(.*? : (.*?)\)(?: attrs =\s*\{(.*?)\})? \{', step)


def elements(types):
    count = 1
    for types_of in types.split(", memref"):
        extents = [int(extent) for extent in re.findall(r"(\d+)x", re.sub(r"strided<.*?>", "", types_of))]
        product = 1
        for extent in extents:
            product *= extent
        count = max(count, product)
    return count


for kinds, ins, outs, attributes in passes:
    letters = "".join(kind.strip().strip('"')[0] for kind in kinds.split(",") if kind.strip())
    joined = " and the next" if "epilogue" in attributes else ""
    print(f"{letters or 'scalar'} reads {ins.count('memref')} writes {outs.count('memref')} elements "
          f"{elements(ins + ', ' + outs)}{joined}")
print(len(passes), "passes")
