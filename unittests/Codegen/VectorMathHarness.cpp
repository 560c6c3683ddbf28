// Compiling formulas and timing them.
#include "VectorMathHarness.h"

#include "talweg/Codegen/Passes.h"
#include "talweg/Codegen/Pipeline.h"
#include "talweg/Pipeline/Pipeline.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <fmt/format.h>

#include <chrono>
#include <dlfcn.h>

namespace talweg::vectormathtest {

std::unique_ptr<NativeCode> compileBody(const std::string &body, const std::string &element, int lanes) {
  mlir::DialectRegistry registry;
  registerPhaseDialects(registry);
  mlir::MLIRContext context(registry);
  std::string type = fmt::format("memref<{}x{}>", block, element);
  std::string vector = fmt::format("vector<{}x{}>", lanes, element);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      fmt::format("func.func @talweg_f(%a: {0}, %b: {0}, %c: {0}) {{\n"
                  "  %c0 = arith.constant 0 : index\n  %n = arith.constant {1} : index\n"
                  "  %step = arith.constant {3} : index\n"
                  "  scf.for %i = %c0 to %n step %step {{\n"
                  "    %x = vector.load %a[%i] : {0}, {4}\n"
                  "    %y = vector.load %b[%i] : {0}, {4}\n"
                  "    {2}\n"
                  "    vector.store %r, %c[%i] : {0}, {4}\n  }}\n  return\n}}\n",
                  type, block, body, lanes, vector),
      &context);
  mlir::PassManager passes(&context);
  passes.nest<mlir::func::FuncOp>().addPass(createApproximateMath());
  buildLlvmPipeline(passes);
  if (!module || failed(passes.run(*module)))
    return nullptr;
  auto object = emitNative(*module, nativeTarget(), NativeForm::Object);
  if (!object)
    return nullptr;
  auto loaded = NativeCode::load(*object);
  return loaded ? std::move(*loaded) : nullptr;
}

#if defined(__x86_64__)
template <typename T>
struct Register {
  typedef T Type __attribute__((vector_size(64)));
};

template <typename T>
__attribute__((target("avx512f"))) static void runLibrary(void *function, bool two, const Block<T> &x,
                                                          const Block<T> &y, Block<T> &out) {
  using Vector = typename Register<T>::Type;
  for (int i = 0; i < block; i += 64 / sizeof(T)) {
    const Vector &a = *reinterpret_cast<const Vector *>(x.values + i),
                 &b = *reinterpret_cast<const Vector *>(y.values + i);
    *reinterpret_cast<Vector *>(out.values + i) = two ? reinterpret_cast<Vector (*)(Vector, Vector)>(function)(a, b)
                                                      : reinterpret_cast<Vector (*)(Vector)>(function)(a);
  }
}
#endif

/// glibc's function for a register of 512 bits, or null.
static void *findLibrary([[maybe_unused]] const std::string &name, [[maybe_unused]] int lanes) {
#if defined(__x86_64__)
  static void *library = dlopen("libmvec.so.1", RTLD_NOW);
  if (library && __builtin_cpu_supports("avx512f"))
    return dlsym(
        library,
        fmt::format("_ZGVeN{}{}_{}{}", lanes, name == "pow" ? "vv" : "v", name, lanes == 16 ? "f" : "").c_str());
#endif
  return nullptr;
}

template <typename T>
Times timesOf(const Function<T> &f, const std::string &name, double low, double high) {
  static Block<T> x, y, out;
  for (int i = 0; i < block; ++i)
    x.values[i] = T(low + (high - low) * i / block), y.values[i] = T(1 + i / double(block));
  Times times;
  void *library = findLibrary(name, Function<T>::lanes);
  auto best = [&](double &time, auto run) {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 5; ++i)
      run();
    double passed = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
    time = time < 0 ? passed / (5 * block) : std::min(time, passed / (5 * block));
  };
  for (int turn = 0; turn < 40; ++turn) {
    best(times.ours, [&] { f.run(x, y, out); });
#if defined(__x86_64__)
    if (library)
      best(times.glibc, [&] { runLibrary<T>(library, name == "pow", x, y, out); });
#endif
  }
  return times;
}

template Times timesOf(const Function<float> &, const std::string &, double, double);
template Times timesOf(const Function<double> &, const std::string &, double, double);

void report(const std::string &name, const char *element, double ulp, double x, Times times) {
  fmt::print("{} {}: {:.2f} ULP at {:a}, {:.3f} ns", name, element, ulp, x, times.ours);
  if (times.glibc > 0)
    fmt::print(", glibc's vectors {:.3f} ns, ratio {:.2f}", times.glibc, times.glibc / times.ours);
  fmt::print("\n");
}

} // namespace talweg::vectormathtest
