// From a module in the LLVM dialect to native code of a target, as text or bytes.
//
// In:  functions `talweg_<entry>` whose arguments are bare pointers in the order of Runtime/Abi.h.
// Out: for each of them `void talweg_<entry>(void **args)`, optimized for the target's processor.
#ifndef TALWEG_ENGINE_EMIT_H
#define TALWEG_ENGINE_EMIT_H

#include "talweg/Support/Result.h"

#include <string>
#include <vector>

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
  Library,  ///< of several, in an archive: all cores of the target's machine have compiled them beside each other
};
/// `manifest`, if it is not empty, becomes the constant abi::kManifest. The module is of no use afterwards.
Result<std::string> emitNative(mlir::ModuleOp module, const Target &target, NativeForm form,
                               const std::string &manifest = "");

/// The object files that an object file or a library is made of.
std::vector<std::string> objectsIn(const std::string &native);
/// The manifest in one that was made with it.
std::string manifestIn(const std::string &native);

} // namespace talweg

#endif
