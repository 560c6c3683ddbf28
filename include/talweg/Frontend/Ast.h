// The syntax tree: what the parser makes of a file, and all that the elaborator sees of it. Nodes are owned by the tree,
// immutable after parsing, and carry the source range that messages point at.
#ifndef TALWEG_FRONTEND_AST_H
#define TALWEG_FRONTEND_AST_H

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace talweg::ast {

/// A range of bytes [begin, end) of source number `file` (0: the user's file, 1…: the embedded library).
struct Range {
  int file = 0;
  int begin = 0, end = 0;
};

struct Name {
  std::string text;
  Range range;
};

/// The greatest height of an expression, and the depth of nested blocks and brackets.
inline constexpr int maxHeight = 500, maxNesting = 256;

//===-- expressions ------------------------------------------------------------------------------------------------===//

struct Expr;
struct Stmt;
using ExprPtr = std::unique_ptr<Expr>;
using Block = std::vector<std::unique_ptr<Stmt>>;

/// `value` or `name = value`.
struct Argument {
  Name name; ///< text is empty for a positional argument
  ExprPtr value;
};

/// One position of an index list: `i`, `i*stride + u`, `..b`, `..`, `:`, `1..t`, `1..`, `..5`.
struct Index {
  enum Kind { Value, Rest, All, Slice } kind = Value;
  ExprPtr value;    ///< Value
  Name rest;        ///< Rest: the name after `..`; empty: the dimensions that the others leave, whole
  ExprPtr from, to; ///< Slice: its ends; null: those of the dimension
  Range range;
};

enum class BinaryOp { Add, Sub, Mul, Div, Mod, Pow, Eq, Ne, Lt, Le, Gt, Ge, And, Or };
enum class UnaryOp { Neg, Not };

struct Expr {
  enum Kind {
    Number, ///< number, isInteger
    String, ///< text
    Ident,  ///< text
    List,   ///< items: [a, b, c]
    Unary,  ///< unary, lhs
    Binary, ///< binary, lhs, rhs
    Access, ///< lhs[indices]
    Call,   ///< lhs(arguments)
    Pipe,   ///< lhs |> rhs; rhs is a Call or an Ident
    If,     ///< if lhs then rhs else other
    Reduce, ///< text[indices](lhs): sum[i, j](…), mean[..b](…), max[u < size](…); an index is a name (Value: Ident), a
            ///< name with its range (Value: Binary Lt of Ident and any expression) or Rest
    Range,  ///< lhs..rhs: `for l in 0..6`, `rows = 0..100`
  } kind;
  ast::Range range;
  int height = 1; ///< of the tree below; the parser admits none higher than maxHeight, so recursion over it is safe
  double number = 0;
  bool isInteger = false;
  std::int64_t integer = 0;
  std::string text;
  UnaryOp unary = UnaryOp::Neg;
  BinaryOp binary = BinaryOp::Add;
  ExprPtr lhs, rhs, other;
  std::vector<ExprPtr> items;
  std::vector<Index> indices;
  std::vector<Argument> arguments;
};

//===-- types ------------------------------------------------------------------------------------------------------===//

/// `f32[n, 64]`, `f32[..b, i]`, `class[10]`, `class[v][n, t]`, `f32`, `int`, `float`, `schedule`; a missing annotation has an empty element.
struct Type {
  Name element;               ///< f32 f64 i32 u8 bool class int float string schedule
  std::vector<Index> classes; ///< of `class`: what stands in its first brackets
  bool hasShape = false;
  std::vector<Index> dims; ///< Value (any expression over dimension names and constants) or Rest
  Range range;
};

/// A parameter of a definition: `out: int`, `x: f32[..b, i]`, `eps = 1e-5`. What a scan carries: `h: f32[n, hidden] = 0`, `h = first`.
struct Formal {
  Name name;
  Type type;
  ExprPtr value; ///< default or start; or null
};

//===-- statements -------------------------------------------------------------------------------------------------===//

struct Stmt {
  enum Kind {
    Expr,    ///< value; the last one of a body is its result
    Define,  ///< target = value, target[indices] = value
    Update,  ///< target -= value, target += value … (in update rules); binary tells which. Or target[indices] += value
    Param,   ///< param target: type = value
    State,   ///< state target: type = value (type may be absent in update rules)
    Repeat,  ///< repeat value { body }
    For,     ///< for target in value { body }
    Scan,    ///< scan target in value [reversed [if condition]] [with carried, …] { body }
    Emit,    ///< emit value, emit target = value, emit target[indices] = value: directly in the body of a scan
    Require, ///< require value, require value in bounds, each perhaps with a reason: `, "text"`
    // only in `train`:
    Minimize,  ///< minimize [target =] value [over "pattern", …] [with rule] [every … steps]
    Metric,    ///< metric target = value, metric target[indices] = value
    Optimizer, ///< optimizer rule [for "pattern", …] [lazy]; a rule is a Call or Ident
    Freeze,    ///< freeze "pattern", …
    Save,      ///< save "pattern", …
    Clip,      ///< clip norm value [for "pattern", …]; target is `norm` or `value`
    Keep,      ///< keep best [min target], keep best max target: unit is `min`, `max` or empty
    Setting,   ///< batch 32, epochs 20, steps 2000, seed 1, validate every 250 steps: target names it, value its number
               ///< and, after `every`, unit is `steps` or `epochs`
    Average,   ///< average rule [for "pattern", …]
    EarlyStop, ///< early_stop [min target] patience value; unit as of Keep
    StopWhen,  ///< stop when value
    Budget,    ///< budget value unit
    OnNan,     ///< on nan target [value]
  } kind;
  Range range;
  Name target;
  Name unit;
  bool lazy = false;     ///< of Optimizer
  bool reversed = false; ///< of Scan
  /// Define or Metric with an index list (perhaps empty): names, `i < size`, Rest, as in Reduce; Update with such, and with `bucket[n]`,
  /// `bucket[n] < size`
  bool indexed = false;
  std::vector<Index> indices;
  int turnAt = -1; ///< of Emit with an index list: where the scan's turn stands in it; `indices` are the others
  BinaryOp binary = BinaryOp::Add;
  Type type;
  ExprPtr value, bounds, rule, every;
  ExprPtr condition;           ///< of Scan: whether it is reversed; null: `reversed` says
  std::vector<Formal> carried; ///< of Scan
  Block body;
  std::vector<Name> patterns; ///< text without quotes
  std::string reason;         ///< likewise
};

//===-- declarations -----------------------------------------------------------------------------------------------===//

/// A field or a split of a `data` declaration.
struct DataField {
  Name name;
  Type type;
  ExprPtr
      source; ///< optional `= column("label")`, `= column(3)`: where the values come from; null: by order or by name
};
struct DataSplit {
  Name name;      ///< train, test, …
  ExprPtr source; ///< csv("file", …), idx("images", "labels"), rows(…)
};

struct Decl {
  enum Kind { Fn, Layer, Model, Optimizer, Schedule, Data, Train, Config, Derivative, Average } kind;
  Range range;
  std::string doc; ///< the `//` lines directly above
  Name name;
  std::vector<Formal> formals;
  Type result;
  Block body;
  std::vector<DataField> fields;
  std::vector<DataSplit> splits;
  Name data;     ///< Train: the data set's name; `name` is the model's
  ExprPtr value; ///< Config: config lr = 0.1
  Type type;     ///< Config: optional
  Name given;    ///< Derivative of the function `name` by its parameters `formals`: the cotangent of its result

  /// Is it how a parameter follows from its gradient, or an average from its parameter?
  bool isUpdateRule() const { return kind == Optimizer || kind == Average; }
};

struct File {
  std::vector<std::unique_ptr<Decl>> decls;
};

} // namespace talweg::ast

#endif
