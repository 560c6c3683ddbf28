// Layers with parameters of their own, and the variables of the program: parameters, states, optimizers' slots. Paths are stable: a body that
// runs again finds the instances that it made.
#ifndef TALWEG_LIB_FRONTEND_INSTANCES_H
#define TALWEG_LIB_FRONTEND_INSTANCES_H

#include "Value.h"

#include "talweg/Support/Manifest.h"

#include "mlir/IR/BuiltinTypes.h"

#include <deque>

namespace talweg::frontend {

/// A parameter, a state or an optimizer's slot.
struct DeclaredVariable {
  std::string name; ///< `Mlp.dense_0.weight`
  Role role = Role::Parameter;
  Dims dims;
  ElementType declared = ElementType::F32;
  mlir::RankedTensorType type;   ///< as it is stored
  mlir::Operation *op = nullptr; ///< its train.variable
  mlir::Value current;           ///< its value at this point of the objective; of a state, as it is stored
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
  std::map<std::string, DeclaredVariable *> variables;

  /// The path of what is called `name` in it.
  std::string pathOf(const std::string &name) const { return path.empty() ? name : path + "." + name; }
  /// `dense_0`, `dense_1`, … in the order of calls.
  std::string nextName(const std::string &layer) { return layer + "_" + std::to_string(counters[layer]++); }
  void enter() {
    ++run;
    counters.clear();
  }
};

/// While it lives, an instance's body has two branches of which a mode runs one: the second calls the layers that the first has called.
class Alternatives {
public:
  /// Null: the body has no layers.
  explicit Alternatives(Instance *instance);
  void beginSecond();
  ~Alternatives();

private:
  Instance *instance;
  std::map<std::string, int> before, afterFirst; ///< counters
  std::vector<Instance *> ofFirst;               ///< called in the first branch
};

class Instances {
public:
  Instance &root() { return top; }
  /// The instance of `decl` that `parent` calls `name`: the one of its last run, or a new one; `name_2`, … where this run has used
  /// the name. `isOne`: there is a single one however often it is called.
  Instance &instantiate(Instance &parent, const std::string &name, const ast::Decl &decl, ast::Range place, bool isOne);

  /// Adds a variable, whose name is new.
  DeclaredVariable &add(DeclaredVariable variable);
  const DeclaredVariable *find(const std::string &name) const;
  std::deque<DeclaredVariable> &variables() { return all; }
  const std::deque<DeclaredVariable> &variables() const { return all; }

private:
  Instance top;
  std::deque<DeclaredVariable> all;
  std::map<std::string, DeclaredVariable *> byName;
};

} // namespace talweg::frontend

#endif
