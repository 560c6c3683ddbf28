# assemble.sh FILE BITS REGISTERS ARCHITECTURE CPU: the machine code of a linalg module for vectors of so many bits, whatever the
# host's are. LLVM's passes are those of lib/Engine/Jit.cpp.
set -eu
passes='function(sroa,early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg,loop-mssa(loop-rotate,licm),gvn,instcombine<no-verify-fixpoint>,simplifycfg)'
target="-mtriple=$4-unknown-linux-gnu -mcpu=$5"
talweg-opt "$1" --talweg-vector-pipeline="vector-bits=$2 registers=$3" --talweg-llvm-pipeline |
  mlir-translate --mlir-to-llvmir |
  opt $target -passes="$passes" |
  llc $target -O3 -relocation-model=pic
