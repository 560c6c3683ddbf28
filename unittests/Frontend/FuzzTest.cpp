// Damaged programs: whatever is cut out of a program, put into it or changed, the frontend ends with a module or with messages.
// The damage is chosen by a fixed seed, so that a failure can be repeated: the text that fails is named by its number.
#include "SourceDir.h"
#include "talweg/Frontend/Frontend.h"
#include "gtest/gtest.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <random>

using namespace talweg;

namespace {

/// A program that uses every construct, so that damage reaches every part of the frontend.
constexpr std::string_view program = R"(
data points {
  x: f32[4, 6]
  label: class[3] = column("kind")
  weight: u8
  train = csv("points.csv", except_every = 5, header = true)
  test = csv("points.csv", every = 5, rows = 0..100)
}

config width: int = 8
config rate = 0.1

fn times(a: f32[n, k], b: f32[k, m]) -> f32[n, m] {
  y[n, m] = sum[k](a[n, k] * b[k, m])
}

layer conv(x: f32[n, h, c], out: int, kernel: int = 3, stride: int = 1) -> f32[n, (h - kernel)/stride + 1, out] {
  param weight: f32[kernel, c, out] = he_normal
  param bias: f32[out] = 0
  y[n, i, o] = sum[u, c](x[n, i*stride + u, c] * weight[u, c, o]) + bias[o]
}

layer running(x: f32[..b, c]) -> f32[..b, c] {
  state mean: f32[c] = 0
  m[c] = mean[..b](x[..b, c])
  mean = if training then 0.9 * mean + 0.1 * m else mean
  y[..b, c] = x[..b, c] - m[c]
}

schedule slow(peak, every = 10) { if step < every and every > 0 then peak else peak * 0.5^floor(step / every) }

optimizer plain(lr: schedule = 0.1, momentum = 0.9, nesterov = false) {
  state v = 0
  v = momentum * v + grad
  param -= lr * (if nesterov then grad + v else v)
}

model Net(x: f32[n, 4, 6]) -> f32[n, 3] {
  h = conv(x, width, kernel = 2) |> running |> relu
  repeat 2 { h = h + dense(h, width) }
  for l in 0..2 { h = h * (l + 1) }
  p[n, c] = max[t](h[n, t, c])
  table = [1, 2, 4]
  few[n, c < 3] = p[n, c] * table[c] * (c / 2)
  p = concat(few, p[.., 3..-1], stack(p[:, -1], axis = 1))
  param readout: f32[width, 3] = uniform(low = -1, high = 1)
  times(p, readout) + (if training then 0 else 1)
}

train Net on points {
  logits = Net(x)
  minimize cross_entropy(logits, label) + 0.001 * mean(logits^2)
  metric accuracy = mean(argmax(logits) == label)
  optimizer plain(lr = slow(rate, every = 5))
  optimizer adamw(lr = cosine(1e-3, warmup = 10)) for "*.bias"
  freeze "*.readout"
  batch 4
  epochs 2
  validate every 10 steps
}
)";

/// Through the whole frontend; the messages, empty when there are none.
std::string compile(std::string text) {
  auto source = frontend::Source::parse(std::move(text), "damaged.tw");
  if (!source)
    return source.error().message;
  source->dumpAst();
  frontend::Options options;
  if (const auto data = source->data({}))
    for (const Field &field : data->fields)
      if (field.category && !field.classes)
        options.classes[field.name] = 7; // as if so many had been learned
  auto elaborated = source->elaborate(options);
  return elaborated ? std::string() : elaborated.error().message;
}

/// Pieces that mean something somewhere.
const std::vector<std::string> pieces = {"(",
                                         ")",
                                         "[",
                                         "]",
                                         "{",
                                         "}",
                                         ",",
                                         ":",
                                         "=",
                                         "..b",
                                         "..",
                                         "1..",
                                         "..-1",
                                         "concat(",
                                         "stack(",
                                         "|>",
                                         "+",
                                         "-",
                                         "*",
                                         "/",
                                         "^",
                                         "%",
                                         "==",
                                         "<",
                                         "->",
                                         "-=",
                                         "\n",
                                         "\"",
                                         "0",
                                         "1",
                                         "-1",
                                         "1e308",
                                         "0.5",
                                         "inf",
                                         "99999",
                                         "x",
                                         "n",
                                         "Net",
                                         "param",
                                         "state",
                                         "grad",
                                         "step",
                                         "if ",
                                         " then ",
                                         " else ",
                                         " for ",
                                         "repeat",
                                         " in ",
                                         "sum[i]",
                                         "f32[n]",
                                         "class[3]",
                                         "i32",
                                         "train",
                                         "data",
                                         "config",
                                         "fn",
                                         "layer",
                                         "relu",
                                         "reshape",
                                         "shape",
                                         "uniform",
                                         "width",
                                         "rate",
                                         "label",
                                         "not ",
                                         " and ",
                                         "0..3",
                                         "true",
                                         "\"a\"",
                                         "//",
                                         "9223372036854775807",
                                         "steps",
                                         "training",
                                         "[]",
                                         "()",
                                         "f32[0]",
                                         "argmax",
                                         "logsumexp[k]",
                                         "x[n, :]",
                                         "\xff"};

class Damage {
public:
  explicit Damage(unsigned seed) : random(seed) {}

  std::string apply(std::string text) {
    for (unsigned count = 1 + below(3); count > 0 && !text.empty(); --count)
      switch (below(6)) {
      case 0: text.erase(below(text.size()), 1 + below(8)); break;
      case 1: text.resize(below(text.size())); break;
      case 2: text[below(text.size())] = char(32 + below(95)); break;
      case 3: text.insert(below(text.size()), pieces[below(pieces.size())]); break;
      case 4: replaceWord(text, pieces[below(pieces.size())]); break;
      case 5: text.insert(below(text.size()), text.substr(below(text.size()), below(60))); break;
      }
    return text;
  }

private:
  /// Engines are the same everywhere, distributions are not.
  size_t below(size_t bound) { return random() % bound; }

  void replaceWord(std::string &text, const std::string &by) {
    const auto isWord = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
    size_t begin = below(text.size());
    while (begin < text.size() && !isWord(text[begin]))
      ++begin;
    size_t end = begin;
    while (end < text.size() && isWord(text[end]))
      ++end;
    text.replace(begin, end - begin, by);
  }

  std::mt19937 random;
};

TEST(Fuzz, TheUndamagedProgramIsRight) { EXPECT_EQ(compile(std::string(program)), ""); }

TEST(Fuzz, EveryBeginningOfAProgramIsAnswered) {
  for (size_t length = 0; length < program.size(); length += 7)
    compile(std::string(program.substr(0, length)));
}

TEST(Fuzz, EveryProgramWithoutOneLineIsAnswered) {
  for (size_t begin = 1; begin < program.size();) {
    const size_t end = program.find('\n', begin) + 1;
    compile(std::string(program.substr(0, begin)) + std::string(program.substr(end)));
    begin = end;
  }
}

/// The files below a folder of the checkout that end in `.tw`, each with its text, in the order of their paths.
std::map<std::string, std::string> filesBelow(const std::string &folder) {
  std::map<std::string, std::string> result;
  for (const auto &entry : std::filesystem::recursive_directory_iterator(sourceDir + folder)) {
    if (entry.path().extension() != ".tw")
      continue;
    std::ifstream file(entry.path());
    result[entry.path().string()].assign(std::istreambuf_iterator<char>(file), {});
  }
  return result;
}

TEST(Fuzz, DamagedExamplesAndLibraryAreAnswered) {
  std::string library;
  for (const auto &[path, text] : filesBelow("/lib/Std"))
    library += text;
  const auto examples = filesBelow("/examples");
  ASSERT_FALSE(library.empty() || examples.empty());
  for (const auto &[path, text] : examples) {
    EXPECT_EQ(compile(library + text), "") << path;
    for (unsigned number = 0; number < 100; ++number) {
      SCOPED_TRACE(path + " " + std::to_string(number));
      compile(Damage(number).apply(library + text));
      compile(Damage(number).apply(text));
    }
  }
}

TEST(Fuzz, DamagedProgramsAreAnswered) {
  for (unsigned number = 0; number < 1000; ++number) {
    SCOPED_TRACE(number);
    compile(Damage(number).apply(std::string(program)));
  }
}

} // namespace
