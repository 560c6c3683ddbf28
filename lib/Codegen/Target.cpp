// Processors by their names, from LLVM's tables.
#include "talweg/Codegen/Target.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

#include <map>
#include <memory>

using namespace llvm;

namespace talweg {

using Description = std::unique_ptr<MCSubtargetInfo>;

/// Architectures whose processors are found by name.
static constexpr const char *kTriples[] = {"x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"};

static const llvm::Target *codeGeneratorOf(StringRef triple) {
  static const bool ready = [] {
    InitializeAllTargetInfos();
    InitializeAllTargets();
    InitializeAllTargetMCs();
    InitializeAllAsmPrinters();
    return true;
  }();
  (void)ready;
  std::string unused;
  return TargetRegistry::lookupTarget(Triple(triple), unused);
}

/// LLVM's own account of a processor; null if this LLVM makes no code for it.
static Description describe(StringRef triple, StringRef cpu, StringRef features) {
  const llvm::Target *generator = codeGeneratorOf(triple);
  return Description(generator ? generator->createMCSubtargetInfo(Triple(triple), cpu, features) : nullptr);
}

static bool has(const MCSubtargetInfo &description, StringRef feature) {
  return any_of(description.getAllProcessorFeatures(), [&](const SubtargetFeatureKV &each) {
    return feature == each.Key && description.getFeatureBits().test(each.Value);
  });
}

static void measureVectors(Target &target, const MCSubtargetInfo &description) {
  bool isArm = description.getTargetTriple().isAArch64();
  target.vectorBits = has(description, "avx512f") ? 512 : has(description, "avx2") ? 256 : 128;
  target.registers = target.vectorBits == 512 || isArm ? 32 : 16;
}

const Target &nativeTarget() {
  static const Target native = [] {
    std::map<std::string, bool> features; // sorted, so that the text does not depend on a hash
    for (auto &feature : sys::getHostCPUFeatures())
      features[feature.getKey().str()] = feature.getValue();
    Target target{"native", sys::getProcessTriple(), sys::getHostCPUName().str(), ""};
    for (auto &[name, present] : features)
      target.features += (target.features.empty() ? "" : ",") + std::string(present ? "+" : "-") + name;
    target.vectorBits = 128;
    target.registers = 16;
    if (Description description = describe(target.triple, target.cpu, target.features))
      measureVectors(target, *description);
    readMachine(target.machine);
    return target;
  }();
  return native;
}

//===-- names ------------------------------------------------------------------------------------------------------===//

/// LLVM's account of a 64-bit processor by its name, among those that `any` knows; null if there is none.
static Description describeNamed(const MCSubtargetInfo &any, StringRef name) {
  Description named = any.isCPUStringValid(name) ? describe(any.getTargetTriple().str(), name, "") : nullptr;
  return named && (!any.getTargetTriple().isX86() || has(*named, "64bit")) ? std::move(named) : nullptr;
}

/// Some of the names that there are, the closest one first.
static std::string someNames(const std::string &wrong) {
  std::string closest;
  unsigned least = std::min<std::size_t>(3, wrong.size()); // edits
  for (const char *triple : kTriples)
    if (Description any = describe(triple, "", ""))
      for (const SubtargetSubTypeKV &each : any->getAllProcessorDescriptions())
        if (unsigned edits = StringRef(each.Key).edit_distance(wrong); edits < least && describeNamed(*any, each.Key)) {
          least = edits;
          closest = each.Key;
        }
  std::string help = closest.empty() ? "" : "did you mean `" + closest + "`? ";
  return help + "`native` is this machine; others are x86-64-v2, x86-64-v3, x86-64-v4, znver5, neoverse-n1";
}

Result<Target> targetFromName(const std::string &name) {
  if (name == "native")
    return nativeTarget();
  for (const char *triple : kTriples) {
    Description any = describe(triple, "", ""), named = any ? describeNamed(*any, name) : nullptr;
    if (!named)
      continue;
    Target target{name, triple, name, ""};
    measureVectors(target, *named);
    return target;
  }
  return Error{"E0806", "error: there is no target `" + name + "` [E0806]\nhelp: " + someNames(name)};
}

const llvm::Target *codeGeneratorFor(const Target &target) { return codeGeneratorOf(target.triple); }

//===-- this process -----------------------------------------------------------------------------------------------===//

/// Features that no generated code needs: what they add is for operating systems or is asked for by name, as talweg never does, or they
/// only tell what is quick.
static constexpr StringRef kNotSelected[] = {
    "aes",      "amx-avx512", "amx-bf16",   "amx-complex", "amx-fp16", "amx-fp8", "amx-int8", "amx-movrs",
    "amx-tf32", "amx-tile",   "cldemote",   "clflushopt",  "clwb",     "clzero",  "crc32",    "enqcmd",
    "ermsb",    "fsgsbase",   "fsrm",       "fxsr",        "hreset",   "invpcid", "kl",       "lwp",
    "mmx",      "movdir64b",  "movdiri",    "movrs",       "mwaitx",   "pclmul",  "pconfig",  "pku",
    "prfchw",   "ptwrite",    "rdpid",      "rdpru",       "rdrnd",    "rdseed",  "rtm",      "serialize",
    "sgx",      "sha",        "sha512",     "shstk",       "sm3",      "sm4",     "tsxldtrk", "uintr",
    "usermsr",  "vaes",       "vpclmulqdq", "waitpkg",     "wbnoinvd", "widekl",  "xsave",    "xsavec",
    "xsaveopt", "xsaves",
};

/// What the instructions of a processor are; not what it is quick at.
static FeatureBitset instructionsOf(MCSubtargetInfo &description, const Target &target) {
  description.setDefaultFeatures(target.cpu, /*TuneCPU=*/"", target.features);
  return description.getFeatureBits();
}

Result<void> runsHere(const Target &target) {
  const Target &here = nativeTarget();
  auto cannot = [&](const std::string &why) {
    return Error{"E0808", "error: code for `" + target.name + "` cannot run on this machine, " + why +
                              " [E0808]\nhelp: leave the target out, or say `native`"};
  };
  Triple its(target.triple), own(here.triple);
  if (its.getArch() != own.getArch() || its.getOS() != own.getOS())
    return cannot("which is " + here.triple);
  Description theirs = describe(target.triple, "", ""), ours = describe(here.triple, "", "");
  if (!theirs || !ours)
    return cannot("for which this LLVM makes no code");
  FeatureBitset lacking = instructionsOf(*theirs, target) & ~instructionsOf(*ours, here);
  for (const SubtargetFeatureKV &feature : theirs->getAllProcessorFeatures())
    if (lacking.test(feature.Value) && !is_contained(kNotSelected, feature.Key))
      return cannot("a " + here.cpu + " without " + feature.Key);
  return {};
}

} // namespace talweg
