// What an expression of the language is worth while a program is elaborated: something known at compile time (a number,
// a text, a list, a function, a layer's instance) or a tensor in the module.
//
// A tensor ranges over index variables (inside index notation: `x[n, k]` is a scalar for every n and k) and has
// dimensions of its own, which is what the language calls its shape. In the module both are dimensions: those of the index variables come first.
#ifndef TALWEG_LIB_FRONTEND_VALUE_H
#define TALWEG_LIB_FRONTEND_VALUE_H

#include "Bounds.h"
#include "IndexSolver.h"

#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Frontend/Ast.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace talweg::frontend {

/// One dimension of a tensor's shape, with the name it goes by in messages (`n`, or the rest `..b` it belongs to).
struct Dim {
  Count size;
  std::string name;  ///< empty: shown as its size
  bool rest = false; ///< part of the rest dimensions `name`
};
using Dims = std::vector<Dim>;

struct Formula;

struct Number {
  bool isInteger = true;
  Count integer;
  double real = 0;
  std::shared_ptr<const Formula> formula = {}; ///< of a number computed from that of the batch's rows: how

  static Number of(Count i) { return {true, i, 0, {}}; }
  static Number of(std::int64_t i) { return {true, i, 0, {}}; }
  static Number of(double r) { return {false, 0, r, {}}; }
  double asReal() const { return isInteger ? double(integer) : real; }
  bool dependsOnBatch() const { return formula || (isInteger && integer.dependsOnBatch()); }
};

struct Tensor {
  mlir::Value ssa;
  std::vector<IndexVar *> vars;
  Dims dims;
  bool weak = false; ///< a scalar computed in f64 (or a condition on such): takes the element type of what it meets
  std::optional<std::int64_t> classes; ///< a label or a position: values are 0 to classes-1
  bool label = false;                  ///< it comes from the data
  std::optional<Bounds> within;        ///< whole numbers that are computed: what they lie between

  mlir::Type element() const { return mlir::cast<mlir::TensorType>(ssa.getType()).getElementType(); }
  bool hasConditions() const { return tw::isTruth(element()); }
  /// What its values, whole numbers, lie between, as far as its type tells.
  Bounds bounds() const;
  /// What they are below, where none is negative and that is told.
  std::optional<std::int64_t> bound() const;
  /// False: a tensor of an update rule, which has its parameter's shape.
  bool isRanked() const { return mlir::cast<mlir::TensorType>(ssa.getType()).hasRank(); }
};

struct Instance;
struct Value;

/// A function, layer, model, … as a value, perhaps with some arguments already given.
struct Callable {
  const ast::Decl *decl = nullptr;
  std::map<std::string, Value> given;
  std::map<std::string, ast::Range> givenAt;
  Instance *instance = nullptr; ///< a layer's instance whose parameters all calls share
  bool averaged = false;        ///< it reads the averages of its parameters
};

struct Value {
  enum Kind {
    Poison, ///< an error was reported; silently makes everything it meets Poison
    Nothing,
    Number,
    Bool,
    Text,
    List,
    Range, ///< items: from, to
    Rest,  ///< dimensions bound to a rest `..b`
    Hyper, ///< a number that may change between steps: text is its name, number its present value
    Tensor,
    Function,
  } kind = Poison;
  frontend::Number number;
  bool boolean = false;
  std::string text;         ///< Text; of a Number that is a dimension: what the caller calls it
  bool isDimension = false; ///< of a local: a type has given a dimension this name
  std::vector<Value> items; ///< List, Range
  Dims rest;                ///< Rest
  bool unranked = false;    ///< Rest of an update rule's tensors: any shape
  frontend::Tensor tensor;
  std::shared_ptr<const Callable> callable;
  ast::Range origin; ///< where a bound dimension or argument comes from

  bool isPoison() const { return kind == Poison; }
  bool isNumber() const { return kind == Number; }
  bool isInteger() const { return kind == Number && number.isInteger; }
  bool isTensor() const { return kind == Tensor; }
  bool isRankedTensor() const { return isTensor() && tensor.isRanked(); }
  /// Conditions that are not decided at compile time, as a Bool is.
  bool holdsConditions() const { return isTensor() && tensor.hasConditions(); }
  bool isCondition() const { return kind == Bool || holdsConditions(); }
  /// A number, at compile time or at run time, or a tensor.
  bool isNumeric() const { return isNumber() || isTensor() || kind == Hyper; }

  static Value nothing() { return of(Nothing); }
  static Value of(Kind kind) {
    Value v;
    v.kind = kind;
    return v;
  }
  static Value of(frontend::Number n) {
    Value v = of(Number);
    v.number = n;
    return v;
  }
  static Value integer(Count i) { return of(frontend::Number::of(i)); }
  static Value real(double r) { return of(frontend::Number::of(r)); }
  static Value truth(bool b) {
    Value v = of(Bool);
    v.boolean = b;
    return v;
  }
  static Value string(std::string s) {
    Value v = of(Text);
    v.text = std::move(s);
    return v;
  }
  static Value list(std::vector<Value> items) {
    Value v = of(List);
    v.items = std::move(items);
    return v;
  }
  static Value function(const ast::Decl *decl) {
    auto callable = std::make_shared<Callable>();
    callable->decl = decl;
    return of(std::move(callable));
  }
  static Value of(std::shared_ptr<const Callable> callable) {
    Value v = of(Function);
    v.callable = std::move(callable);
    return v;
  }
  static Value of(frontend::Tensor t) {
    Value v = of(Tensor);
    v.tensor = std::move(t);
    return v;
  }
};

} // namespace talweg::frontend

#endif
