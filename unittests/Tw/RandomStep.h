// Training programs made by chance, as the frontend would leave them: fields, parameters, states, an optimizer, and a graph
// of tw ops grown from a table of makers (OpMakers.cpp).
//
// The generator evaluates what it makes, and takes back what would tell nothing: numbers that are not finite or large, and
// values that rounding alone may change much.
#ifndef TALWEG_UNITTESTS_TW_RANDOMSTEP_H
#define TALWEG_UNITTESTS_TW_RANDOMSTEP_H

#include "../Support/Chance.h"
#include "Evaluate.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <map>
#include <string>

namespace talweg::random {

/// p' = p - lr s, where s is the gradient, or what the rule keeps of gradients.
enum class Rule { Plain, Momentum, Adam };

/// What a program computes from.
struct Inputs {
  std::map<std::string, Tensor> variables;
  std::map<std::string, Tensor> after; ///< read behind the loss that updates them
  std::vector<Tensor> batch;           ///< the rows of each field
  std::int64_t step = 0, seed = 0;

  /// The value of a block argument or of an op of the train dialect.
  Tensor operator()(mlir::Value value) const;
};

/// A tw.gradient and the value of the ops that it stands for.
struct Derivative {
  mlir::Value y, dy, x, dx;
};

struct RandomStep {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::int64_t batch = 1, rows = 1;
  Rule rule = Rule::Plain;
  std::vector<std::vector<double>> fields; ///< all rows of each field
  std::string makers;                      ///< what it was grown from
  std::vector<Derivative> derivatives;     ///< of an expanded one

  train::ProgramOp program() const { return *module.get().getOps<train::ProgramOp>().begin(); }
  RandomStep copy() const;
  /// The same with the ops that its tw.gradients stand for.
  RandomStep expanded() const;
  llvm::SmallVector<train::MinimizeOp> losses() const;
  /// What a step tells, the losses first.
  llvm::SmallVector<train::ReportOp> told() const { return train::toldBy(objective()); }
  mlir::Value loss() const { return told()[0].getValue(); }
  train::ObjectiveOp objective() const { return *program().getOps<train::ObjectiveOp>().begin(); }
  /// Rows `first` to `first + batch` of every field.
  std::vector<Tensor> batchAt(std::int64_t first) const;
  std::string text() const;
};

constexpr double kLearningRate = 0.5, kMomentum = 0.5, kSecondMomentum = 0.75, kAdamFloor = 0.25;

/// What is asked of a program.
struct Wishes {
  llvm::ArrayRef<llvm::StringRef> makers; ///< by name: their ops are there, once for each mention
  bool losses = false;                    ///< two of them, with clips and norms
  bool isDouble = false;                  ///< in f64
};
RandomStep makeStep(mlir::MLIRContext &context, Chance &chance, const Wishes &wishes = {});

class Maker;

/// A maker of one kind of ops: gives a float value, or null where it finds nothing to start from.
struct OpMaker {
  const char *name;
  int weight;
  mlir::Value (*make)(Maker &);
};
llvm::ArrayRef<OpMaker> opMakers();

/// Grows one program. Makers use what is public.
class Maker {
public:
  Maker(RandomStep &step, Chance &chance);

  Chance &chance;
  mlir::OpBuilder b;
  mlir::Location loc;
  mlir::Type element; ///< f32 or f64

  void grow(std::int64_t ops);
  /// Ops of this maker, for sure.
  void grow(const OpMaker &maker);
  void finish(bool severalLosses);

  //===-- where values come from ---------------------------------------------------------------------------------===//

  /// A float value of the program, often a late or an unused one.
  mlir::Value any();
  mlir::Value anyOfRank(std::size_t least);
  /// One of a shape: another value, or a parameter.
  mlir::Value ofShape(const Shape &shape);
  /// A learnt tensor, sometimes one that there is.
  mlir::Value parameter(const Shape &shape);
  /// A literal whose elements differ.
  mlir::Value literal(const Shape &shape);
  mlir::Value all(const Shape &shape, double number);
  /// What a maker makes where `x` is the only value so far.
  mlir::Value madeOf(mlir::Value x, mlir::Value (*make)(Maker &));
  /// Small, around the lengths of vectors, or 1; together at most `most` elements.
  std::int64_t extent();
  Shape shape(std::size_t rank, std::int64_t most = kMostElements);
  /// Makes in a turn of a loop, where `values` are what there is to read. What `make` gives.
  bool inTurn(mlir::Block &body, std::vector<mlir::Value> values, llvm::function_ref<bool()> make);
  /// The turns of the loops around, the innermost last.
  std::vector<mlir::Value> turns;
  /// A value of some ops in a turn, or null.
  mlir::Value grown(std::int64_t ops);
  void offer(mlir::Value value) { pool.push_back(value); }
  /// What random numbers are made from.
  mlir::Value key();
  /// The labels of the batch: [batch], each below `classes`.
  mlir::Value labels() const { return labelValues; }
  std::int64_t classes = 0, batch = 0;
  /// What the program's tw.gradients are to be (finishDerivatives): dx is a tw.watch of the value.
  std::vector<Derivative> derivatives;

  /// What a value is on the first batch.
  const Tensor &known(mlir::Value value) { return evaluation.of(value); }
  void know(mlir::Value value, Tensor tensor) { evaluation.put(value, std::move(tensor)); }
  void forgetAll() { evaluation.forgetAll(); }
  struct Range {
    double least, greatest, leastSize;
  };
  Range rangeOf(mlir::Value value);
  /// Finite, not large, and known to some digits.
  bool isTelling(mlir::Value value);

  //===-- ops ----------------------------------------------------------------------------------------------------===//

  template <typename Op>
  mlir::Value unary(mlir::Value x) {
    return Op::create(b, loc, x.getType(), x);
  }
  template <typename Op>
  mlir::Value binary(mlir::Value x, mlir::Value y) {
    return Op::create(b, loc, x.getType(), x, y);
  }
  mlir::Value scale(mlir::Value x, double by) { return binary<tw::MulOp>(x, all(shapeOf(x), by)); }
  mlir::Value compare(tw::Predicate predicate, mlir::Value x, mlir::Value y);
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y) {
    return tw::SelectOp::create(b, loc, x.getType(), condition, x, y);
  }
  mlir::Value window(mlir::Value x, const Shape &shape, mlir::AffineMap map) {
    return tw::WindowOp::create(b, loc, typeOf(shape, x), x, map);
  }
  /// x repeated over the other dims of `shape`: its own are `dims`.
  mlir::Value spread(mlir::Value x, const Shape &shape, llvm::ArrayRef<unsigned> dims);
  mlir::Value reduce(tw::Reduction kind, mlir::Value x, llvm::ArrayRef<std::int64_t> dims);
  mlir::Value reshape(mlir::Value x, const Shape &shape) { return tw::ReshapeOp::create(b, loc, typeOf(shape, x), x); }
  mlir::Value concat(llvm::ArrayRef<mlir::Value> parts, std::size_t dim);
  mlir::Value pad(mlir::Value x, llvm::ArrayRef<std::int64_t> low, llvm::ArrayRef<std::int64_t> high, double value);
  mlir::Value convert(mlir::Value x, mlir::Type to);

  mlir::RankedTensorType type(const Shape &shape) { return mlir::RankedTensorType::get(shape, element); }
  static mlir::RankedTensorType typeOf(const Shape &shape, mlir::Value like) {
    return mlir::RankedTensorType::get(shape, mlir::getElementTypeOrSelf(like));
  }

  static constexpr std::int64_t kMostElements = 600;

private:
  RandomStep &step;
  Inputs inputs;
  Evaluation evaluation;
  std::vector<mlir::Value> pool;
  mlir::Value labelValues;
  std::int64_t variables = 0;

  train::VariableOp declare(Role role, const std::string &name, mlir::DenseElementsAttr initial);
  mlir::DenseElementsAttr draw(const Shape &shape);
  mlir::Value addVariable(Role role, const Shape &shape);
  void leaveLoops();
  const OpMaker &drawMaker();
  bool attempt(const OpMaker &maker);
  void takeBack(mlir::Operation *last, train::VariableOp lastVariable);
  mlir::Value lossOf(mlir::Value leaf);
  bool isReached(train::GetOp get, mlir::Value loss);
  void finishDerivatives();
  void addSlots(train::VariableOp parameter);

  // Objectives.cpp
  struct Loss {
    std::string name;
    mlir::Value value;
    std::vector<std::string> over;
  };
  void finishLosses(llvm::ArrayRef<mlir::Value> leaves);
  void addTo(Loss &loss, mlir::Value leaf);
  void share(llvm::MutableArrayRef<Loss> losses, bool mayShare);
  void readAgain(const Loss &from, Loss &to);
  void minimize(Loss &loss, const std::vector<std::string> &shared);
  void tellNorms(const std::vector<std::string> &measurable);
  std::vector<std::string> some(const std::vector<std::string> &of);
};

} // namespace talweg::random

#endif
