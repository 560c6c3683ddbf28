// The processor that code is made for: one value, made once, from a name, by whoever wants the code, and handed down from there.
// No pass and no phase asks which machine it runs on.
#ifndef TALWEG_CODEGEN_TARGET_H
#define TALWEG_CODEGEN_TARGET_H

#include "talweg/Codegen/Machine.h"
#include "talweg/Support/Result.h"

#include <cstdint>
#include <string>

namespace llvm {
class Target;
} // namespace llvm

namespace talweg {

/// Where nothing is said, x86-64-v4: what talweg-opt does depends on no machine.
struct Target {
  std::string name = "x86-64-v4"; ///< as it was asked for
  /// In LLVM's words: the machine, the processor, and what it has (+avx2) or lacks (-fma) besides what its name says.
  std::string triple = "x86_64-unknown-linux-gnu", cpu = "x86-64-v4", features;
  std::int64_t vectorBits = 512; ///< width of a vector register
  std::int64_t registers = 32;   ///< number of vector registers
  Machine machine{};             ///< by which plans are ranked

  bool operator==(const Target &) const = default;
};

/// The machine that this process runs on, as LLVM sees it: `native`.
const Target &nativeTarget();

/// `native`, or a 64-bit processor of x86 or Arm by LLVM's name: x86-64-v3, znver4, neoverse-n1. Another name is E0806.
Result<Target> targetFromName(const std::string &name);

/// Success if this process can run code for `target`; otherwise E0808, which tells what the machine lacks.
Result<void> runsHere(const Target &target);

/// LLVM's code generator for it; null if this LLVM was built without.
const llvm::Target *codeGeneratorFor(const Target &target);

} // namespace talweg

#endif
