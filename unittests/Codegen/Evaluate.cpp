// The values of a random program, in f64, by walking each iteration space point by point; beside each value the error
// that rounding may cause in the program's own element types.
#include "RandomProgram.h"

#include <cmath>

namespace talweg::random {

std::int64_t countOf(const Shape &shape) {
  std::int64_t count = 1;
  for (std::int64_t extent : shape)
    count *= extent;
  return count;
}

std::int64_t sizeOf(Element element) {
  return element == Element::F64 ? 8 : element == Element::F32 || element == Element::I32 ? 4 : 1;
}

namespace {

struct Number {
  double value = 0, error = 0;
};

/// Relative error of one operation.
double roundingOf(Element element) { return element == Element::F32 ? 0x1p-23 : 0x1p-51; }

Number apply(const Node &node, Number x, Number y, double rounding) {
  auto rounded = [&](double value, double error) { return Number{value, error + rounding * std::fabs(value)}; };
  // Approximations keep to a few units in the last place; near zero the error counts absolutely.
  auto approximated = [&](double value, double error) {
    return Number{value, error + 8 * rounding * (std::fabs(value) + 0.02)};
  };
  switch (node.math) {
  case Math::Add: return rounded(x.value + y.value, x.error + y.error);
  case Math::Sub: return rounded(x.value - y.value, x.error + y.error);
  case Math::Mul:
    return rounded(x.value * y.value, std::fabs(x.value) * y.error + std::fabs(y.value) * x.error + x.error * y.error);
  case Math::Div: {
    double quotient = x.value / y.value;
    return rounded(quotient,
                   (x.error + std::fabs(quotient) * y.error) / std::max(std::fabs(y.value) - y.error, 1e-300));
  }
  case Math::Max: return {std::max(x.value, y.value), std::max(x.error, y.error)};
  case Math::Min: return {std::min(x.value, y.value), std::max(x.error, y.error)};
  case Math::Neg: return {-x.value, x.error};
  case Math::Abs: return {std::fabs(x.value), x.error};
  case Math::Tanh: return approximated(std::tanh(x.value), x.error);
  case Math::Exp: {
    double value = std::exp(x.value);
    return approximated(value, value * std::expm1(x.error));
  }
  case Math::Log1p: return approximated(std::log1p(x.value), x.error / std::max(1 + x.value - x.error, 1e-300));
  case Math::Sqrt: {
    double root = std::sqrt(x.value);
    return rounded(root, x.error > 0 ? std::min(std::sqrt(x.error), x.error / std::max(root, 1e-300)) : 0);
  }
  case Math::Erf: return approximated(std::erf(x.value), 1.13 * x.error);
  case Math::Cos: return approximated(std::cos(x.value), x.error + rounding * std::fabs(x.value));
  case Math::Above: return {x.value > y.value ? 1.0 : 0.0, 0};
  default: return {};
  }
}

/// A position in flat memory that follows the loops.
struct Cursor {
  std::int64_t start = 0;
  Shape stride;

  Cursor(const Access &access, const Shape &shape, std::size_t loops) : stride(loops, 0) {
    std::int64_t step = 1;
    for (std::size_t r = shape.size(); r-- > 0; step *= shape[r]) {
      start += access.offset[r] * step;
      for (std::size_t d = 0; d < loops; ++d)
        stride[d] += access.factor[r][d] * step;
    }
  }
};

class Walk {
public:
  Walk(const Program &program, const Operation &op, const Value &result, const std::vector<Expected> &values)
      : program(program), op(op), values(values), loops(op.ranges.size()), index(loops, 0), nodes(op.body.size()) {
    for (std::size_t i = 0; i < op.inputs.size(); ++i)
      cursors.emplace_back(op.reads[i], program.values[op.inputs[i]].shape, loops);
    cursors.emplace_back(op.write, result.shape, loops);
    for (const Cursor &cursor : cursors)
      at.push_back(cursor.start);
    rounding = roundingOf(op.element);
  }

  Expected run(const Value &result) {
    std::int64_t count = countOf(result.shape);
    Expected sums{std::vector<double>(count, startOf(op.combine)), std::vector<double>(count, 0)};
    std::vector<double> size(count, 0), terms(count, 0);
    std::int64_t points = countOf(op.ranges);
    for (std::int64_t point = 0; point < points; ++point, next()) {
      Number value = body();
      std::int64_t to = at.back();
      combine(sums.value[to], sums.error[to], value);
      size[to] += std::fabs(value.value);
      ++terms[to];
    }
    if (op.combine == Combine::Sum) // rounding errors of a sum in any order: they do not all have one sign
      for (std::int64_t i = 0; i < count; ++i)
        sums.error[i] += rounding * (2 + 2 * std::sqrt(terms[i])) * size[i];
    return sums;
  }

private:
  const Program &program;
  const Operation &op;
  const std::vector<Expected> &values;
  std::size_t loops;
  Shape index, at;
  std::vector<Cursor> cursors;
  std::vector<Number> nodes;
  double rounding;

  static double startOf(Combine combine) {
    switch (combine) {
    case Combine::Max: return -INFINITY;
    case Combine::Min: return INFINITY;
    case Combine::Prod:
    case Combine::All: return 1;
    case Combine::First: return INT32_MAX;
    default: return 0;
    }
  }

  void next() {
    for (std::size_t d = loops; d-- > 0;) {
      ++index[d];
      for (std::size_t c = 0; c < cursors.size(); ++c)
        at[c] += cursors[c].stride[d];
      if (index[d] < op.ranges[d])
        return;
      index[d] = 0;
      for (std::size_t c = 0; c < cursors.size(); ++c)
        at[c] -= cursors[c].stride[d] * op.ranges[d];
    }
  }

  Number body() {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const Node &node = op.body[i];
      if (node.math == Math::Input) {
        const Expected &from = values[op.inputs[node.a]];
        Number x{from.value[at[node.a]], from.error[at[node.a]]};
        if (program.values[op.inputs[node.a]].element == Element::F64 && op.element == Element::F32)
          x.error += rounding * std::fabs(x.value);
        nodes[i] = x;
      } else if (node.math == Math::Constant) {
        nodes[i] = {op.element == Element::F32 ? double(float(node.constant)) : node.constant, 0};
      } else if (node.math == Math::PlaceIfEqual) {
        bool equal = nodes[node.a].value == nodes[node.b].value;
        nodes[i] = {equal ? double(index[int(node.constant)]) : double(INT32_MAX), 0};
      } else if (node.math == Math::Index) {
        nodes[i] = {double(index[node.a]), 0};
      } else {
        nodes[i] = apply(node, nodes[node.a], nodes[node.b], rounding);
      }
    }
    return nodes.back();
  }

  void combine(double &value, double &error, Number x) {
    switch (op.combine) {
    case Combine::None: value = x.value, error = x.error; break;
    case Combine::Sum: value += x.value, error += x.error; break;
    case Combine::Prod:
      error = std::fabs(value) * x.error + std::fabs(x.value) * error + rounding * std::fabs(value * x.value);
      value *= x.value;
      break;
    case Combine::Max: value = std::max(value, x.value), error = std::max(error, x.error); break;
    case Combine::Min: value = std::min(value, x.value), error = std::max(error, x.error); break;
    case Combine::Any: value = value != 0 || x.value != 0; break;
    case Combine::All: value = value != 0 && x.value != 0; break;
    case Combine::First: value = std::min(value, x.value); break;
    }
  }
};

} // namespace

std::vector<Expected> evaluate(const Program &program, const std::vector<std::vector<double>> &arguments) {
  std::vector<Expected> values(program.values.size());
  for (std::size_t i = 0; i < arguments.size(); ++i)
    values[program.arguments[i]] = {arguments[i], std::vector<double>(arguments[i].size(), 0)};
  for (const Operation &op : program.operations) {
    const Value &result = program.values[op.result];
    values[op.result] = op.body.empty() ? values[op.inputs[0]] : Walk(program, op, result, values).run(result);
  }
  return values;
}

} // namespace talweg::random
