// Random sums of products, in every layout and direction that training makes of them.
#include "RandomProgram.h"

#include <map>

namespace talweg::random {

Access Access::of(int loops, const std::vector<int> &dims) {
  Access access{std::vector<Shape>(dims.size(), Shape(loops, 0)), Shape(dims.size(), 0)};
  for (std::size_t r = 0; r < dims.size(); ++r)
    access.factor[r][dims[r]] = 1;
  return access;
}

Access &Access::shift(int row, std::int64_t by) {
  offset[row] += by;
  return *this;
}

Access &Access::add(int row, int loop, std::int64_t times) {
  factor[row][loop] += times;
  return *this;
}

int Program::argument(Element element, Shape shape) {
  values.push_back({element, std::move(shape)});
  arguments.push_back(int(values.size()) - 1);
  return arguments.back();
}

int Program::result(Operation operation, Element element, Shape shape) {
  values.push_back({element, std::move(shape)});
  operation.result = int(values.size()) - 1;
  operations.push_back(std::move(operation));
  return int(values.size()) - 1;
}

namespace {

std::int64_t extent(Chance &chance) {
  return chance.pick<std::int64_t>(
      {1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 24, 31, 32, 33, 40, 48, 63, 64, 65, 70, 100, 128, 130});
}

/// Loops by letters; an operand's position is a letter, or a window of two: outer * stride + inner.
struct Sum {
  std::string letters, summed;
  Shape ranges;
  std::int64_t stride = 1;

  int loop(char letter) const { return int(letters.find(letter)); }

  /// The access of "nIcO": capital letters stand for windows (I = i and u, J = j and v).
  Access access(const std::string &operand) const {
    std::vector<int> dims;
    for (char letter : operand)
      dims.push_back(loop(char(std::tolower(letter))));
    Access access = Access::of(int(letters.size()), dims);
    for (std::size_t r = 0; r < operand.size(); ++r)
      if (std::isupper(operand[r]))
        access.add(int(r), dims[r], stride - 1).add(int(r), loop(operand[r] == 'I' ? 'u' : 'v'), 1);
    return access;
  }

  Shape shape(const Access &access) const {
    Shape shape;
    for (const Shape &row : access.factor) {
      std::int64_t last = 0;
      for (std::size_t d = 0; d < ranges.size(); ++d)
        last += row[d] * (ranges[d] - 1);
      shape.push_back(last + 1);
    }
    return shape;
  }
};

Program productOf(Chance &chance, const std::string &kind, const Sum &sum, const std::string &a, const std::string &b,
                  const std::string &c) {
  Program program;
  program.kind = kind;
  Operation op;
  op.element = chance.oneIn(4) ? Element::F64 : Element::F32;
  op.ranges = sum.ranges;
  for (char letter : sum.letters)
    op.reduction.push_back(sum.summed.find(letter) != std::string::npos);
  op.reads = {sum.access(a), sum.access(b)};
  op.write = sum.access(c);
  if (chance.oneIn(2))
    std::swap(op.reads[0], op.reads[1]);
  Shape left = sum.shape(op.reads[0]), right = sum.shape(op.reads[1]);
  int x = program.argument(op.element, left);
  bool withItself = left == right && chance.oneIn(2);
  op.inputs = {x, withItself ? x : program.argument(op.element, right)};
  op.body = {{Math::Input, 0}, {Math::Input, 1}, {Math::Mul, 0, 1}};
  op.combine = Combine::Sum;
  Element element = op.element;
  Shape shape = sum.shape(op.write);
  program.outputs = {{program.result(std::move(op), element, shape)}};
  return program;
}

Program makeConvolution(Chance &chance, const std::string &kind) {
  Sum sum;
  sum.letters = "nijuvco";
  sum.stride = chance.pick({1, 1, 2});
  sum.ranges = {chance.pick<std::int64_t>({1, 2, 5}),
                chance.pick<std::int64_t>({1, 4, 7, 13}),
                chance.pick<std::int64_t>({1, 5, 8, 14}),
                chance.pick<std::int64_t>({1, 2, 3}),
                chance.pick<std::int64_t>({1, 3}),
                chance.pick<std::int64_t>({1, 2, 3, 16, 20}),
                chance.pick<std::int64_t>({1, 4, 16, 33, 64})};
  if (kind == "depthwise") {
    sum.letters.pop_back(), sum.ranges.pop_back();
    sum.summed = "uv";
    return productOf(chance, kind, sum, "nIJc", "uvc", "nijc");
  }
  if (kind == "depthwise to the weights") {
    sum.letters.pop_back(), sum.ranges.pop_back();
    sum.summed = "nij";
    return productOf(chance, kind, sum, "nIJc", "nijc", "uvc");
  }
  while (countOf(sum.ranges) > 1'500'000)
    sum.ranges[chance.below(7)] = 1;
  if (kind == "convolution") {
    sum.summed = "uvc";
    return productOf(chance, kind, sum, "nIJc", "uvco", "nijo");
  }
  if (kind == "convolution to the weights") {
    sum.summed = "nij";
    return productOf(chance, kind, sum, "nIJc", "nijo", "uvco");
  }
  sum.summed = "ijuvo";
  return productOf(chance, kind, sum, "nijo", "uvco", "nIJc");
}

/// An elementwise op that reads the product: with a whole array, with one along some of the dimensions, in the order of the product
/// or another; over an argument or in memory of its own.
void addEpilogue(Chance &chance, Program &program) {
  int product = program.outputs[0].value;
  Value result = program.values[product];
  int rank = int(result.shape.size());
  std::vector<int> all;
  for (int d = 0; d < rank; ++d)
    all.push_back(d);
  std::vector<int> order = all;
  if (chance.oneIn(4))
    chance.shuffle(order);
  Operation op;
  op.element = result.element;
  op.ranges.resize(rank);
  for (int d = 0; d < rank; ++d)
    op.ranges[order[d]] = result.shape[d]; // loop order[d] runs along dimension d of the product
  op.reduction.assign(rank, false);
  op.inputs = {product};
  op.reads = {Access::of(rank, order)};
  op.body = {{Math::Input, 0}};
  auto combine = [&](Math math, int argument, Access access) {
    op.inputs.push_back(argument);
    op.reads.push_back(std::move(access));
    int last = int(op.body.size()) - 1;
    op.body.push_back({Math::Input, int(op.inputs.size()) - 1});
    op.body.push_back({math, last, last + 1});
  };
  std::vector<int> kept;
  for (int d : all)
    if (chance.oneIn(2))
      kept.push_back(d);
  Shape shape;
  for (int d : kept)
    shape.push_back(op.ranges[d]);
  combine(Math::Add, program.argument(result.element, shape), Access::of(rank, kept));
  int whole = -1;
  if (chance.oneIn(2)) {
    whole = program.argument(chance.oneIn(4) ? Element::U8 : result.element, op.ranges);
    combine(chance.pick({Math::Mul, Math::Max}), whole, Access::of(rank, all));
  }
  if (chance.oneIn(4))
    op.body.push_back({Math::Tanh, int(op.body.size()) - 1});
  op.write = Access::of(rank, all);
  Shape ranges = op.ranges;
  int last = program.result(std::move(op), result.element, ranges);
  bool over = whole >= 0 && program.values[whole].element == result.element && chance.oneIn(2);
  program.kind += " with an epilogue";
  if (chance.oneIn(4))
    program.outputs.push_back({last, over ? whole : -1}); // beside the product
  else
    program.outputs[0] = {last, over ? whole : -1};
}

Program makeProduct(Chance &chance) {
  auto kind = chance.pick<const char *>({"product", "product", "product", "batched product", "large k", "narrow",
                                         "convolution", "convolution to the weights", "convolution to the input",
                                         "depthwise", "depthwise to the weights", "matvec", "dot", "outer"});
  std::string name = kind;
  if (name.starts_with("convolution") || name.starts_with("depthwise"))
    return makeConvolution(chance, name);
  Sum sum;
  sum.summed = "k";
  if (name == "matvec") {
    sum.letters = "mk";
    sum.ranges = {extent(chance), chance.oneIn(4) ? 3000 : extent(chance)};
    return productOf(chance, name, sum, chance.oneIn(2) ? "mk" : "km", "k", "m");
  }
  if (name == "dot") {
    sum.letters = sum.summed = "kl";
    sum.ranges = {extent(chance), extent(chance)};
    return productOf(chance, name, sum, "kl", chance.oneIn(2) ? "kl" : "lk", "");
  }
  bool batched = name == "batched product";
  std::int64_t m = extent(chance), n = extent(chance), k = extent(chance);
  if (name == "large k")
    m = std::min<std::int64_t>(m, 40), n = std::min<std::int64_t>(n, 70),
    k = chance.pick<std::int64_t>({1025, 2049, 3000, 4096, 5001});
  if (name == "narrow")
    n = chance.pick<std::int64_t>({1, 3, 10});
  if (name == "outer")
    k = 1;
  std::string a = chance.oneIn(2) ? "km" : "mk", b = chance.oneIn(2) ? "nk" : "kn", c = chance.oneIn(3) ? "nm" : "mn";
  sum.letters = "mnk";
  sum.ranges = {m, n, k};
  if (batched) {
    sum.letters = "bmnk";
    sum.ranges.insert(sum.ranges.begin(), chance.pick<std::int64_t>({1, 2, 3, 6}));
    for (std::string *operand : {&a, &b, &c})
      operand->insert(chance.oneIn(4) ? 1 : 0, "b");
  }
  while (countOf(sum.ranges) > 3'000'000)
    sum.ranges[chance.below(std::int64_t(sum.ranges.size()))] = 5;
  return productOf(chance, name, sum, a, b, c);
}

} // namespace

Program makeContraction(Chance &chance) {
  Program program = makeProduct(chance);
  if (chance.oneIn(2))
    addEpilogue(chance, program);
  return program;
}

Program makeLargeContraction(Chance &chance) {
  constexpr std::int64_t enough = 500'000; // for threads
  if (chance.oneIn(4)) {
    Program program = makeContraction(chance);
    auto isLargeConvolution = [&](const Shape &ranges) { return ranges.size() >= 6 && countOf(ranges) >= enough; };
    while (!isLargeConvolution(program.operations[0].ranges))
      program = makeContraction(chance);
    return program;
  }
  Sum sum;
  sum.summed = "kl";
  if (chance.oneIn(8)) {
    sum.letters = "mnk";
    sum.ranges = {chance.pick<std::int64_t>({128, 200, 300}), 520, chance.pick<std::int64_t>({8, 16, 33})};
    return productOf(chance, "product whose operands are both copied", sum, "km", "nk", "mn");
  }
  if (chance.oneIn(8)) {
    sum.letters = "mnk";
    sum.ranges = {chance.pick<std::int64_t>({2, 3}), 300, chance.pick<std::int64_t>({1000, 1500})};
    return productOf(chance, "product with lanes along what is summed", sum, "mk", "nk", "mn");
  }
  std::string a, b, c;
  auto add = [&](const char *letters, std::int64_t count, std::initializer_list<std::string *> operands) {
    sum.letters.append(letters, std::size_t(count));
    for (std::string *operand : operands)
      operand->append(letters, std::size_t(count));
  };
  add("z", chance.below(2), {&a, &b, &c});
  add("mp", 1 + chance.below(2), {&a, &c});
  add("kl", 1 + chance.below(2), {&a, &b});
  add("nq", 1 + chance.below(2), {&b, &c});
  for (std::string *operand : {&a, &b, &c})
    if (chance.oneIn(2))
      chance.shuffle(*operand);
  do {
    sum.ranges.clear();
    for (std::size_t i = 0; i < sum.letters.size(); ++i)
      sum.ranges.push_back(chance.pick<std::int64_t>({2, 3, 5, 8, 16, 33, 48, 64, 100, 128, 300, 1100}));
  } while (countOf(sum.ranges) < enough || countOf(sum.ranges) > 3'000'000);
  Program program = productOf(chance, "product of many loops", sum, a, b, c);
  if (chance.oneIn(2))
    addEpilogue(chance, program);
  return program;
}

} // namespace talweg::random
