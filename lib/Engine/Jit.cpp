// ORC: native code in this process. The only file that sees it.
#include "Jit.h"

#include "Emit.h"

#include "talweg/Runtime/Abi.h"
#include "talweg/Runtime/Profile.h"
#include "talweg/Support/NarrowFloat.h"

#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/DynamicLibrary.h"
#include "llvm/Support/MemoryBuffer.h"

#include <fmt/format.h>

#include <bit>
#include <dlfcn.h>

using namespace talweg;

static Error loadError(llvm::Error failure) {
  return {"internal", fmt::format("error: native code cannot be loaded: {}", llvm::toString(std::move(failure)))};
}

struct NativeCode::Impl {
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

NativeCode::NativeCode(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
NativeCode::~NativeCode() = default;

/// This library and what it is linked with (OpenMP, the C library), which the process need not see: a host may have loaded them for
/// itself alone. The whole process where this is a part of its program.
static llvm::sys::DynamicLibrary ownLibrary() {
  Dl_info here;
  void *handle = dladdr(reinterpret_cast<void *>(&talweg_profile_mark), &here)
                     ? dlopen(here.dli_fname, RTLD_LAZY | RTLD_NOLOAD)
                     : nullptr;
  return llvm::sys::DynamicLibrary(handle ? handle : dlopen(nullptr, RTLD_LAZY));
}

// What code for a processor without instructions for f16 calls, which not every compiler's library has.
static float extendHalf(_Float16 number) { return float(std::bit_cast<Float16>(number)); }
static _Float16 truncateFloat(float number) { return std::bit_cast<_Float16>(Float16(number)); }

Result<std::unique_ptr<NativeCode>> talweg::NativeCode::load(const std::string &native) {
  auto jit = llvm::orc::LLJITBuilder().setPlatformSetUp(llvm::orc::setUpInactivePlatform).create();
  if (!jit)
    return loadError(jit.takeError());
  llvm::orc::JITDylib &symbols = (*jit)->getMainJITDylib();
  symbols.addGenerator(std::make_unique<llvm::orc::DynamicLibrarySearchGenerator>(
      ownLibrary(), (*jit)->getDataLayout().getGlobalPrefix()));
  llvm::orc::SymbolMap own;
  auto define = [&](const char *name, auto *function) {
    own[(*jit)->mangleAndIntern(name)] = llvm::orc::ExecutorSymbolDef::fromPtr(function);
  };
  define(abi::kProfileMark, &talweg_profile_mark); // not seen outside of this library
  define("__extendhfsf2", &extendHalf);
  define("__truncsfhf2", &truncateFloat);
  if (auto failed = symbols.define(llvm::orc::absoluteSymbols(std::move(own))))
    return loadError(std::move(failed));
  for (const std::string &object : objectsIn(native))
    if (auto failed = (*jit)->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(object, "talweg")))
      return loadError(std::move(failed));
  return std::unique_ptr<NativeCode>(new NativeCode(std::make_unique<Impl>(Impl{std::move(*jit)})));
}

Result<Entry> NativeCode::entry(const std::string &symbol) const {
  auto address = impl->jit->lookup(symbol);
  if (!address)
    return loadError(address.takeError());
  return address->toPtr<Entry>();
}
