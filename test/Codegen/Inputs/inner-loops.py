"""What the innermost loops of an assembly file do: inner-loops.py [--fma] < FILE.s

In:  assembly of x86-64 (AT&T) or AArch64, as LLVM writes it.
Out: one line for each innermost loop, in their order: "FUNCTION: N fma, N vector, N spills, N calls". `fma` are vector
     multiply-adds, `vector` all instructions on whole vector registers, `spills` those of them that move a register to or
     from the stack, `calls` all calls. --fma: only loops that have vector multiply-adds.
"""
import re
import sys

FMA = re.compile(r"vfn?m(add|sub)\d+p[sd]|fml[as]$")
VECTOR = re.compile(r"%[yz]mm\d|%xmm\d+.*%xmm|\bv\d+\.(4s|2d|16b)|\bq\d+\b")
STACK = re.compile(r"\(%r[sb]p|\[(sp|x29)\b")
MOVE = re.compile(r"v?mov|ldr$|str$|ldp$|stp$|ldur$|stur$")
CALL = re.compile(r"call|bl$|blr$")
JUMP = re.compile(r"j[a-z]+$|b$|b\.[a-z]+$|cbn?z$|tbn?z$")


def functions(lines):
    """(name, instructions) of each; an instruction is a label's name with a colon, or an operation and its operands."""
    name, body = None, []
    for line in lines:
        line = re.sub(r"\s*(#|//).*", "", line.rstrip())
        if re.match(r"\S+:", line) and not line.startswith(".L"):
            if name:
                yield name, body
            name, body = line.split(":")[0].strip('"'), []
        elif line.startswith(".L") or re.match(r"\t[a-z]", line):
            body.append(line.strip())
    if name:
        yield name, body


def innermost(body):
    """(first, last) places of the loops that contain no other."""
    labels = {line.split(":")[0]: at for at, line in enumerate(body) if line.startswith(".L")}
    loops = set()
    for at, line in enumerate(body):
        operation, _, operands = line.partition("\t")
        target = operands.split(",")[-1].strip()
        if JUMP.match(operation) and labels.get(target, at) < at:
            loops.add((labels[target], at))
    return [(first, last) for first, last in sorted(loops)
            if not any(first <= other and end <= last and (first, last) != (other, end) for other, end in loops)]


def main():
    for name, body in functions(sys.stdin):
        for first, last in innermost(body):
            inside = [line.partition("\t") for line in body[first:last + 1] if not line.startswith(".L")]
            fma = sum(bool(FMA.match(operation)) for operation, _, _ in inside)
            vector = [(operation, operands) for operation, _, operands in inside if VECTOR.search(operands)]
            spills = sum(bool(MOVE.match(operation) and STACK.search(operands)) for operation, operands in vector)
            calls = sum(bool(CALL.match(operation)) for operation, _, _ in inside)
            if fma or "--fma" not in sys.argv:
                print(f"{name}: {fma} fma, {len(vector)} vector, {spills} spills, {calls} calls")


main()
