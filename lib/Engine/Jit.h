// Native code in this process.
#ifndef TALWEG_ENGINE_JIT_H
#define TALWEG_ENGINE_JIT_H

#include "talweg/Support/Result.h"

#include <memory>
#include <string>

namespace talweg {

/// An entry of generated code; the arguments are those of Runtime/Abi.h.
using Entry = void (*)(void **args);

/// Code loaded into this process, for as long as this object lives.
class NativeCode {
public:
  /// `native`: an object file or a library (Emit.h), made for a target that runs here.
  static Result<std::unique_ptr<NativeCode>> load(const std::string &native);
  ~NativeCode();

  Result<Entry> entry(const std::string &symbol) const;

private:
  struct Impl;
  explicit NativeCode(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

} // namespace talweg

#endif
