// Compiling, running and comparing.
#include "Harness.h"
#include "../../lib/Codegen/ProductNest.h"
#include "../../lib/Engine/Emit.h"
#include "../../lib/Engine/Jit.h"
#include "talweg/Dialect/Kernel/Kernel.h"
#include "talweg/Pipeline/Pipeline.h"
#include "talweg/Runtime/Abi.h"
#include "talweg/Runtime/Threads.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace talweg::random {

struct Compiled {
  std::unique_ptr<NativeCode> code;
  std::vector<std::int64_t> arenaBytes;
  std::vector<Nests> nests;
};

const Nests &nestsOf(const Compiled &compiled, std::size_t number) { return compiled.nests[number]; }

namespace {

/// Gives each function's product another of its nests when it is planned.
class TakeNests : public mlir::PassInstrumentation {
public:
  TakeNests(std::size_t number, const Machine &machine, std::vector<Nests> &nests)
      : number(number), machine(machine), nests(nests) {}

  void runAfterPass(mlir::Pass *pass, mlir::Operation *op) override {
    if (pass->getArgument() != "talweg-plan-products")
      return;
    Nests &all = nests.emplace_back();
    op->walk([&](kernel::ProductOp product) {
      all = allNests(product.getPlan()->getPlan(), product.getElementType().getIntOrFloatBitWidth() / 8, machine);
      if (number > 0)
        product.setPlanAttr(kernel::ProductPlanAttr::get(product.getContext(), all[std::min(number, all.size()) - 1]));
    });
  }

private:
  std::size_t number;
  const Machine &machine;
  std::vector<Nests> &nests;
};

} // namespace

Result<std::shared_ptr<Compiled>> compile(const std::vector<Program> &programs, const Target &target,
                                          std::size_t nest) {
  static mlir::MLIRContext *context = [] {
    mlir::DialectRegistry registry;
    registerPhaseDialects(registry);
    auto *context = new mlir::MLIRContext(registry, mlir::MLIRContext::Threading::DISABLED);
    context->loadAllAvailableDialects();
    return context;
  }();
  std::string messages;
  mlir::ScopedDiagnosticHandler handler(context,
                                        [&](mlir::Diagnostic &diagnostic) { messages += diagnostic.str() + "\n"; });
  std::string text;
  for (std::size_t i = 0; i < programs.size(); ++i)
    text += print(programs[i], std::to_string(i));
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, context);
  if (!module)
    return Error{"", "not parsed: " + messages};
  mlir::PassManager vector(context), llvm(context);
  buildTensorPipeline(vector, {.target = target});
  buildBufferPipeline(vector, {.target = target});
  buildLlvmPipeline(llvm);
  auto compiled = std::make_shared<Compiled>();
  vector.addInstrumentation(std::make_unique<TakeNests>(nest, target.machine, compiled->nests));
  if (failed(vector.run(*module)))
    return Error{"", "not vectorized: " + messages};
  for (std::size_t i = 0; i < programs.size(); ++i) {
    auto function = module->lookupSymbol<mlir::func::FuncOp>("talweg_" + std::to_string(i));
    auto arena = mlir::cast<mlir::MemRefType>(function.getArgumentTypes()[abi::kArena]);
    compiled->arenaBytes.push_back(arena.getNumElements());
  }
  if (failed(llvm.run(*module)))
    return Error{"", "not lowered to LLVM: " + messages};
  auto object = emitNative(*module, target, NativeForm::Object);
  if (!object)
    return object.error();
  auto code = NativeCode::load(*object);
  if (!code)
    return code.error();
  compiled->code = std::move(*code);
  return compiled;
}

namespace {

/// An array between two pages that no one may touch; what its own pages hold besides is 0xff.
class Guarded {
public:
  /// `atEnd`: flush with the page behind, as far as alignment allows; else with the page in front.
  Guarded(std::int64_t bytes, bool atEnd, std::int64_t alignment = 1) : bytes(bytes) {
    std::int64_t page = sysconf(_SC_PAGESIZE);
    room = std::max<std::int64_t>(page, (bytes + page - 1) / page * page);
    mapped = room + 2 * page;
    base = static_cast<char *>(mmap(nullptr, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(base + page, room, PROT_READ | PROT_WRITE);
    std::memset(base + page, 0xff, room);
    front = atEnd ? (room - bytes) / alignment * alignment : 0;
    start = base + page + front;
  }
  Guarded(Guarded &&other) noexcept { *this = std::move(other); }
  Guarded &operator=(Guarded &&other) noexcept {
    std::swap(base, other.base), std::swap(start, other.start);
    std::swap(mapped, other.mapped), std::swap(room, other.room), std::swap(front, other.front),
        std::swap(bytes, other.bytes);
    return *this;
  }
  ~Guarded() {
    if (base)
      munmap(base, mapped);
  }

  char *data() const { return start; }
  std::int64_t size() const { return bytes; }

  /// True if nothing around the array was written.
  bool whole() const {
    auto kept = [](char byte) { return byte == char(0xff); };
    return std::all_of(start - front, start, kept) && std::all_of(start + bytes, start - front + room, kept);
  }

private:
  char *base = nullptr, *start = nullptr;
  std::int64_t mapped = 0, room = 0, front = 0, bytes = 0;
};

void put(char *to, Element element, std::int64_t at, double value) {
  if (element == Element::F64)
    reinterpret_cast<double *>(to)[at] = value;
  else if (element == Element::F32)
    reinterpret_cast<float *>(to)[at] = float(value);
  else
    reinterpret_cast<unsigned char *>(to)[at] = static_cast<unsigned char>(value);
}

double get(const char *from, Element element, std::int64_t at) {
  if (element == Element::F64)
    return reinterpret_cast<const double *>(from)[at];
  if (element == Element::F32)
    return reinterpret_cast<const float *>(from)[at];
  if (element == Element::I32)
    return reinterpret_cast<const std::int32_t *>(from)[at];
  return static_cast<unsigned char>(from[at]);
}

std::vector<double> drawValues(Element element, std::int64_t count, Chance &chance) {
  std::vector<double> values(count);
  for (double &value : values)
    value = element == Element::U8    ? double(chance.below(256))
            : element == Element::F32 ? double(float(chance.uniform(-2, 2)))
                                      : chance.uniform(-2, 2);
  return values;
}

/// What a program is run on.
struct Inputs {
  std::vector<std::vector<double>> values; ///< by argument
  bool atEnd;                              ///< arrays are flush with the page behind

  static Inputs draw(const Program &program, Chance &chance) {
    Inputs inputs;
    for (int argument : program.arguments)
      inputs.values.push_back(
          drawValues(program.values[argument].element, countOf(program.values[argument].shape), chance));
    inputs.atEnd = !chance.oneIn(4);
    return inputs;
  }
};

Result<std::vector<std::string>> runOn(const Inputs &drawn, const Compiled &compiled, std::size_t number,
                                       const Program &program, int threads) {
  auto wrong = [](std::string what) { return Error{"", std::move(what)}; };
  auto entry = compiled.code->entry("talweg_" + std::to_string(number));
  if (!entry)
    return entry.error();
  const auto &inputs = drawn.values;
  std::vector<Guarded> arrays;
  std::vector<void *> arguments;
  std::vector<std::size_t> place(program.values.size());
  auto add = [&](const Value &value) -> char * {
    bool aligned = arguments.size() >= std::size_t(abi::kFields);
    arrays.emplace_back(countOf(value.shape) * sizeOf(value.element), drawn.atEnd,
                        aligned ? abi::kAlignment : sizeOf(value.element));
    arguments.push_back(arrays.back().data());
    return arrays.back().data();
  };
  for (std::int64_t bytes : {std::int64_t(1), compiled.arenaBytes[number]}) {
    arrays.emplace_back(bytes, drawn.atEnd, abi::kAlignment);
    arguments.push_back(arrays.back().data());
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Value &value = program.values[program.arguments[i]];
    place[program.arguments[i]] = arrays.size();
    char *data = add(value);
    for (std::size_t k = 0; k < inputs[i].size(); ++k)
      put(data, value.element, std::int64_t(k), inputs[i][k]);
  }
  std::vector<std::size_t> outputs;
  for (const Output &output : program.outputs) {
    outputs.push_back(output.over < 0 ? arrays.size() : place[output.over]);
    if (output.over < 0)
      add(program.values[output.value]);
  }
  if (auto set = runtime::setThreads(threads); !set)
    return set.error();
  (*entry)(arguments.data());
  for (const Guarded &array : arrays)
    if (!array.whole())
      return wrong(fmt::format("writes outside of array {} of {}", &array - arrays.data(), arrays.size()));
  std::vector<std::string> results;
  for (std::size_t at : outputs)
    results.emplace_back(arrays[at].data(), std::size_t(arrays[at].size()));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Value &value = program.values[program.arguments[i]];
    std::size_t at = place[program.arguments[i]];
    if (std::find(outputs.begin(), outputs.end(), at) != outputs.end())
      continue;
    for (std::size_t k = 0; k < inputs[i].size(); ++k)
      if (get(arrays[at].data(), value.element, std::int64_t(k)) != inputs[i][k])
        return wrong(fmt::format("writes into argument {}", i));
  }
  return results;
}

} // namespace

Result<std::vector<std::string>> run(const Compiled &compiled, std::size_t number, const Program &program,
                                     Chance &chance, int threads) {
  return runOn(Inputs::draw(program, chance), compiled, number, program, threads);
}

std::string check(const Compiled &compiled, std::size_t number, const Program &program, Chance &chance) {
  const Inputs inputs = Inputs::draw(program, chance);
  std::vector<std::string> results[2]; // with one thread and with two
  for (int threads : {1, 2}) {
    auto bytes = runOn(inputs, compiled, number, program, threads);
    if (!bytes)
      return bytes.error().message;
    results[threads - 1] = *bytes;
  }
  if (results[0] != results[1])
    return "two threads give other bits than one";

  std::vector<Expected> expected = evaluate(program, inputs.values);
  for (std::size_t i = 0; i < program.outputs.size(); ++i) {
    int value = program.outputs[i].value;
    for (std::size_t k = 0; k < expected[value].value.size(); ++k) {
      double want = expected[value].value[k], error = expected[value].error[k] + 1e-37;
      double got = get(results[0][i].data(), program.values[value].element, std::int64_t(k));
      bool comparable = std::isfinite(want) && std::isfinite(error) && std::fabs(want) < 1e30;
      if (comparable && !(std::fabs(got - want) <= error))
        return fmt::format("output {}, element {}: {} where {} is right to within {}", i, k, got, want, error);
    }
  }
  return "";
}

} // namespace talweg::random
