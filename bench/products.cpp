// talweg-products THREADS: how fast the code generator's matrix products are, alone.
//
// In:  lines on standard input, "NN|NT|TN M N K SECONDS": c[M][N] = op(a) op(b) in f32, T for a matrix stored transposed,
//      timed for so many seconds; or "peak SECONDS".
// Out: one JSON object for each: the rate in GFLOP/s by the median time of calls, or the multiply-add peak.
#include "../lib/Engine/Emit.h"
#include "../lib/Engine/Jit.h"
#include "talweg/Codegen/Pipeline.h"
#include "talweg/Engine/Bench.h"
#include "talweg/Pipeline/Pipeline.h"
#include "talweg/Runtime/Abi.h"
#include "talweg/Runtime/Threads.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <new>

using namespace talweg;

namespace {

struct Product {
  std::string kind; ///< NN, NT or TN
  std::int64_t m = 0, n = 0, k = 0;
};

/// Memory at the alignment that generated code counts on, with values that cost nothing unusual.
class Array {
public:
  explicit Array(std::int64_t bytes, unsigned factor = 1)
      : data(static_cast<float *>(
            std::aligned_alloc(abi::kAlignment, std::max<std::int64_t>(bytes + 63, 64) / 64 * 64))) {
    for (std::int64_t i = 0; i < bytes / 4; ++i)
      data[i] = float(std::uint64_t(i) * factor % 1000) * 1e-3f;
  }
  Array(const Array &) = delete;
  ~Array() { std::free(data); }
  float *data;
};

std::string text(const Product &product) {
  bool ta = product.kind[0] == 'T', tb = product.kind[1] == 'T';
  auto shape = [](bool transposed, std::int64_t rows, std::int64_t columns) {
    return fmt::format("{}x{}xf32", transposed ? columns : rows, transposed ? rows : columns);
  };
  return fmt::format(R"(
func.func @talweg_0(%persistent: memref<1xi8>, %arena: memref<0xi8>, %a: memref<{a}>, %b: memref<{b}>, %c: memref<{c}>) {{
  %left = bufferization.to_tensor %a restrict : memref<{a}> to tensor<{a}>
  %right = bufferization.to_tensor %b restrict : memref<{b}> to tensor<{b}>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<{c}>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<{c}>) -> tensor<{c}>
  %product = linalg.generic {{indexing_maps = [affine_map<(m, n, k) -> ({mapA})>, affine_map<(m, n, k) -> ({mapB})>,
                                              affine_map<(m, n, k) -> (m, n)>],
                             iterator_types = ["parallel", "parallel", "reduction"]}}
    ins(%left, %right : tensor<{a}>, tensor<{b}>) outs(%fill : tensor<{c}>) {{
    ^bb0(%x: f32, %y: f32, %out: f32):
      %xy = arith.mulf %x, %y : f32
      %sum = arith.addf %out, %xy : f32
      linalg.yield %sum : f32
  }} -> tensor<{c}>
  bufferization.materialize_in_destination %product in restrict writable %c : (tensor<{c}>, memref<{c}>) -> ()
  return
}}
)",
                     fmt::arg("a", shape(ta, product.m, product.k)), fmt::arg("b", shape(tb, product.k, product.n)),
                     fmt::arg("c", shape(false, product.m, product.n)), fmt::arg("mapA", ta ? "k, m" : "m, k"),
                     fmt::arg("mapB", tb ? "n, k" : "k, n"));
}

struct Compiled {
  std::unique_ptr<NativeCode> code;
  Entry entry = nullptr;
  std::int64_t arenaBytes = 0;
};

Result<Compiled> compile(const Product &product) {
  mlir::DialectRegistry registry;
  registerPhaseDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text(product), &context);
  if (!module)
    return Error{"", "the product is not read"};
  mlir::PassManager vector(&context), llvm(&context);
  buildTensorPipeline(vector, {.target = nativeTarget()});
  buildBufferPipeline(vector, {.target = nativeTarget()});
  buildLlvmPipeline(llvm);
  if (failed(vector.run(*module)))
    return Error{"", "the product is not vectorized"};
  Compiled compiled;
  auto function = module->lookupSymbol<mlir::func::FuncOp>("talweg_0");
  auto arena = mlir::cast<mlir::MemRefType>(function.getArgumentTypes()[talweg::abi::kArena]);
  compiled.arenaBytes = arena.getNumElements();
  if (failed(llvm.run(*module)))
    return Error{"", "the product is not lowered"};
  auto object = emitNative(*module, nativeTarget(), NativeForm::Object);
  if (!object)
    return object.error();
  auto code = NativeCode::load(*object);
  if (!code)
    return code.error();
  compiled.code = std::move(*code);
  auto entry = compiled.code->entry("talweg_0");
  if (!entry)
    return entry.error();
  compiled.entry = *entry;
  return compiled;
}

/// Floating-point operations a nanosecond, by the median time of a call; the first sixth of the calls is warming up.
double rate(const Product &product, const Compiled &compiled, double seconds) {
  using Clock = std::chrono::steady_clock;
  Array persistent(64), arena(compiled.arenaBytes), a(product.m * product.k * 4, 7919),
      b(product.n * product.k * 4, 104729), c(product.m * product.n * 4);
  void *arguments[] = {persistent.data, arena.data, a.data, b.data, c.data};
  double flops = 2.0 * double(product.m) * double(product.n) * double(product.k);
  int calls = flops < 2e7 ? int(2e7 / flops) + 1 : 1; // between two looks at the clock
  std::vector<double> times;
  auto begin = Clock::now(), start = begin;
  while (times.size() < 6 || std::chrono::duration<double>(start - begin).count() < seconds) {
    for (int i = 0; i < calls; ++i)
      compiled.entry(arguments);
    auto stop = Clock::now();
    times.push_back(std::chrono::duration<double, std::nano>(stop - start).count() / calls);
    start = stop;
  }
  times.erase(times.begin(), times.begin() + std::int64_t(times.size() / 6));
  std::sort(times.begin(), times.end());
  return flops / times[times.size() / 2];
}

} // namespace

int main(int count, char **arguments) {
  int threads = count == 2 ? std::atoi(arguments[1]) : 0;
  if (threads < 1) {
    fmt::print(stderr, "usage: talweg-products THREADS\n");
    return 2;
  }
  auto fail = [](const std::string &message) {
    fmt::print(stderr, "talweg-products: {}\n", message);
    return 1;
  };
  if (auto set = runtime::setThreads(threads); !set)
    return fail(set.error().message);
  auto probe = MachineProbe::create(threads);
  if (!probe)
    return fail(probe.error().message);
  Product product;
  double seconds = 0;
  while (std::cin >> product.kind) {
    if (product.kind == "peak") {
      if (!(std::cin >> seconds))
        return fail("peak needs its seconds");
      fmt::print("{{\"gflops\": {:.2f}}}\n", probe->fmaPeak(seconds) * 1e-9);
    } else {
      bool known = product.kind == "NN" || product.kind == "NT" || product.kind == "TN";
      if (!(std::cin >> product.m >> product.n >> product.k >> seconds) || !known)
        return fail("wanted is NN, NT or TN, three sizes and seconds");
      auto compiled = compile(product);
      if (!compiled)
        return fail(compiled.error().message);
      fmt::print("{{\"gflops\": {:.2f}}}\n", rate(product, *compiled, seconds));
    }
    std::fflush(stdout);
  }
}
