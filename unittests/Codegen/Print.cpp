// A random program as the text of linalg on tensors.
#include "RandomProgram.h"

#include <fmt/format.h>

#include <cmath>

namespace talweg::random {

static const char *nameOf(Element element) {
  switch (element) {
  case Element::F32: return "f32";
  case Element::F64: return "f64";
  case Element::U8: return "i8";
  case Element::I1: return "i1";
  case Element::I32: return "i32";
  }
  return "";
}

static std::string typeOf(const char *kind, const Value &value) {
  std::string text = fmt::format("{}<", kind);
  for (std::int64_t extent : value.shape)
    text += fmt::format("{}x", extent);
  return text + nameOf(value.element) + ">";
}

static std::string tensor(const Value &value) { return typeOf("tensor", value); }
static std::string memref(const Value &value) { return typeOf("memref", value); }

/// linalg wants a bare loop to run through the whole of a dimension; one that ends before is written `d mod extent`.
static std::string mapOf(const Access &access, const Shape &ranges, const Shape &shape) {
  std::string dims, results;
  for (std::size_t d = 0; d < ranges.size(); ++d)
    dims += fmt::format("{}d{}", d ? ", " : "", d);
  for (std::size_t r = 0; r < shape.size(); ++r) {
    std::string position = access.offset[r] ? std::to_string(access.offset[r]) : std::string();
    bool bare = access.offset[r] == 0;
    for (std::size_t d = 0; d < ranges.size(); ++d)
      if (std::int64_t factor = access.factor[r][d]; factor != 0) {
        bare = bare && position.empty() && factor == 1 && ranges[d] != shape[r];
        position += fmt::format("{}d{}", position.empty() ? "" : " + ", d);
        if (factor != 1)
          position += fmt::format(" * {}", factor);
      }
    results += fmt::format("{}{}{}", r ? ", " : "", position, bare ? fmt::format(" mod {}", shape[r]) : "");
  }
  return fmt::format("affine_map<({}) -> ({})>", dims, results);
}

static std::string literal(double value, Element element) {
  if (std::isinf(value))
    return fmt::format("0x{}F{}", value < 0 ? "F" : "7", element == Element::F32 ? "800000" : "F0000000000000");
  return fmt::format("{:.17e}", value);
}

static const char *nameOf(Math math) {
  switch (math) {
  case Math::Add: return "arith.addf";
  case Math::Sub: return "arith.subf";
  case Math::Mul: return "arith.mulf";
  case Math::Div: return "arith.divf";
  case Math::Max: return "arith.maximumf";
  case Math::Min: return "arith.minimumf";
  case Math::Neg: return "arith.negf";
  case Math::Abs: return "math.absf";
  case Math::Tanh: return "math.tanh";
  case Math::Exp: return "math.exp";
  case Math::Log1p: return "math.log1p";
  case Math::Sqrt: return "math.sqrt";
  case Math::Erf: return "math.erf";
  case Math::Cos: return "math.cos";
  case Math::Above: return "arith.cmpf ogt,";
  default: return "";
  }
}

/// The body as operations on scalars; returns the name of its value.
static std::string printBody(const Program &program, const Operation &op, std::string &text) {
  const char *type = nameOf(op.element);
  std::vector<std::string> names;
  for (const Node &node : op.body) {
    std::string name = fmt::format("%n{}", names.size());
    switch (node.math) {
    case Math::Input: {
      Element from = program.values[op.inputs[node.a]].element;
      const char *convert = from == Element::U8 || from == Element::I1 ? "arith.uitofp"
                            : from == Element::F32                     ? "arith.extf"
                                                                       : "arith.truncf";
      if (from == op.element)
        name = fmt::format("%in{}", node.a);
      else
        text += fmt::format("      {} = {} %in{} : {} to {}\n", name, convert, node.a, nameOf(from), type);
      break;
    }
    case Math::Constant:
      text += fmt::format("      {} = arith.constant {} : {}\n", name, literal(node.constant, op.element), type);
      break;
    case Math::Index:
      text +=
          fmt::format("      {0}_at = linalg.index {1} : index\n      {0}_i = arith.index_cast {0}_at : index to i32\n"
                      "      {0} = arith.sitofp {0}_i : i32 to {2}\n",
                      name, node.a, type);
      break;
    case Math::PlaceIfEqual:
      text +=
          fmt::format("      {0}_equal = arith.cmpf oeq, {1}, {2} : {3}\n"
                      "      {0}_at = linalg.index {4} : index\n      {0}_i = arith.index_cast {0}_at : index to i32\n"
                      "      {0}_none = arith.constant 2147483647 : i32\n"
                      "      {0} = arith.select {0}_equal, {0}_i, {0}_none : i32\n",
                      name, names[node.a], names[node.b], type, int(node.constant));
      break;
    default: {
      bool binary = (node.math >= Math::Add && node.math <= Math::Min) || node.math == Math::Above;
      text += fmt::format("      {} = {} {}{} : {}\n", name, nameOf(node.math), names[node.a],
                          binary ? ", " + names[node.b] : "", type);
    }
    }
    names.push_back(name);
  }
  return names.back();
}

/// The operation that combines, and what accumulators start from.
static std::pair<const char *, std::string> combiner(Combine combine, Element element) {
  switch (combine) {
  case Combine::Sum: return {"arith.addf", literal(0, element)};
  case Combine::Prod: return {"arith.mulf", literal(1, element)};
  case Combine::Max: return {"arith.maximumf", literal(-INFINITY, element)};
  case Combine::Min: return {"arith.minimumf", literal(INFINITY, element)};
  case Combine::Any: return {"arith.ori", "false"};
  case Combine::All: return {"arith.andi", "true"};
  case Combine::First: return {"arith.minsi", "2147483647"};
  case Combine::None: break;
  }
  return {};
}

/// Through one dimension to all of the result's, like every reshape of the compiler.
static void printReshape(const Program &program, const Operation &op, std::string &text) {
  const Value &from = program.values[op.inputs[0]], &to = program.values[op.result];
  auto all = [](const Shape &shape, bool extents) {
    std::string list;
    for (std::size_t r = 0; r < shape.size(); ++r)
      list += fmt::format("{}{}", r ? ", " : "", extents ? shape[r] : std::int64_t(r));
    return list;
  };
  Value flat{from.element, {countOf(from.shape)}};
  std::string source = fmt::format("%v{}", op.inputs[0]);
  if (from.shape.size() != 1) {
    std::string name = to.shape.size() == 1 ? fmt::format("%v{}", op.result) : fmt::format("%flat{}", op.result);
    text += fmt::format("  {} = tensor.collapse_shape {} [[{}]] : {} into {}\n", name, source, all(from.shape, false),
                        tensor(from), tensor(flat));
    source = name;
  }
  if (to.shape.size() != 1)
    text += fmt::format("  %v{} = tensor.expand_shape {} [[{}]] output_shape [{}] : {} into {}\n", op.result, source,
                        all(to.shape, false), all(to.shape, true), tensor(flat), tensor(to));
}

static void printOperation(const Program &program, const Operation &op, std::string &text) {
  if (op.body.empty())
    return printReshape(program, op, text);
  int number = op.result;
  const Value &result = program.values[number];
  const std::string type = tensor(result);
  const char *element = nameOf(result.element);
  std::string init = fmt::format("%empty{}", number);
  text += fmt::format("  {} = tensor.empty() : {}\n", init, type);
  auto [combine, start] = combiner(op.combine, result.element);
  if (combine) {
    text += fmt::format("  %start{0} = arith.constant {1}{2}\n", number, start,
                        result.element == Element::I1 ? std::string() : fmt::format(" : {}", element));
    text += fmt::format("  %fill{0} = linalg.fill ins(%start{0} : {1}) outs({2} : {3}) -> {3}\n", number, element, init,
                        type);
    init = fmt::format("%fill{}", number);
  }
  std::string maps, iterators, ins, types, arguments;
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    const Value &input = program.values[op.inputs[i]];
    maps += mapOf(op.reads[i], op.ranges, input.shape) + ", ";
    ins += fmt::format("{}%v{}", i ? ", " : "", op.inputs[i]);
    types += fmt::format("{}{}", i ? ", " : "", tensor(input));
    arguments += fmt::format("%in{}: {}, ", i, nameOf(input.element));
  }
  for (std::size_t d = 0; d < op.ranges.size(); ++d)
    iterators += fmt::format("{}\"{}\"", d ? ", " : "", op.reduction[d] ? "reduction" : "parallel");
  text += fmt::format("  %v{} = linalg.generic {{indexing_maps = [{}{}], iterator_types = [{}]}}\n"
                      "    ins({} : {}) outs({} : {}) {{\n    ^bb0({}%out: {}):\n",
                      number, maps, mapOf(op.write, op.ranges, result.shape), iterators, ins, types, init, type,
                      arguments, element);
  std::string value = printBody(program, op, text);
  if (combine) {
    text += fmt::format("      %sum = {} %out, {} : {}\n", combine, value, element);
    value = "%sum";
  }
  text += fmt::format("      linalg.yield {} : {}\n  }} -> {}\n", value, element, type);
}

std::string print(const Program &program, const std::string &name) {
  std::string text = fmt::format("func.func @talweg_{}(%persistent: memref<1xi8>, %arena: memref<0xi8>", name);
  for (int i : program.arguments)
    text += fmt::format(", %a{}: {}", i, memref(program.values[i]));
  for (std::size_t i = 0; i < program.outputs.size(); ++i)
    if (program.outputs[i].over < 0)
      text += fmt::format(", %y{}: {}", i, memref(program.values[program.outputs[i].value]));
  text += ") {\n";
  for (int i : program.arguments)
    text += fmt::format("  %v{0} = bufferization.to_tensor %a{0} restrict : {1} to {2}\n", i, memref(program.values[i]),
                        tensor(program.values[i]));
  for (const Operation &op : program.operations)
    printOperation(program, op, text);
  for (std::size_t i = 0; i < program.outputs.size(); ++i) {
    const Output &output = program.outputs[i];
    const Value &value = program.values[output.value];
    text += fmt::format("  bufferization.materialize_in_destination %v{} in restrict writable {} : ({}, {}) -> ()\n",
                        output.value, output.over < 0 ? fmt::format("%y{}", i) : fmt::format("%a{}", output.over),
                        tensor(value), memref(value));
  }
  return text + "  return\n}\n";
}

} // namespace talweg::random
