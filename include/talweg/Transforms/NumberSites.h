// What a traced program tells of its numbers (talweg-trace-numbers), for those who look for the first that is not finite.
#ifndef TALWEG_TRANSFORMS_NUMBERSITES_H
#define TALWEG_TRANSFORMS_NUMBERSITES_H

#include "talweg/Support/Manifest.h"

#include "mlir/IR/Location.h"
#include "mlir/Pass/Pass.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace talweg {

/// The least and the greatest number of a value: both are nan if one of its numbers is. Of no numbers: inf and -inf.
struct NumberRange {
  double least = std::numeric_limits<double>::infinity(), greatest = -std::numeric_limits<double>::infinity();

  bool hasNan() const { return std::isnan(least); }
  bool isEmpty() const { return least > greatest; }
  bool isFinite() const { return isEmpty() || (std::isfinite(least) && std::isfinite(greatest)); }
  void take(const NumberRange &other) {
    if (hasNan())
      return;
    least = other.hasNan() ? other.least : std::min(least, other.least);
    greatest = other.hasNan() ? other.least : std::max(greatest, other.greatest);
  }
  void take(double number) { take(NumberRange{number, number}); }
};

/// Where something stands in a source; nothing: line 0. `endColumn` is behind it, 0 if that is in another line.
struct SourcePlace {
  std::string file;
  std::int64_t line = 0, column = 0, endColumn = 0;
};

/// A loop of the program, of layers or over time.
struct NumberLoop {
  std::int64_t turns = 1;
  bool reversed = false;    ///< the last turn comes first
  std::int64_t first = 0;   ///< turns of the text's loop in front of those of this one
  bool ofBlocks = false;    ///< each turn is a block of turns of the text's loop, those of the loop inside it
  mlir::LocationAttr where; ///< as long as the module
  SourcePlace place = {};   ///< read off it by who runs the pass
};

/// A value of floats.
struct NumberSite {
  enum class Kind : std::uint8_t {
    Operation,
    Constant, ///< `range` is known
    Variable, ///< as the batch finds it
    Field,    ///< of this batch
    Setting,  ///< given from outside: a hyper-parameter
    Combined, ///< what parts of a step have told
    Slice,    ///< of its operand, one in each turn
    Carried,  ///< in the first turn its first operand, then what the turn before left, its second one
    End,      ///< of its operand in the last turn
    Emitted,  ///< its operand in all turns
  };

  Kind kind = Kind::Operation;
  std::string what; ///< the operation, in words; or the name of the variable, field or setting
  Part part = Part::Forward;
  std::string variable;                  ///< of an update: the parameter
  mlir::LocationAttr where;              ///< as long as the module
  SourcePlace place = {};                ///< read off it by who runs the pass
  int entry = 0;                         ///< in which of the program's objectives it is
  std::vector<int> loops = {};           ///< in which of the loops it is, the outermost first
  std::vector<int> positions = {};       ///< its op in the objective, then in the body of each loop
  std::vector<int> operands = {};        ///< sites; those that are no floats are left out
  std::vector<std::string> members = {}; ///< Variable: of a stack, those of its slices
  bool isState = false;                  ///< Variable: of that role
  std::int64_t count = 0;                ///< elements
  NumberRange range = {};                ///< Constant
  std::int64_t combined = 0;             ///< Combined: its place among those
  /// Where in what its entry tells of a batch the least is, of each turn of all loops, the last one fastest; behind these are the greatest. No
  /// numbers: it is not computed in this step. -1: nothing is told: the host knows it, or it follows from operands (an Operation has the elements
  /// of its operand).
  std::int64_t at = -1;
};

struct NumberSites {
  /// What a step is for: a loss, or what a variable becomes; or a norm.
  struct Outcome {
    std::string name;
    int entry = 0, site = -1;
  };
  /// What a part tells at a place among all that is combined.
  struct Partial {
    std::int64_t at = 0;
    int site = -1;
  };

  std::vector<NumberSite> sites; ///< operands in front, but for what turns hand on
  std::vector<NumberLoop> loops;
  std::vector<Outcome> losses, variables,
      norms; ///< norms: those that gradients are clipped by, which are required to be finite
  std::vector<Partial> partials;
  std::vector<std::int64_t> widths; ///< of each entry: numbers that it tells of a batch
};

/// talweg-trace-numbers; `sites` is then what the program tells.
std::unique_ptr<mlir::Pass> createTraceNumbers(NumberSites &sites);

} // namespace talweg

#endif
