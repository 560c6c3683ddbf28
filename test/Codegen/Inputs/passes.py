"""The passes over memory of a training step: passes.py < MODULE, after fusion, with linalg ops and products on memrefs.

Out: one line for each op of the steps' function that is not a fill: "KINDS reads N writes M elements E", where KINDS is product, or has p or r
for each loop (parallel or reduction), E are the elements of the largest operand; " and computes on" for a product with an epilogue. Then how
many there are.
"""
import re
import sys

lines = re.split(r"func\.func", sys.stdin.read())
step = next(text for text in lines if text.lstrip().startswith("@talweg_step"))
GENERIC = re.compile(r"linalg\.generic .*?iterator_types = \[(.*?)\]\}\s*(?:ins\(.*? : (.*?)\) )?outs\(.*? : (.*?)\)")
PRODUCT = re.compile(r"kernel\.product .*? of .*? : (.*?) (?:reads .*? : (.*?) )?outs .*? : (.*?) (?:partial |scratch_sums )*plan .*>( \{)?$")


def elements(types):
    count = 1
    for types_of in types.split(", memref"):
        extents = [int(extent) for extent in re.findall(r"(\d+)x", re.sub(r"strided<.*?>", "", types_of))]
        product = 1
        for extent in extents:
            product *= extent
        count = max(count, product)
    return count


passes = 0
for line in step.splitlines():
    if generic := GENERIC.search(line):
        kinds, ins, outs = (part or "" for part in generic.groups())
        name, end = "".join(kind.strip().strip('"')[0] for kind in kinds.split(",") if kind.strip()) or "scalar", ""
    elif product := PRODUCT.search(line):
        factors, reads, outs, epilogue = (part or "" for part in product.groups())
        name, ins, end = "product", factors + ", " + reads, " and computes on" if epilogue else ""
    else:
        continue
    passes += 1
    print(f"{name} reads {ins.count('memref')} writes {outs.count('memref')} elements {elements(ins + ', ' + outs)}{end}")
print(passes, "passes")
