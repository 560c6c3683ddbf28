// What this library is and what it runs on.
#include "Jit.h"

#include "talweg/Engine/Engine.h"
#include "talweg/Runtime/Threads.h"

#include "llvm/Config/llvm-config.h"

#include <fmt/format.h>

using namespace talweg;

const char *talweg::versionText() { return TALWEG_VERSION; }

/// Bits of a vector register, by the features LLVM reports.
static int vectorBits(const std::string &features) {
  auto has = [&](const char *feature) { return features.find(feature) != std::string::npos; };
  return has("+avx512f") ? 512 : has("+avx2") ? 256 : 128;
}

std::string talweg::versionDetails() {
  const HostTarget &host = hostTarget();
  return fmt::format("talweg: {}\nllvm: {}\ntarget: {}\nprocessor: {}\nvector: {} bits\nthreads: {}\n", TALWEG_VERSION,
                     LLVM_VERSION_STRING, host.triple, host.cpu, vectorBits(host.features), runtime::usableCores());
}
