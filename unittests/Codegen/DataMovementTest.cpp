// Reductions and data movement as native code: the same bits on one thread and on two, and how fast memory is moved beside
// plain copies in the same run (printed; nothing asserts a time).
#include "../../lib/Engine/Emit.h"
#include "../../lib/Engine/Jit.h"

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
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <map>

using namespace talweg;

namespace {

/// A tensor type as written, and its bytes.
struct Shaped {
  std::string text;
  std::int64_t bytes() const {
    std::int64_t count = 1;
    std::size_t at = 0;
    for (std::size_t end; (end = text.find('x', at)) != std::string::npos; at = end + 1)
      count *= std::stoll(text.substr(at, end - at));
    return count * std::stoll(text.substr(at + 1)) / 8;
  }
};

/// One program: what it reads and writes, and ops that compute %y from %x0, %x1, …
struct Movement {
  const char *name;
  std::vector<Shaped> inputs;
  Shaped output;
  std::string body;
};

std::string print(const Movement &movement, std::size_t number) {
  std::string text = fmt::format("func.func @talweg_{}(%persistent: memref<1xi8>, %arena: memref<0xi8>", number), reads;
  for (std::size_t i = 0; i < movement.inputs.size(); ++i) {
    const std::string &type = movement.inputs[i].text;
    text += fmt::format(", %m{}: memref<{}>", i, type);
    reads += fmt::format("  %x{0} = bufferization.to_tensor %m{0} restrict : memref<{1}> to tensor<{1}>\n", i, type);
  }
  const std::string &type = movement.output.text;
  return fmt::format(
      "{0}, %out: memref<{1}>) {{\n{2}{3}\n"
      "  bufferization.materialize_in_destination %y in restrict writable %out : (tensor<{1}>, memref<{1}>) "
      "-> ()\n  return\n}}\n",
      text, type, reads, movement.body);
}

/// %result = body of `in` over loops `loops` ("n, i": reduction loops in capitals), reading by the maps of `reads`.
std::string generic(const std::string &result, const std::string &loops, const std::vector<std::string> &reads,
                    const std::string &write, const std::vector<std::pair<std::string, Shaped>> &inputs,
                    const Shaped &output, const std::string &start, const std::string &body) {
  std::string maps, iterators, names, types, arguments, element = output.text.substr(output.text.rfind('x') + 1);
  for (const std::string &read : reads)
    maps += fmt::format("affine_map<({}) -> ({})>, ", loops, read);
  for (char loop : loops)
    if (std::isalpha(loop))
      iterators +=
          fmt::format("{}\"{}\"", iterators.empty() ? "" : ", ", std::isupper(loop) ? "reduction" : "parallel");
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    names += (i ? ", " : "") + inputs[i].first;
    types += fmt::format("{}tensor<{}>", i ? ", " : "", inputs[i].second.text);
    const std::string &text = inputs[i].second.text;
    arguments += fmt::format("%a{}: {}, ", i, text.substr(text.rfind('x') + 1));
  }
  std::string init = fmt::format("  {}_empty = tensor.empty() : tensor<{}>\n", result, output.text),
              from = result + "_empty";
  if (!start.empty()) {
    init += fmt::format("  {0}_start = arith.constant {1} : {2}\n  {0}_fill = linalg.fill ins({0}_start : {2}) "
                        "outs({0}_empty : tensor<{3}>) -> tensor<{3}>\n",
                        result, start, element, output.text);
    from = result + "_fill";
  }
  return fmt::format(
      "{}  {} = linalg.generic {{indexing_maps = [{}affine_map<({}) -> ({})>], iterator_types = [{}]}}\n"
      "      ins({} : {}) outs({} : tensor<{}>) {{\n  ^bb0({}%o: {}):\n    {}\n    linalg.yield %r : {}\n"
      "  }} -> tensor<{}>\n",
      init, result, maps, loops, write, iterators, names, types, from, output.text, arguments, element, body, element,
      output.text);
}

std::vector<Movement> movements() {
  std::vector<Movement> all;
  auto add = [&](const char *name, std::vector<Shaped> inputs, Shaped output, std::string body) {
    all.push_back({name, std::move(inputs), std::move(output), std::move(body)});
  };
  auto one = [&](const char *name, Shaped input, Shaped output, const char *loops, const char *read, const char *write,
                 const char *start, const char *body) {
    add(name, {input}, output, generic("%y", loops, {read}, write, {{"%x0", input}}, output, start, body));
  };
  const char *keep = "%r = arith.addf %a0, %a0 : f32", *sum = "%r = arith.addf %o, %a0 : f32",
             *max = "%r = arith.maximumf %o, %a0 : f32";
  one("elementwise", {"8388608xf32"}, {"8388608xf32"}, "i", "i", "i", "", keep);
  one("sum of all", {"4096x2048xf32"}, {"1xf32"}, "z, I, J", "I, J", "z", "0.0", sum);
  one("sum over rows, 128 x 1024", {"128x1024xf32"}, {"1024xf32"}, "j, I", "I, j", "j", "0.0", sum);
  one("sum over rows, 8192 x 1024", {"8192x1024xf32"}, {"1024xf32"}, "j, I", "I, j", "j", "0.0", sum);
  one("sum over rows, 65536 x 64", {"65536x64xf32"}, {"64xf32"}, "j, I", "I, j", "j", "0.0", sum);
  one("sum over rows, 65536 x 10", {"65536x10xf32"}, {"10xf32"}, "j, I", "I, j", "j", "0.0", sum);
  one("sum of each row, 65536 x 128", {"65536x128xf32"}, {"65536xf32"}, "i, J", "i, J", "i", "0.0", sum);
  one("sum of each row, 65536 x 10", {"65536x10xf32"}, {"65536xf32"}, "i, J", "i, J", "i", "0.0", sum);
  one("mean of channels, 64 x 32 x 32 x 16", {"64x32x32x16xf32"}, {"16xf32"}, "c, N, H, W", "N, H, W, c", "c", "0.0",
      sum);
  one("max-pool", {"64x12x2x12x2x64xf32"}, {"64x12x12x64xf32"}, "n, i, U, j, V, c", "n, i, U, j, V, c", "n, i, j, c",
      "0xFF800000", max);
  one("transpose, 2048 x 2048", {"2048x2048xf32"}, {"2048x2048xf32"}, "i, j", "j, i", "i, j", "", keep);
  one("transpose, 1000 x 3000", {"3000x1000xf32"}, {"1000x3000xf32"}, "i, j", "j, i", "i, j", "", keep);
  one("channels last, 64 x 64 x 32 x 32", {"64x64x32x32xf32"}, {"64x32x32x64xf32"}, "n, h, w, c", "n, c, h, w",
      "n, h, w, c", "", keep);
  one("channels last, 256 x 3 x 64 x 64", {"256x3x64x64xf32"}, {"256x64x64x3xf32"}, "n, h, w, c", "n, c, h, w",
      "n, h, w, c", "", keep);
  one("heads, 16 x 256 x 8 x 48", {"16x256x8x48xf32"}, {"16x8x256x48xf32"}, "b, h, t, d", "b, t, h, d", "b, h, t, d",
      "", keep);
  one("heads, transposed", {"16x256x8x48xf32"}, {"16x8x48x256xf32"}, "b, h, d, t", "b, t, h, d", "b, h, d, t", "",
      keep);
  one("transpose of f64, 1024 x 1024", {"1024x1024xf64"}, {"1024x1024xf64"}, "i, j", "j, i", "i, j", "",
      "%r = arith.addf %a0, %a0 : f64");
  one("every second column", {"2048x2048xf32"}, {"2048x1024xf32"}, "i, j", "i, j * 2", "i, j", "", keep);
  one("reversed rows", {"2048x2048xf32"}, {"2048x2048xf32"}, "i, j", "i, 2047 - j", "i, j", "", keep);
  one("pad", {"64x32x32x16xf32"}, {"64x34x34x16xf32"}, "N, I, J, c", "N, I, J, c", "N, I + 1, J + 1, c", "0.0", sum);
  one("bytes to f32", {"512x784xi8"}, {"512x784xf32"}, "i, j", "i, j", "i, j", "", "%r = arith.uitofp %a0 : i8 to f32");
  one("bytes to f32, channels last", {"256x3x64x64xi8"}, {"256x64x64x3xf32"}, "n, h, w, c", "n, c, h, w", "n, h, w, c",
      "", "%r = arith.uitofp %a0 : i8 to f32");
  one("bytes to f32, transposed", {"2048x2048xi8"}, {"2048x2048xf32"}, "i, j", "j, i", "i, j", "",
      "%r = arith.uitofp %a0 : i8 to f32");
  Shaped image{"64x24x24x64xf32"}, pooled{"64x12x12x64xf32"}, tiled{"64x12x2x12x2x64xf32"};
  // Ties divide the cotangent: 0 where x is less than y, else dy / count.
  add("max-pool, backward", {image, pooled, pooled}, image,
      "  %xt = tensor.expand_shape %x0 [[0], [1, 2], [3, 4], [5]] output_shape [64, 12, 2, 12, 2, 64] : "
      "tensor<64x24x24x64xf32> into tensor<64x12x2x12x2x64xf32>\n" +
          generic("%count", "n, i, U, j, V, c", {"n, i, U, j, V, c", "n, i, j, c"}, "n, i, j, c",
                  {{"%xt", tiled}, {"%x1", pooled}}, pooled, "0.0",
                  "%one = arith.constant 1.0 : f32\n    %zero = arith.constant 0.0 : f32\n"
                  "    %e = arith.cmpf oeq, %a0, %a1 : f32\n    %v = arith.select %e, %one, %zero : f32\n"
                  "    %r = arith.addf %o, %v : f32") +
          generic("%yt", "n, i, u, j, v, c", {"n, i, u, j, v, c", "n, i, j, c", "n, i, j, c", "n, i, j, c"},
                  "n, i, u, j, v, c", {{"%xt", tiled}, {"%x1", pooled}, {"%x2", pooled}, {"%count", pooled}}, tiled, "",
                  "%zero = arith.constant 0.0 : f32\n    %e = arith.cmpf oeq, %a0, %a1 : f32\n"
                  "    %d = arith.divf %a2, %a3 : f32\n    %r = arith.select %e, %d, %zero : f32") +
          "  %y = tensor.collapse_shape %yt [[0], [1, 2], [3, 4], [5]] : tensor<64x12x2x12x2x64xf32> into "
          "tensor<64x24x24x64xf32>\n");
  Shaped logits{"16384x256xf32"}, rows{"16384xf32"};
  add("softmax of rows, 16384 x 256", {logits}, logits,
      generic("%m", "i, J", {"i, J"}, "i", {{"%x0", logits}}, rows, "0xFF800000", max) +
          generic("%e", "i, j", {"i, j", "i"}, "i, j", {{"%x0", logits}, {"%m", rows}}, logits, "",
                  "%d = arith.subf %a0, %a1 : f32\n    %r = math.exp %d : f32") +
          generic("%s", "i, J", {"i, J"}, "i", {{"%e", logits}}, rows, "0.0", sum) +
          generic("%y", "i, j", {"i, j", "i"}, "i, j", {{"%e", logits}, {"%s", rows}}, logits, "",
                  "%r = arith.divf %a0, %a1 : f32"));
  return all;
}

struct Free {
  void operator()(char *memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<char, Free>;
Memory allocate(std::int64_t bytes) {
  bytes = (bytes + 4096) / 4096 * 4096;
  Memory memory(static_cast<char *>(std::aligned_alloc(4096, bytes)));
  std::memset(memory.get(), 0, bytes);
  return memory;
}

} // namespace

TEST(DataMovement, HasTheSameBitsOnOneThreadAndOnTwo) {
  std::vector<Movement> all = movements();
  mlir::DialectRegistry registry;
  registerPhaseDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  std::string text;
  for (std::size_t i = 0; i < all.size(); ++i)
    text += print(all[i], i);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  ASSERT_TRUE(module) << text;
  mlir::PassManager passes(&context);
  buildTensorPipeline(passes, {.target = nativeTarget()});
  buildBufferPipeline(passes, {.target = nativeTarget()});
  ASSERT_TRUE(succeeded(passes.run(*module)));
  std::vector<std::int64_t> arena;
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto function = module->lookupSymbol<mlir::func::FuncOp>(fmt::format("talweg_{}", i));
    arena.push_back(mlir::cast<mlir::MemRefType>(function.getArgumentTypes()[talweg::abi::kArena]).getNumElements());
  }
  mlir::PassManager lower(&context);
  buildLlvmPipeline(lower);
  ASSERT_TRUE(succeeded(lower.run(*module)));
  auto object = emitNative(*module, nativeTarget(), NativeForm::Object);
  ASSERT_TRUE(object);
  auto code = NativeCode::load(*object);
  ASSERT_TRUE(code);

  double copy[2];
  for (int threads : {1, 2}) {
    auto probe = MachineProbe::create(threads);
    ASSERT_TRUE(probe);
    auto bandwidth = probe->bandwidth(0.3);
    ASSERT_TRUE(bandwidth);
    copy[threads - 1] = bandwidth->copy * 1e-9;
  }
  fmt::print("copy: {:.1f} GB/s on one thread, {:.1f} on two\n", copy[0], copy[1]);
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto entry = (*code)->entry(fmt::format("talweg_{}", i));
    ASSERT_TRUE(entry);
    Memory scratch = allocate(arena[i]), persistent = allocate(64);
    std::vector<Memory> inputs;
    std::vector<void *> arguments = {persistent.get(), scratch.get()};
    std::int64_t bytes = all[i].output.bytes();
    std::uint32_t state = 1;
    for (const Shaped &input : all[i].inputs) {
      inputs.push_back(allocate(input.bytes()));
      bytes += input.bytes();
      auto next = [&] { return state = state * 1664525u + 1013904223u; };
      if (input.text.ends_with("f32"))
        for (std::int64_t k = 0; k < input.bytes() / 4; ++k)
          reinterpret_cast<float *>(inputs.back().get())[k] = float(next() >> 20) / 1024;
      else if (input.text.ends_with("i8"))
        for (std::int64_t k = 0; k < input.bytes(); ++k)
          inputs.back().get()[k] = char(next() >> 24);
      arguments.push_back(inputs.back().get());
    }
    std::vector<std::string> results;
    double rate[2];
    for (int threads : {1, 2}) {
      Memory out = allocate(all[i].output.bytes());
      arguments.push_back(out.get());
      ASSERT_TRUE(bool(runtime::setThreads(threads)));
      double best = 1e9, passed = 0;
      for (int run = 0; run < 3 || (passed < 0.02 && run < 1000); ++run) {
        auto start = std::chrono::steady_clock::now();
        (*entry)(arguments.data());
        double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        best = std::min(best, seconds), passed += seconds;
      }
      rate[threads - 1] = double(bytes) / best * 1e-9;
      results.push_back({out.get(), std::size_t(all[i].output.bytes())});
      arguments.pop_back();
    }
    EXPECT_TRUE(results[0] == results[1]) << all[i].name;
    fmt::print("{}: {:.1f} GB/s, {:.0f} % of copying; two threads {:.1f} GB/s, {:.0f} %\n", all[i].name, rate[0],
               100 * rate[0] / copy[0], rate[1], 100 * rate[1] / copy[1]);
  }
}
