// The elaborator: walks the tree and instantiates everything at static shapes, as C++ does with templates. A call runs
// the callee's body with its arguments; what remains in the module are tensor operations.
//
// In:  the tree of the user's file and of the library, the options.
// Out: the plan, or a module with one train.program. Every mistake found is in the Diagnostics; a value that could not be
//      computed is Poison, so that one mistake gives one message and elaboration goes on.
//
// The class is spread over files by subject: Elaborator.cpp (names, messages, statements), Requirements.cpp, Expressions.cpp, Tensors.cpp
// (operands brought together), Reductions.cpp, IndexUses.cpp and Indexing.cpp (index notation), Types.cpp (dimensions and
// their unification), Calls.cpp, Builtins.cpp, Variables.cpp (parameters and states), TrainBlock.cpp, Optimizers.cpp,
// DataPlan.cpp.
#ifndef TALWEG_LIB_FRONTEND_ELABORATOR_H
#define TALWEG_LIB_FRONTEND_ELABORATOR_H

#include "Numbers.h"
#include "Value.h"

#include "talweg/Frontend/Diagnostics.h"
#include "talweg/Frontend/Plan.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/MapVector.h"

#include <deque>
#include <set>

namespace talweg::tw {
struct Function;
}

namespace talweg::frontend {

//===-- the state of elaboration -----------------------------------------------------------------------------------===//

/// A parameter, a state or an optimizer's slot.
struct Variable {
  std::string name; ///< `Mlp.dense_0.weight`
  Role role = Role::Parameter;
  Dims dims;
  mlir::RankedTensorType type;
  mlir::Operation *op = nullptr; ///< its train.variable
  mlir::Value current;           ///< its value at this point of the objective
  bool assigned = false;         ///< a body has given it a new value
  ast::Range place;
};

/// A layer with its own parameters. Names below it are the same whenever it is called again.
struct Instance {
  std::string path;
  const ast::Decl *decl = nullptr;
  ast::Range place;
  int run = 0;     ///< how often its body has been entered
  int usedIn = -1; ///< the parent's run it was last called in
  std::map<std::string, int> counters;
  std::map<std::string, std::unique_ptr<Instance>> children;
  std::map<std::string, Variable *> variables;
};

/// An index name in scope: one variable, or (rest) several, once their number is known.
struct IndexBinding {
  std::string name;
  bool rest = false, resolved = false;
  std::vector<IndexVar *> vars;
  ast::Range place;
};

/// What is known about the index variables of one statement (or of one reduction that stands alone).
struct IndexStatement {
  std::map<const ast::Expr *, Value> known; ///< values already computed: bases of accesses, constant conditions
  llvm::MapVector<const ast::Expr *, std::vector<std::shared_ptr<IndexBinding>>>
      reductions; ///< in the order of the text
  IndexSolver solver;
  std::size_t outer = 0; ///< index names in scope before this statement
  bool broken = false;   ///< a place could not be understood (reported): ranges may be missing
  /// Accesses to values that themselves range over indices, with the names in scope there.
  std::deque<std::pair<const ast::Expr *, std::vector<std::shared_ptr<IndexBinding>>>> deferred;
};

/// The body being elaborated.
struct Frame {
  Frame *caller = nullptr;
  const ast::Decl *decl = nullptr;
  std::string callee; ///< for "in the call to …"; empty at the top
  ast::Range callSite;
  Instance *instance = nullptr;
  std::map<std::string, Value> locals;                ///< names, dimensions (`n`) and rests (`..b`)
  std::map<std::string, Variable *> states;           ///< assignable names
  std::vector<std::shared_ptr<IndexBinding>> indices; ///< innermost last
  IndexStatement *statement = nullptr;
  const ast::Stmt *definition = nullptr; ///< whose right side is evaluated
  std::vector<IndexVar *> ambient;       ///< what the arguments range over: each of these has its own random numbers
  std::string leftName;                  ///< the definition's name, for the layer on its right
  std::string loopSuffix;                ///< `_2` in the third turn of a loop
  const std::set<std::string> *beforeLoop = nullptr; ///< names that existed when the outermost loop began
};

/// Where random numbers come from: the objective's key, or a variable's initial value's.
struct RandomSource {
  mlir::Value key;
  std::string path; ///< of the variable; empty in the objective
  int uses = 0;
};

/// Operands brought to one element type and one shape.
struct Aligned {
  std::vector<IndexVar *> vars;
  Dims dims;
  bool weak = false, unranked = false;
  mlir::Type element;
};

struct Operand {
  const Value *value;
  const ast::Expr *expr; ///< for the message; may be null
};

/// An argument of a call, evaluated.
struct Given {
  ast::Name name; ///< empty for a positional one
  Value value;
  ast::Range range;
  const ast::Expr *expr = nullptr;
};

class Elaborator;
struct Required;

/// An error being described; notes of the calls that lead to it are added when it is complete. Converts to Poison.
class Failure {
public:
  Failure(Elaborator &elaborator, Diagnostic &diagnostic) : elaborator(elaborator), diagnostic(diagnostic) {}
  ~Failure();
  Failure(const Failure &) = delete;
  Failure &line(std::string text) { return diagnostic.line(std::move(text)), *this; }
  Failure &note(ast::Range at, std::string text);
  Failure &help(std::string text) { return diagnostic.help(std::move(text)), *this; }
  Failure &didYouMean(const std::string &name) { return diagnostic.didYouMean(name), *this; }
  operator Value() const { return Value(); }

private:
  Elaborator &elaborator;
  Diagnostic &diagnostic;
};

//===-- the elaborator ---------------------------------------------------------------------------------------------===//

class Elaborator {
public:
  /// `ofPrediction` gets what speaks against predictions only.
  Elaborator(mlir::MLIRContext &context, const Sources &sources, const std::vector<ast::File> &files,
             Diagnostics &diagnostics, Diagnostics &ofPrediction, const Options &options);
  ~Elaborator();

  /// The module. With errors in the diagnostics: null; what can be elaborated in spite of errors in the plan is, to find more.
  mlir::OwningOpRef<mlir::ModuleOp> build();

  const std::deque<Variable> &declaredVariables() const { return variables; }

private:
  friend class Failure;
  friend struct FrameScope;

  //--- messages and names (Elaborator.cpp)
  Failure fail(Code code, ast::Range range, std::string message);
  void addCallChain(Diagnostic &diagnostic);
  /// Tells how a requirement is written, where `name` is taken for one's first word.
  void helpRequirement(Failure &failure, const std::string &name);
  mlir::Location location(ast::Range range);
  const ast::Decl *findDecl(const std::string &name, int file) const;
  std::vector<std::string> namesInScope(bool functions) const;
  bool checkDeclarations();
  void evaluateConfigs();
  bool spend(ast::Range range);
  bool isVisible(mlir::Value value);

  //--- statements (Elaborator.cpp)
  /// Runs a body; the value of its last statement. `result`: its declared type, whose dimensions are used as far as they are known; or null.
  Value runBody(const ast::Block &body, const ast::Type *result);
  Value runStatement(const ast::Stmt &stmt, const ast::Type *result);
  Value define(const ast::Stmt &stmt, const ast::Type *result);
  void assign(const ast::Name &target, Value value, ast::Range range);
  void runLoop(const ast::Stmt &stmt);

  //--- requirements (Requirements.cpp)
  void require(const ast::Stmt &stmt);
  Required requiredRange(const ast::Stmt &stmt);
  Required requiredCondition(const ast::Expr &expr);
  void emitRequirement(const ast::Stmt &stmt, const Required &required);

  //--- expressions (Expressions.cpp)
  Value eval(const ast::Expr &expr);
  Value evalUncached(const ast::Expr &expr);
  /// The value of a name; of one that is indexed, `isBase`.
  Value evalIdent(const ast::Expr &expr, bool isBase = false);
  Value evalUnary(const ast::Expr &expr);
  Value evalBinary(const ast::Expr &expr);
  Value evalIf(const ast::Expr &expr);
  Value builtinValue(const std::string &name, ast::Range range, bool &found);
  Value binary(ast::BinaryOp op, const Value &a, const Value &b, ast::Range range, const ast::Expr *lhs,
               const ast::Expr *rhs);
  Value logical(ast::BinaryOp op, const Value &a, const Value &b, ast::Range range);
  Value select(const Value &condition, const Value &a, const Value &b, const ast::Expr &expr);
  Value power(const Value &a, const Value &b, ast::Range range, const ast::Expr *lhs, const ast::Expr *rhs);
  std::optional<std::int64_t> evalInteger(const ast::Expr &expr, const char *what);

  //--- tensors (Tensors.cpp)
  mlir::Type floatType() const;
  /// Is it a finite number also as the program's f32?
  bool isFinite(double value) const;
  /// `what` is a finite number, and cannot be what `instead` says.
  void failNotFinite(Code code, ast::Range range, const std::string &what, const std::string &instead);
  mlir::RankedTensorType tensorType(const std::vector<IndexVar *> &vars, const Dims &dims, mlir::Type element);
  /// False (reported): the tensor would be too large or a size is negative.
  bool checkSize(const std::vector<IndexVar *> &vars, const Dims &dims, ast::Range range);
  mlir::Value constant(Number number, mlir::Type type, ast::Range range);
  mlir::Value convert(mlir::Value value, mlir::Type element, ast::Range range);
  Tensor converted(const Tensor &tensor, mlir::Type element, ast::Range range);
  mlir::Value spread(const Tensor &tensor, const std::vector<IndexVar *> &vars, const Dims &dims, bool unranked,
                     ast::Range range);
  std::string nameForResult(ast::Range range, const std::vector<std::string> &labels) const;
  bool unite(llvm::ArrayRef<Operand> operands, const std::string &what, ast::Range range, Aligned &out);
  bool promote(llvm::ArrayRef<Operand> operands, const Aligned &shape, bool toFloat, ast::Range range,
               mlir::Type &element);
  mlir::Value materialise(const Value &value, mlir::Type element, const Aligned &shape, ast::Range range);
  Value wrap(mlir::Value ssa, const Aligned &shape);
  mlir::Type typeOf(const Aligned &shape, mlir::Type element);
  mlir::Type elementOf(const Value &value);
  /// A number or hyper as a tensor (weak); tensors unchanged.
  Value asTensor(const Value &value, ast::Range range);
  Value reduce(std::string kind, const Tensor &tensor, const std::vector<IndexVar *> &over, bool overDims,
               ast::Range range);
  mlir::Value reduceOp(const std::string &kind, mlir::Value ssa, const std::vector<std::int64_t> &dims,
                       ast::Range range);
  Value unary(const tw::Function &function, const Value &x, ast::Range range);
  std::string describe(const Value &value) const;
  std::string describe(const Dims &dims) const;
  std::string elementName(mlir::Type type) const;

  //--- index notation (Indexing.cpp)
  Value evalIndexed(const ast::Stmt &stmt, const ast::Type *result);
  Value evalReduce(const ast::Expr &expr);
  Value evalAccess(const ast::Expr &expr);
  Value indexAsValue(IndexVar *var, ast::Range range);
  bool bindIndices(const std::vector<ast::Index> &list, IndexStatement &statement, bool reduction,
                   std::vector<std::shared_ptr<IndexBinding>> &out);
  void collect(const ast::Expr &expr);
  void collectAccess(const ast::Expr &expr);
  void collectUses(const ast::Expr &expr, const Value &value);
  bool checkAccess(const ast::Expr &expr, const Value &value);
  bool rangesKnown(const ast::Expr &expr) const;
  bool mentionsIndex(const ast::Expr &expr) const;
  const ast::Expr *unknownName(const ast::Expr &expr) const;
  const ast::Expr *unboundName(const ast::Expr &expr) const;
  void failUnbound(const std::string &shown, ast::Range range);
  std::optional<std::string> completedIndices(const ast::Expr &expr, std::size_t rank) const;
  IndexBinding *findIndex(const std::string &name) const;
  bool resolveRest(IndexBinding &binding, std::size_t count, ast::Range range);
  std::optional<IndexSum> readIndex(const ast::Expr &expr);
  std::optional<IndexSum> readConstantIndex(const ast::Expr &expr);
  std::optional<IndexUse> readUse(const ast::Index &index, std::int64_t extent);
  bool solve(IndexStatement &statement);
  bool lookAtDeferred(IndexStatement &statement);
  void tell(const IndexFault &fault);
  IndexVar *newVar(std::string name, bool rest, ast::Range place);

  //--- types (Types.cpp)
  std::optional<std::int64_t> evalDim(const ast::Expr &expr);
  std::optional<Dims> evalDims(const ast::Type &type);
  bool conform(const ast::Formal &formal, Value &value, const Given &given, const std::string &callee);
  bool unify(const ast::Type &type, const Tensor &tensor, const Given &given, const std::string &formal,
             const std::string &callee);
  bool conformResult(const ast::Decl &decl, Value &value, ast::Range range);
  /// The sizes of a declared result, where they are known already; empty: nothing is known.
  std::vector<std::optional<std::int64_t>> expectedSizes(const ast::Type &type);

  //--- calls (Calls.cpp)
  Value evalCall(const ast::Expr &call, const Given *piped, ast::Range range);
  Value evalPipe(const ast::Expr &expr);
  Value callDecl(const Callable &callable, std::vector<Given> arguments, ast::Range range, const std::string &name);
  bool bind(const ast::Decl &decl, const Callable &callable, std::vector<Given> &arguments, ast::Range range,
            std::map<std::string, Given> &bound, bool partial);
  Instance *instantiate(const ast::Decl &decl, ast::Range range);
  std::string nameFor(const ast::Decl &decl);
  int countLayers(const ast::Expr &expr) const;

  //--- built-in functions (Builtins.cpp)
  static bool isBuiltin(const std::string &name);
  static std::vector<std::string> builtinNames();
  Value callBuiltin(const std::string &name, std::vector<Given> &arguments, ast::Range range);
  Value plainReduction(const std::string &name, const Given &argument, ast::Range range);
  Value reshape(const Given &x, const Given &shape, ast::Range range);
  Value pad(std::vector<std::optional<Given>> &given, ast::Range range);
  Value random(const Given &shape, ast::Range range);
  std::optional<std::vector<Dim>> shapeArgument(const Given &shape, const char *what);

  //--- parameters and states (Variables.cpp)
  void declareVariable(const ast::Stmt &stmt);
  Variable *createVariable(const std::string &name, Role role, const Dims &dims, mlir::Type element, ast::Range place);
  bool initialise(Variable &variable, const ast::Expr *init, ast::Range range);
  mlir::Value read(Variable &variable, ast::Range range);

  //--- training (TrainBlock.cpp, Optimizers.cpp, DataPlan.cpp)
  void plan();
  void runTrain();
  void markOutput(const Value &output);
  void planOptimizers();
  void runOptimizers();
  void runOptimizer(const ast::Stmt &clause, int number, const std::vector<Variable *> &parameters);
  Value hyperRead(const Value &hyper, ast::Range range);
  /// False (reported): a learning rate that no program computes with.
  bool checkRate(const Value &rate, ast::Range range);
  void planData();
  void planSettings();
  Field planField(const ast::DataField &field);
  Split planSplit(const ast::DataSplit &split);

public:
  mlir::MLIRContext &context;
  const Sources &sources;
  const std::vector<ast::File> &files;
  Diagnostics &diagnostics, &ofPrediction;
  const Options &options;

private:
  Plan thePlan;
  bool canElaborate = false; ///< data, model and configs are as they must be
  std::map<std::string, Value> configs;
  std::map<std::string, const ast::Decl *> userDecls, stdDecls;
  const ast::Decl *trainDecl = nullptr, *dataDecl = nullptr, *modelDecl = nullptr;

  mlir::OpBuilder builder;
  Frame *frame = nullptr;
  Frame *reporting = nullptr; ///< whose calls a message tells, while arguments are matched
  std::deque<IndexVar> indexVars;
  std::deque<Variable> variables;
  std::map<std::string, Variable *> variablesByName;
  Instance root;
  RandomSource *randomSource = nullptr;
  int nextStream = 0;
  bool inDimension = false;  ///< `/` of integers rounds down, and names are dimensions, not indices
  bool initialising = false; ///< in a variable's initial value
  std::int64_t spent = 0;
  bool exhausted = false; ///< a limit was exceeded: no further message
  int depth = 0, callDepth = 0;
  const ast::Expr *literalRate = nullptr; ///< the plain number that is the hyper-parameter `lr`
  mlir::Operation *objective = nullptr;
  bool modelCalled = false; ///< by the train block
};

/// Enters a body; leaves it at the end of the scope.
struct FrameScope {
  FrameScope(Elaborator &elaborator, Frame &frame) : elaborator(elaborator), previous(elaborator.frame) {
    frame.caller = previous;
    elaborator.frame = &frame;
  }
  ~FrameScope() { elaborator.frame = previous; }
  Elaborator &elaborator;
  Frame *previous;
};

} // namespace talweg::frontend

#endif
