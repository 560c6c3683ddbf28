// From a module in the LLVM dialect to native code of a target, as text or bytes, and into this process.
//
// In:  functions `talweg_<entry>` whose arguments are bare pointers in the order of Runtime/Abi.h.
// Out: for each of them `void talweg_<entry>(void **args)`, optimized for the target's processor.
#ifndef TALWEG_ENGINE_JIT_H
#define TALWEG_ENGINE_JIT_H

#include "talweg/Support/Result.h"

#include <memory>
#include <string>

namespace mlir {
class ModuleOp;
}

namespace talweg {

struct Target;

/// What the native phase can show.
enum class NativeForm {
  LlvmIr,   ///< LLVM's text, before its optimizations
  Assembly, ///< the processor's assembly
  Object,   ///< the bytes of an object file
};
/// `manifest`, if it is not empty, becomes the constant abi::kManifest.
Result<std::string> emitNative(mlir::ModuleOp module, const Target &target, NativeForm form,
                               const std::string &manifest = "");

/// The manifest in an object file that was made with one.
std::string manifestIn(const std::string &object);

/// An entry of generated code; the arguments are those of Runtime/Abi.h.
using Entry = void (*)(void **args);

/// Code loaded into this process, for as long as this object lives.
class NativeCode {
public:
  /// `object` was made for a target that runs here.
  static Result<std::unique_ptr<NativeCode>> load(const std::string &object);
  ~NativeCode();

  Result<Entry> entry(const std::string &symbol) const;

private:
  struct Impl;
  explicit NativeCode(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

} // namespace talweg

#endif
