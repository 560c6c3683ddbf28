// Programs made by chance: a graph of structured operations on tensors, that can be printed as linalg and evaluated.
//
// A program is data. print() gives the text that code generation compiles; evaluate() computes the same values in f64 by
// walking each iteration space, with a bound of the error that the program's own element type may cause.
#ifndef TALWEG_UNITTESTS_CODEGEN_RANDOMPROGRAM_H
#define TALWEG_UNITTESTS_CODEGEN_RANDOMPROGRAM_H

#include "../Support/Chance.h"

#include <cstdint>
#include <string>
#include <vector>

namespace talweg::random {

using Shape = std::vector<std::int64_t>;

enum class Element { F32, F64, U8, I1, I32 };

std::int64_t countOf(const Shape &shape);
/// Bytes of one stored element.
std::int64_t sizeOf(Element element);

/// An affine access: position r is offset[r] + sum over d of factor[r][d] * index[d].
struct Access {
  std::vector<Shape> factor;
  Shape offset;

  /// Position r is loop dims[r].
  static Access of(int loops, const std::vector<int> &dims);
  Access &shift(int row, std::int64_t by);
  Access &add(int row, int loop, std::int64_t times);
};

enum class Math {
  Input,
  Constant,
  Index,
  Add,
  Sub,
  Mul,
  Div,
  Max,
  Min,
  Neg,
  Abs,
  Tanh,
  Exp,
  Log1p,
  Sqrt,
  Erf,
  Cos,
  Above,
  PlaceIfEqual
};

/// One scalar operation of a body; a and b are earlier nodes (for Input and Index: which one). PlaceIfEqual is the
/// position in loop `constant` where a equals b, and the largest i32 elsewhere.
struct Node {
  Math math;
  int a = 0, b = 0;
  double constant = 0;
};

enum class Combine { None, Sum, Max, Min, Prod, Any, All, First };

/// One linalg.generic: the last node of the body is stored, or combined with what is there. Without a body: a reshape.
struct Operation {
  Shape ranges;
  std::vector<bool> reduction;
  std::vector<int> inputs; ///< values
  std::vector<Access> reads;
  Access write;
  std::vector<Node> body;
  Element element = Element::F32; ///< of the body's nodes; the last may be a condition
  Combine combine = Combine::None;
  int result = -1; ///< value
};

/// An argument or a result.
struct Value {
  Element element;
  Shape shape;
};

struct Output {
  int value;
  int over = -1; ///< the argument it is written over, or -1 for memory of its own
};

struct Program {
  std::string kind;
  std::vector<Value> values;
  std::vector<int> arguments;
  std::vector<Operation> operations;
  std::vector<Output> outputs;

  /// New values, by their numbers.
  int argument(Element element, Shape shape);
  int result(Operation operation, Element element, Shape shape);
};

/// Sums of products: matrix products of all layouts, dot, outer, convolutions in three directions, depthwise ones.
Program makeContraction(Chance &chance);
/// Those with work enough for threads, convolutions and products of three to seven loops in any order in memory: there are many plans of each.
Program makeLargeContraction(Chance &chance);
/// All else, alone or chained: elementwise, reductions, windows, folds, padding, bytes, conditions, updates in place.
Program makeGeneric(Chance &chance);

/// The program as the function @talweg_<name>: (persistent, arena, arguments…, outputs with memory of their own…).
std::string print(const Program &program, const std::string &name);

/// What a value must be: within `error` of `value`, element by element.
struct Expected {
  std::vector<double> value, error;
};

/// All values of the program, given those of its arguments.
std::vector<Expected> evaluate(const Program &program, const std::vector<std::vector<double>> &arguments);

} // namespace talweg::random

#endif
