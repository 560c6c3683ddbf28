// What this library is and what it runs on.
#include "talweg/Engine/Engine.h"
#include "talweg/Pipeline/Pipeline.h"
#include "talweg/Runtime/Threads.h"

#include "llvm/Config/llvm-config.h"

#include <fmt/format.h>

using namespace talweg;

const char *talweg::versionText() { return TALWEG_VERSION; }

std::string talweg::versionDetails() {
  const Target &target = nativeTarget();
  return fmt::format("talweg: {}\nllvm: {}\ntarget: {}\nprocessor: {}\nvector: {} bits\nthreads: {}\n", TALWEG_VERSION,
                     LLVM_VERSION_STRING, target.triple, target.cpu, target.vectorBits, runtime::usableCores());
}
