// Random programs of everything that is not only a sum of products: single operations, and graphs of several, which
// fuse, share buffers and are written in place.
#include "RandomProgram.h"

#include <algorithm>
#include <utility>

namespace talweg::random {
namespace {

constexpr std::int64_t mostElements = 30000;

std::int64_t extent(Chance &chance) {
  return chance.pick<std::int64_t>({1, 2, 3, 5, 7, 8, 10, 15, 16, 17, 31, 32, 33, 48, 64, 65, 100});
}

std::vector<int> countUp(std::size_t end) {
  std::vector<int> list(end);
  for (std::size_t i = 0; i < end; ++i)
    list[i] = int(i);
  return list;
}

/// Builds one program, a step after the other.
class Maker {
public:
  explicit Maker(Chance &chance) : chance(chance), element(chance.oneIn(3) ? Element::F64 : Element::F32) {}

  Program program;

  Shape shape(int rank) {
    Shape shape;
    do {
      shape.clear();
      for (int r = 0; r < rank; ++r)
        shape.push_back(extent(chance));
    } while (countOf(shape) > mostElements);
    return shape;
  }

  int argument(Shape shape, bool plain = false) {
    Element of = plain || !chance.oneIn(6) ? element
                 : chance.oneIn(2)         ? Element::U8
                 : chance.oneIn(2)         ? Element::F64
                                           : Element::F32;
    return program.argument(of, std::move(shape));
  }

  const Shape &shapeOf(int value) const { return program.values[value].shape; }

  /// Elementwise over equal shapes, with a body of a few operations.
  int elementwise(std::vector<int> inputs) {
    Operation op = over(shapeOf(inputs[0]));
    for (int input : inputs)
      read(op, input, Access::of(loops(op), countUp(op.ranges.size())));
    grow(op, int(chance.below(5)) + int(inputs.size() > 1));
    return finish(op);
  }

  /// A permutation, slice, stride or reversal of a value.
  int window(int value) {
    Shape from = shapeOf(value);
    std::vector<int> order = countUp(from.size());
    chance.shuffle(order);
    Operation op = over(Shape(from.size(), 1));
    Access access = Access::of(loops(op), order);
    for (std::size_t r = 0; r < from.size(); ++r) {
      std::int64_t extent = from[r];
      switch (chance.below(7)) {
      case 0: // from somewhere on
        access.shift(int(r), chance.below(extent));
        extent -= access.offset[r];
        break;
      case 1: // backwards
        access.shift(int(r), extent - 1).add(int(r), order[r], -2);
        break;
      case 2: // up to somewhere
        extent = 1 + chance.below(extent);
        break;
      case 3: // every second
        access.add(int(r), order[r], 1);
        extent = (extent + 1) / 2;
        break;
      }
      op.ranges[order[r]] = extent;
    }
    op.write = Access::of(loops(op), countUp(op.ranges.size()));
    read(op, value, access);
    if (chance.oneIn(2))
      grow(op, 2);
    return finish(op);
  }

  /// A value spread along new dimensions, alone or met by an argument that has them.
  int spread(int value) {
    Shape to = shapeOf(value);
    std::vector<int> kept = countUp(to.size());
    for (int more = 1 + int(chance.below(2)); more > 0 && to.size() < 5; --more) {
      std::int64_t size = std::min(extent(chance), std::max<std::int64_t>(1, mostElements / countOf(to)));
      int at = int(chance.below(std::int64_t(to.size()) + 1));
      to.insert(to.begin() + at, size);
      for (int &dim : kept)
        dim += dim >= at;
    }
    Operation op = over(to);
    read(op, value, Access::of(loops(op), kept));
    // linalg infers the extents of loops from what is read and written: the result shows them all.
    if (chance.oneIn(2))
      read(op, argument(to), Access::of(loops(op), countUp(to.size())));
    grow(op, int(chance.below(3)));
    return finish(op);
  }

  /// A reduction over any dimensions; a plain one computes nothing that is approximate.
  int reduce(int value, std::vector<bool> summed = {}, bool isPlain = false) {
    Shape from = shapeOf(value);
    if (summed.empty())
      for (std::size_t r = 0; r < from.size(); ++r)
        summed.push_back(chance.oneIn(2));
    Operation op = over(from);
    std::vector<int> kept;
    Shape to;
    for (std::size_t r = 0; r < from.size(); ++r)
      if (op.reduction[r] = summed[r]; !summed[r])
        kept.push_back(int(r)), to.push_back(from[r]);
    op.write = Access::of(loops(op), kept);
    read(op, value, Access::of(loops(op), countUp(from.size())));
    if (isPlain && chance.oneIn(2))
      append(op, {{Math::Mul, 0, 0}});
    if (!isPlain && chance.oneIn(3))
      grow(op, 2);
    bool conditions = program.values[value].element == Element::I1;
    op.combine = conditions ? chance.pick({Combine::Any, Combine::All})
                            : chance.pick({Combine::Sum, Combine::Sum, Combine::Max, Combine::Min, Combine::Prod});
    if (conditions) {
      op.element = Element::I1;
      op.body = {{Math::Input, 0}};
    } else if (op.combine == Combine::Prod) {
      if (isPlain || countOf(from) / countOf(to) > 3000)
        op.combine = Combine::Sum;
      else // factors near one
        append(op, {{Math::Tanh, last(op)},
                    {Math::Constant, 0, 0, 0.01},
                    {Math::Mul, last(op) + 1, last(op) + 2},
                    {Math::Constant, 0, 0, 1.0},
                    {Math::Add, last(op) + 3, last(op) + 4}});
    }
    return finish(op, to, conditions ? Element::I1 : element);
  }

  /// Long enough for its sums to be made in parts: columns, rows or everything.
  int reduceLong() {
    Shape from = {chance.pick<std::int64_t>({4096, 9000, 20011}), chance.pick<std::int64_t>({1, 10, 16, 33, 128})};
    while (countOf(from) > 600000)
      from[0] /= 2;
    return reduce(program.argument(element, from), {true, chance.oneIn(2)});
  }

  /// Several of the same elements: those that are sums are taken in one pass.
  void sums() {
    const bool isLong = chance.oneIn(2);
    const int value =
        isLong ? argument({chance.pick<std::int64_t>({4096, 9000}), chance.pick<std::int64_t>({1, 10, 16, 33})})
               : argument(shape(1 + int(chance.below(3))));
    std::vector<bool> summed;
    for (std::size_t dim = 0; dim < shapeOf(value).size(); ++dim)
      summed.push_back((isLong && dim == 0) || chance.oneIn(2));
    for (int more = 2 + int(chance.below(3)); more > 0; --more)
      program.outputs.push_back({reduce(value, summed, isLong)});
  }

  /// The same elements in other dimensions.
  int reshape(int value) {
    std::int64_t count = countOf(shapeOf(value)), split = chance.pick({1, 2, 3, 5, 8, 16});
    Shape to = {count};
    if (count % split == 0)
      to = chance.oneIn(2) ? Shape{split, count / split} : Shape{count / split, split};
    if (chance.oneIn(4))
      to.insert(to.begin() + 1, 1);
    if (to == shapeOf(value) || (to.size() == 1 && shapeOf(value).size() == 1))
      return value;
    Operation op;
    op.inputs = {value};
    return finish(op, to, program.values[value].element);
  }

  /// Windows of an image combined: pooling, their sum or product.
  int pool() {
    std::int64_t n = chance.pick({1, 3}), out = chance.pick({1, 2, 4, 6}), c = extent(chance),
                 stride = chance.pick({1, 2, 3}), size = chance.pick({2, 3});
    std::int64_t in = (out - 1) * stride + size + chance.below(2);
    Operation windows = over({n, out, out, size, size, c});
    read(windows, argument({n, in, in, c}), image(stride));
    return reduce(finish(windows), {false, false, false, true, true, false});
  }

  /// The adjoint: windows added where they lie, over each other.
  int fold() {
    std::int64_t n = chance.pick({1, 3}), out = chance.pick({1, 2, 4, 7}),
                 c = std::min<std::int64_t>(extent(chance), 40), stride = chance.pick({1, 2, 3}),
                 size = chance.pick({2, 3});
    std::int64_t in = (out - 1) * stride + size + chance.below(2);
    Operation op = over({n, out, out, size, size, c});
    op.reduction = {false, true, true, true, true, false};
    op.write = image(stride);
    read(op, argument(op.ranges), Access::of(6, countUp(6)));
    if (chance.oneIn(2))
      grow(op, 2);
    op.combine = Combine::Sum;
    return finish(op, {n, in, in, c}, element);
  }

  /// A value inside a larger array of zeros.
  int pad(int value) {
    Shape to = shapeOf(value);
    Operation op = over(to);
    for (std::size_t r = 0; r < to.size(); ++r) {
      std::int64_t low = chance.below(3), high = chance.below(3);
      op.write.shift(int(r), low);
      to[r] += low + high;
      op.reduction[r] = low + high > 0;
    }
    read(op, value, Access::of(loops(op), countUp(to.size())));
    op.combine = Combine::Sum;
    return finish(op, to, element);
  }

  /// Where an argument is above a threshold. Only arguments are exact enough to be compared.
  int condition(int value) {
    Operation op = over(shapeOf(value));
    read(op, value, Access::of(loops(op), countUp(op.ranges.size())));
    append(op, {{Math::Constant, 0, 0, chance.pick({-1.9, 0.0, 1.9})}, {Math::Above, last(op), last(op) + 1}});
    return finish(op, op.ranges, Element::I1);
  }

  /// The product with a new matrix over the last dimension.
  int product(int value) {
    Shape to = shapeOf(value);
    std::int64_t k = to.back(), n = chance.pick({1, 3, 10, 16, 33});
    if (countOf(to) / k * n > mostElements)
      n = 1;
    to.back() = n;
    Shape ranges = to;
    ranges.push_back(k);
    int loop = int(ranges.size());
    Operation op = over(ranges);
    op.reduction.back() = true;
    std::vector<int> dims = countUp(to.size());
    op.write = Access::of(loop, dims);
    dims.back() = loop - 1;
    read(op, value, Access::of(loop, dims));
    bool transposed = chance.oneIn(2);
    read(op, argument(transposed ? Shape{n, k} : Shape{k, n}, true),
         Access::of(loop, transposed ? std::vector<int>{loop - 2, loop - 1} : std::vector<int>{loop - 1, loop - 2}));
    append(op, {{Math::Mul, 0, 1}});
    op.combine = Combine::Sum;
    return finish(op, to, element);
  }

  /// The first position of each row's or column's extreme, of bytes that are often equal.
  int place() {
    int x = program.argument(chance.oneIn(2) ? Element::U8 : element, shape(2)), along = int(chance.below(2));
    std::vector<bool> summed = {along == 0, along == 1};
    Operation best = over(shapeOf(x));
    best.reduction = summed;
    best.write = Access::of(2, {1 - along});
    read(best, x, Access::of(2, {0, 1}));
    Operation place = best;
    best.combine = chance.pick({Combine::Max, Combine::Min});
    Shape to = {shapeOf(x)[1 - along]};
    read(place, finish(best, to, element), best.write);
    append(place, {{Math::PlaceIfEqual, 0, 1, double(along)}});
    place.combine = Combine::First;
    return finish(place, to, Element::I32);
  }

  int softmax(bool large = false) {
    int x = argument(large ? Shape{chance.pick<std::int64_t>({500, 1024}), chance.pick<std::int64_t>({131, 144, 256})}
                           : shape(2));
    int rows = reduceBy(Combine::Max, x);
    int e = meet(x, rows, {{Math::Sub, 0, 1}, {Math::Exp, 2}});
    return meet(e, reduceBy(Combine::Sum, e), {{Math::Div, 0, 1}});
  }

  /// Parameters and their moments, written over what they were; now and then all transposed.
  void update() {
    Shape like = shape(int(chance.below(3)) + 1);
    int p = argument(like, true), m = argument(like, true), g = argument(like);
    int moment = combine(m, g, {{Math::Constant, 0, 0, 0.9}, {Math::Mul, 0, 2}, {Math::Add, 3, 1}});
    int next = combine(p, moment, {{Math::Constant, 0, 0, 0.1}, {Math::Mul, 1, 2}, {Math::Sub, 0, 3}});
    if (like.size() == 2 && like[0] == like[1]) {
      Operation op = over(like);
      read(op, next, Access::of(2, {1, 0}));
      next = finish(op);
    }
    program.outputs = {{next, p}, {moment, m}};
    if (chance.oneIn(4)) // the moment keeps the old parameter, or both change places
      program.outputs = {{chance.oneIn(2) ? next : m, p}, {p, m}};
    if (chance.oneIn(2))
      std::swap(program.outputs[0], program.outputs[1]);
    if (chance.oneIn(3))
      program.outputs.push_back({reduce(next)});
  }

  void graph() {
    std::vector<int> made = {argument(shape(int(chance.below(4)) + 1))};
    for (int steps = 2 + int(chance.below(6)); steps > 0; --steps) {
      int from = chance.oneIn(4) ? made[chance.below(std::int64_t(made.size()))] : made.back();
      if (program.values[from].element == Element::I1)
        continue;
      int rank = int(shapeOf(from).size());
      switch (chance.below(rank == 0 ? 2 : 8)) {
      case 0: made.push_back(spread(from)); break;
      case 1: {
        std::vector<int> inputs = {from};
        for (int other : made)
          if (other != from && shapeOf(other) == shapeOf(from))
            inputs.push_back(other);
        if (chance.oneIn(3))
          inputs.push_back(argument(shapeOf(from)));
        made.push_back(elementwise(inputs));
        break;
      }
      case 2: made.push_back(window(from)); break;
      case 3: made.push_back(reduce(from)); break;
      case 4: made.push_back(pad(from)); break;
      case 5: made.push_back(product(from)); break;
      case 6: made.push_back(elementwise({from})); break;
      case 7: made.push_back(reshape(from)); break;
      }
      if (countOf(shapeOf(made.back())) > mostElements)
        break;
    }
    program.outputs = {{made.back()}};
    int other = made[chance.below(std::int64_t(made.size()))];
    if (other != made.back() && isResult(other) && chance.oneIn(2))
      program.outputs.push_back({other});
    // Results that look like an argument may be written over it.
    std::vector<int> free = program.arguments;
    for (Output &output : program.outputs)
      for (int &argument : free)
        if (argument >= 0 && output.over < 0 && shapeOf(argument) == shapeOf(output.value) &&
            program.values[argument].element == program.values[output.value].element && chance.oneIn(2))
          output.over = std::exchange(argument, -1);
  }

private:
  Chance &chance;
  Element element;

  bool isResult(int value) const { return std::ranges::find(program.arguments, value) == program.arguments.end(); }

  static int loops(const Operation &op) { return int(op.ranges.size()); }
  static int last(const Operation &op) { return int(op.body.size()) - 1; }
  static void append(Operation &op, const std::vector<Node> &nodes) {
    op.body.insert(op.body.end(), nodes.begin(), nodes.end());
  }

  /// An operation of parallel loops, whose result has a dimension for each.
  Operation over(const Shape &ranges) {
    Operation op;
    op.ranges = ranges;
    op.reduction.assign(ranges.size(), false);
    op.element = element;
    op.write = Access::of(int(ranges.size()), countUp(ranges.size()));
    return op;
  }

  /// One more operand; its node is the last of the body.
  static void read(Operation &op, int value, Access access) {
    op.inputs.push_back(value);
    op.reads.push_back(std::move(access));
    op.body.push_back({Math::Input, int(op.inputs.size()) - 1});
  }

  int finish(Operation op) {
    Shape shape = op.ranges;
    return program.result(std::move(op), element, std::move(shape));
  }
  int finish(Operation op, Shape shape, Element of) { return program.result(std::move(op), of, std::move(shape)); }

  /// (n, i, j, u, v, c) at (n, i*stride + u, j*stride + v, c).
  static Access image(std::int64_t stride) {
    Access access = Access::of(6, {0, 1, 2, 5});
    access.add(1, 1, stride - 1).add(1, 3, 1).add(2, 2, stride - 1).add(2, 4, 1);
    return access;
  }

  /// Joins all operands of the body, then does `more` random steps. Nothing grows without bound.
  void grow(Operation &op, int more) {
    int inputs = int(op.inputs.size());
    int value = 0;
    auto push = [&](Node node) {
      op.body.push_back(node);
      return last(op);
    };
    for (int i = 1; i < inputs; ++i)
      value = push({chance.pick({Math::Add, Math::Sub, Math::Max, Math::Min}), value, i});
    for (; more > 0; --more) {
      int other = int(chance.below(inputs));
      switch (chance.below(11)) {
      case 0: value = push({Math::Tanh, value}); break;
      case 1: value = push({Math::Exp, push({Math::Min, value, push({Math::Constant, 0, 0, 3})})}); break;
      case 2: value = push({Math::Log1p, push({Math::Abs, value})}); break;
      case 3: value = push({Math::Sqrt, push({Math::Abs, value})}); break;
      case 4: value = push({Math::Erf, value}); break;
      case 5: value = push({Math::Cos, push({Math::Tanh, value})}); break;
      case 6: value = push({Math::Neg, value}); break;
      case 7: value = push({Math::Mul, value, push({Math::Tanh, other})}); break;
      case 8: {
        int one = push({Math::Constant, 0, 0, 1.5});
        value = push({Math::Div, value, push({Math::Add, push({Math::Abs, other}), one})});
        break;
      }
      case 9:
        if (!op.ranges.empty())
          value = push({Math::Add, value, push({Math::Index, int(chance.below(loops(op)))})});
        break;
      case 10: value = push({Math::Max, value, other}); break;
      }
    }
    if (value != last(op))
      push({Math::Max, value, value});
  }

  /// Elementwise over equal shapes, with this body behind the operands.
  int combine(int x, int y, std::vector<Node> body) {
    Operation op = over(shapeOf(x));
    for (int input : {x, y})
      read(op, input, Access::of(loops(op), countUp(op.ranges.size())));
    append(op, body);
    return finish(op);
  }

  /// A matrix with a vector of its rows.
  int meet(int matrix, int rows, std::vector<Node> body) {
    Operation op = over(shapeOf(matrix));
    read(op, matrix, Access::of(2, {0, 1}));
    read(op, rows, Access::of(2, {0}));
    append(op, body);
    return finish(op);
  }

  int reduceBy(Combine combine, int matrix) {
    Operation op = over(shapeOf(matrix));
    op.reduction = {false, true};
    op.write = Access::of(2, {0});
    read(op, matrix, Access::of(2, {0, 1}));
    op.combine = combine;
    return finish(op, {shapeOf(matrix)[0]}, element);
  }
};

} // namespace

Program makeGeneric(Chance &chance) {
  Maker maker(chance);
  std::string kind = chance.pick<const char *>({"elementwise", "window", "spread",  "reduce", "pool",  "fold", "pad",
                                                "conditions",  "place",  "softmax", "update", "long",  "rows", "sums",
                                                "graph",       "graph",  "graph",   "graph",  "graph", "graph"});
  auto any = [&](int least) { return maker.argument(maker.shape(least + int(chance.below(4)))); };
  int made = -1;
  if (kind == "elementwise") {
    int first = any(0);
    made = maker.elementwise({first, maker.argument(maker.shapeOf(first))});
  } else if (kind == "window") {
    made = maker.window(any(1));
  } else if (kind == "spread") {
    made = maker.spread(any(0));
  } else if (kind == "reduce") {
    made = maker.reduce(any(1));
  } else if (kind == "rows") {
    made = maker.softmax(/*large=*/true);
  } else if (kind == "long") {
    made = maker.reduceLong();
  } else if (kind == "pool") {
    made = maker.pool();
  } else if (kind == "fold") {
    made = maker.fold();
  } else if (kind == "pad") {
    made = maker.pad(any(1));
  } else if (kind == "conditions") {
    int conditions = maker.condition(any(1));
    if (chance.oneIn(2))
      conditions = maker.reduce(conditions);
    made = maker.elementwise({conditions});
  } else if (kind == "place") {
    made = maker.place();
  } else if (kind == "softmax") {
    made = maker.softmax();
  } else if (kind == "update") {
    maker.update();
  } else if (kind == "sums") {
    maker.sums();
  } else {
    maker.graph();
  }
  maker.program.kind = kind;
  if (made >= 0)
    maker.program.outputs = {{made}};
  return std::move(maker.program);
}

} // namespace talweg::random
