// What this machine can do: kernels written in the LLVM dialect for the host's registers, compiled by Jit.cpp like every
// program, run on the threads of Runtime. See Bench.h.
//
//   talweg_fma(values, factors, control)  control[0] times: v = v * factors[0] + factors[1] for kChains vectors of values
//   talweg_copy(to, from, control)        control[0] elements
//   talweg_update(to, from, control)      control[0] elements: to = to * 0.999 + from
#include "Emit.h"
#include "Jit.h"

#include "talweg/Data/Table.h"
#include "talweg/Engine/Bench.h"
#include "talweg/Pipeline/Pipeline.h"
#include "talweg/Runtime/Threads.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <random>
#include <utility>

using namespace talweg;
using Clock = std::chrono::steady_clock;

static double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

//===-- the kernels ------------------------------------------------------------------------------------------------===//

static constexpr std::int64_t kUnroll = 4; ///< vectors in one turn of the loops over memory

namespace {
struct Width {
  std::int64_t lanes;  ///< f32 in a vector register
  std::int64_t chains; ///< independent accumulators: of 16 registers 12, of 32 registers 20
};
} // namespace

static Width widthOf(const Target &target) { return {target.vectorBits / 32, target.registers == 32 ? 20 : 12}; }

/// `pattern` for 0 … count-1, joined by commas; {0} is the number.
static std::string list(const char *pattern, std::int64_t count) {
  std::vector<std::string> parts;
  for (std::int64_t i = 0; i < count; ++i)
    parts.push_back(fmt::format(fmt::runtime(pattern), i));
  return fmt::format("{}", fmt::join(parts, ", "));
}

static std::string fmaText(const Width &width) {
  std::string vector = fmt::format("vector<{}xf32>", width.lanes), loads, body, stores, types, arguments;
  for (std::int64_t i = 0; i < width.chains; ++i) {
    loads += fmt::format("  %p{0} = llvm.getelementptr %values[{0}] : (!llvm.ptr) -> !llvm.ptr, {1}\n"
                         "  %a{0} = llvm.load %p{0} : !llvm.ptr -> {1}\n",
                         i, vector);
    body += fmt::format("  %w{0} = llvm.intr.fma(%v{0}, %x, %y) : ({1}, {1}, {1}) -> {1}\n", i, vector);
    stores += fmt::format("  llvm.store %w{0}, %p{0} : {1}, !llvm.ptr\n", i, vector);
    types += ", " + vector;
    arguments += fmt::format(", %v{}: {}", i, vector);
  }
  return fmt::format(R"(llvm.func @talweg_fma(%values: !llvm.ptr, %factors: !llvm.ptr, %control: !llvm.ptr) {{
  %zero = llvm.mlir.constant(0 : i64) : i64
  %one = llvm.mlir.constant(1 : i64) : i64
  %count = llvm.load %control : !llvm.ptr -> i64
  %x = llvm.load %factors : !llvm.ptr -> {vector}
  %second = llvm.getelementptr %factors[1] : (!llvm.ptr) -> !llvm.ptr, {vector}
  %y = llvm.load %second : !llvm.ptr -> {vector}
{loads}  llvm.br ^loop(%zero, {first} : i64{types})
^loop(%i: i64{arguments}):
{body}  %n = llvm.add %i, %one : i64
  %again = llvm.icmp "slt" %n, %count : i64
  llvm.cond_br %again, ^loop(%n, {next} : i64{types}), ^done
^done:
{stores}  llvm.return
}}
)",
                     fmt::arg("vector", vector), fmt::arg("loads", loads), fmt::arg("body", body),
                     fmt::arg("stores", stores), fmt::arg("types", types), fmt::arg("arguments", arguments),
                     fmt::arg("first", list("%a{0}", width.chains)), fmt::arg("next", list("%w{0}", width.chains)));
}

static std::string memoryText(const Width &width, bool update) {
  std::string vector = fmt::format("vector<{}xf32>", width.lanes), body;
  for (std::int64_t i = 0; i < kUnroll; ++i) {
    body += fmt::format("  %s{0} = llvm.getelementptr %from[%i, {0}] : (!llvm.ptr, i64) -> !llvm.ptr, "
                        "!llvm.array<{2} x {1}>\n"
                        "  %d{0} = llvm.getelementptr %to[%i, {0}] : (!llvm.ptr, i64) -> !llvm.ptr, "
                        "!llvm.array<{2} x {1}>\n"
                        "  %x{0} = llvm.load %s{0} : !llvm.ptr -> {1}\n",
                        i, vector, kUnroll);
    if (update)
      body += fmt::format("  %y{0} = llvm.load %d{0} : !llvm.ptr -> {1}\n"
                          "  %z{0} = llvm.intr.fma(%y{0}, %factor, %x{0}) : ({1}, {1}, {1}) -> {1}\n",
                          i, vector);
    body += fmt::format("  llvm.store {2}{0}, %d{0} : {1}, !llvm.ptr\n", i, vector, update ? "%z" : "%x");
  }
  return fmt::format(R"(llvm.func @talweg_{name}(%to: !llvm.ptr, %from: !llvm.ptr, %control: !llvm.ptr) {{
  %zero = llvm.mlir.constant(0 : i64) : i64
  %one = llvm.mlir.constant(1 : i64) : i64
  %step = llvm.mlir.constant({step} : i64) : i64
  %factor = llvm.mlir.constant(dense<0.999> : {vector}) : {vector}
  %elements = llvm.load %control : !llvm.ptr -> i64
  %count = llvm.sdiv %elements, %step : i64
  llvm.br ^loop(%zero : i64)
^loop(%i: i64):
{body}  %n = llvm.add %i, %one : i64
  %again = llvm.icmp "slt" %n, %count : i64
  llvm.cond_br %again, ^loop(%n : i64), ^done
^done:
  llvm.return
}}
)",
                     fmt::arg("name", update ? "update" : "copy"), fmt::arg("step", kUnroll * width.lanes),
                     fmt::arg("vector", vector), fmt::arg("body", body));
}

//===-- running them -----------------------------------------------------------------------------------------------===//

struct MachineProbe::Impl {
  std::unique_ptr<NativeCode> code;
  Entry fma = nullptr, copy = nullptr, update = nullptr;
  Width width;
  int threads = 1;
};

MachineProbe::MachineProbe(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
MachineProbe::MachineProbe(MachineProbe &&) noexcept = default;
MachineProbe::~MachineProbe() = default;

Result<MachineProbe> MachineProbe::create(int threads) {
  if (threads < 1 || threads > kMostThreads)
    return Error{"E0805", fmt::format("error: {} threads cannot be measured", threads)};
  if (auto set = runtime::setThreads(threads); !set)
    return set.error();
  auto impl = std::make_unique<Impl>();
  impl->threads = threads;
  const Target &target = nativeTarget();
  impl->width = widthOf(target);
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<mlir::LLVM::LLVMDialect>();
  std::string text = fmaText(impl->width) + memoryText(impl->width, false) + memoryText(impl->width, true);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!module)
    return Error{"E0820", "error: code generation failed: its probes cannot be read"};
  auto object = emitNative(*module, target, NativeForm::Object);
  if (!object)
    return object.error();
  auto code = NativeCode::load(*object);
  if (!code)
    return code.error();
  impl->code = std::move(*code);
  for (auto [entry, name] : {std::pair(&impl->fma, "talweg_fma"), std::pair(&impl->copy, "talweg_copy"),
                             std::pair(&impl->update, "talweg_update")}) {
    auto found = impl->code->entry(name);
    if (!found)
      return found.error();
    *entry = *found;
  }
  return MachineProbe(std::move(impl));
}

namespace {
/// One trial on all threads: they meet, then each works until the time is over and counts.
struct FmaTrial {
  Entry kernel;
  Width width;
  double seconds;
  std::atomic<int> arrived = 0;
  std::atomic<double> rate = 0; ///< FLOP/s, of all threads together

  static void enter(int, int threads, void *context) { static_cast<FmaTrial *>(context)->work(threads); }

  void work(int threads) {
    constexpr std::int64_t kTurns = 20000, kMaxFloats = 32 * 16;
    alignas(64) float values[kMaxFloats], factors[2 * 16];
    for (std::int64_t i = 0; i < kMaxFloats; ++i)
      values[i] = float(i);
    // v = v * 0.999 + 0.001 tends to 1: neither large nor subnormal.
    std::fill(factors, factors + width.lanes, 0.999f);
    std::fill(factors + width.lanes, factors + 2 * width.lanes, 0.001f);
    std::int64_t control[] = {kTurns}, calls = 0;
    void *arguments[] = {values, factors, control};
    arrived.fetch_add(1);
    while (arrived.load() < threads) {
    }
    auto start = Clock::now();
    double passed = 0;
    for (; passed < seconds; passed = secondsSince(start), ++calls)
      kernel(arguments);
    rate.fetch_add(2.0 * double(calls * kTurns * width.chains * width.lanes) / passed);
  }
};

/// One pass over two arrays, each thread over its part of them.
struct MemoryPass {
  Entry kernel;
  float *to, *from;
  std::int64_t elements, grain;
  int turns = 1; ///< how often, for what is done sooner than a clock can tell

  static void enter(int thread, int threads, void *context) {
    static_cast<const MemoryPass *>(context)->work(thread, threads);
  }

  void work(int thread, int threads) const {
    std::int64_t grains = elements / grain, first = grains * thread / threads, last = grains * (thread + 1) / threads;
    std::int64_t control[] = {(last - first) * grain};
    void *arguments[] = {to + first * grain, from + first * grain, control};
    for (int turn = 0; turn < turns; ++turn)
      kernel(arguments);
  }
};
} // namespace

double MachineProbe::fmaPeak(double seconds) {
  constexpr int kTrials = 8;
  double best = 0;
  for (int i = 0; i < kTrials; ++i) {
    FmaTrial trial{impl->fma, impl->width, seconds / kTrials};
    runtime::onEachThread(impl->threads, FmaTrial::enter, &trial);
    best = std::max(best, trial.rate.load());
  }
  return best;
}

Result<double> MachineProbe::forkSeconds(int threads) {
  constexpr double kBetween = 2e-5; // that one thread works alone
  constexpr double kMeeting = 0.02; // until threads that are new have cores of their own
  if (auto set = runtime::setThreads(threads); !set)
    return set.error();
  auto meet = [](int, int, void *) {
    for (auto start = Clock::now(); secondsSince(start) < kMeeting;) {
    }
  };
  runtime::onEachThread(threads, meet, nullptr);
  std::vector<double> times(200);
  for (double &time : times) {
    auto start = Clock::now();
    while (secondsSince(start) < kBetween) {
    }
    start = Clock::now();
    runtime::onEachThread(threads, [](int, int, void *) {}, nullptr);
    time = secondsSince(start);
  }
  const auto tenth = times.begin() + std::ptrdiff_t(times.size() / 10);
  std::nth_element(times.begin(), tenth, times.end());
  return *tenth;
}

namespace {
/// Two arrays, of which one is copied to the other or added to it.
class Arrays {
public:
  static Result<Arrays> ofBytes(std::int64_t bytesOfEach, int threads) {
    Arrays arrays(threads);
    if (!arrays.to.resize(bytesOfEach) || !arrays.from.resize(bytesOfEach))
      return Error{"E0841", fmt::format("error: there is no memory for {} bytes", 2 * bytesOfEach)};
    arrays.elements = bytesOfEach / 4;
    std::fill(arrays.data(arrays.from), arrays.data(arrays.from) + arrays.elements, 1.0f);
    std::fill(arrays.data(arrays.to), arrays.data(arrays.to) + arrays.elements, 0.0f);
    return arrays;
  }

  /// Of several passes, each of which moves so many bytes, the best rate.
  double best(Entry kernel, double bytes, double seconds) {
    constexpr std::int64_t enough = 1 << 20; // elements
    const int turns = int(std::max<std::int64_t>(1, enough / std::max<std::int64_t>(1, elements)));
    MemoryPass pass{kernel, data(to), data(from), elements, kUnroll * 16, turns};
    double rate = 0;
    auto start = Clock::now();
    for (int passes = 0; passes < 3 || secondsSince(start) < seconds; ++passes) {
      auto begin = Clock::now();
      runtime::onEachThread(threads, MemoryPass::enter, &pass);
      rate = std::max(rate, turns * bytes / secondsSince(begin));
    }
    return rate;
  }

private:
  explicit Arrays(int threads) : threads(threads) {}
  static float *data(data::Buffer &buffer) { return reinterpret_cast<float *>(buffer.data()); }

  data::Buffer to, from;
  std::int64_t elements = 0;
  int threads;
};
} // namespace

Result<Bandwidth> MachineProbe::bandwidth(double seconds) {
  constexpr std::int64_t kBytes = std::int64_t(64) << 20;
  auto arrays = Arrays::ofBytes(kBytes, impl->threads);
  if (!arrays)
    return arrays.error();
  return Bandwidth{arrays->best(impl->copy, 2 * kBytes, seconds / 2),
                   arrays->best(impl->update, 3 * kBytes, seconds / 2)};
}

Result<double> MachineProbe::copyRate(std::int64_t bytes, double seconds) {
  auto arrays = Arrays::ofBytes(bytes / 2, impl->threads);
  if (!arrays)
    return arrays.error();
  return arrays->best(impl->copy, double(bytes), seconds);
}

Result<double> MachineProbe::latency(std::int64_t bytes, double seconds) {
  constexpr std::int64_t kLine = 64 / sizeof(std::uint32_t), kHops = 1 << 12;
  const std::int64_t lines = std::max<std::int64_t>(2, bytes / 64);
  data::Buffer buffer;
  if (!buffer.resize(lines * 64))
    return Error{"E0841", fmt::format("error: there is no memory for {} bytes", lines * 64)};
  auto *next = reinterpret_cast<std::uint32_t *>(buffer.data());
  for (std::int64_t i = 0; i < lines; ++i)
    next[i * kLine] = std::uint32_t(i * kLine);
  std::minstd_rand random;
  for (std::int64_t i = lines - 1; i > 0; --i) // one cycle through all of them
    std::swap(next[i * kLine], next[std::int64_t(random() % std::uint64_t(i)) * kLine]);
  double best = INFINITY;
  const auto start = Clock::now();
  for (std::uint32_t at = 0; best == INFINITY || secondsSince(start) < seconds;) {
    const auto begin = Clock::now();
    for (std::int64_t hop = 0; hop < kHops; ++hop)
      at = const_cast<const volatile std::uint32_t &>(next[at]);
    best = std::min(best, secondsSince(begin) / kHops);
  }
  return best;
}
