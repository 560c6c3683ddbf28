// What this library is and what it runs on.
#include "Jit.h"

#include "talweg/Engine/Engine.h"
#include "talweg/Runtime/Threads.h"

#include "llvm/Config/llvm-config.h"

#include <fmt/format.h>

using namespace talweg;

const char *talweg::versionText() { return TALWEG_VERSION; }

std::string talweg::versionDetails() {
  const HostTarget &host = hostTarget();
  return fmt::format("talweg: {}\nllvm: {}\ntarget: {}\nprocessor: {}\ncores: {}\n", TALWEG_VERSION,
                     LLVM_VERSION_STRING, host.triple, host.cpu, runtime::usableCores());
}
