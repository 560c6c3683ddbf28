// Where numbers that are not finite come from.
//
// Code that tells the range of all that it computes is made only where a step is traced: nothing of it is in what trains.
#ifndef TALWEG_ENGINE_TRACENUMBERS_H
#define TALWEG_ENGINE_TRACENUMBERS_H

#include "talweg/Engine/Engine.h"

namespace talweg {

/// A value that a step computes or is given, and the numbers of it together: in loops, of the turn that is told.
struct TracedValue {
  enum class Kind : std::uint8_t { Operation, Constant, Variable, Field, Setting };
  Kind kind = Kind::Operation;
  std::string
      what; ///< the operation, in words (`log`, `divide`, `sum of products`), or the name of the variable, field or setting
  Part part = Part::Forward;
  std::string variable; ///< of an update: the parameter
  std::string file;     ///< of the source; empty if it is not known, and then line and column are 0
  std::int64_t line = 0, column = 0,
               endColumn = 0;     ///< the last is behind the expression, 0 if that ends in another line
  std::string source;             ///< that line's text, if the file is the program's
  std::string expression;         ///< what stands there, of several lines the first
  double least = 0, greatest = 0; ///< both nan where one of the numbers is
  std::int64_t count = 0;         ///< how many numbers it has
};

/// A turn of a loop: of layers, or over time.
struct TracedTurn {
  std::string file;
  std::int64_t line = 0;
  std::int64_t turn = 0, turns = 1; ///< from 0
};

/// A field of the data, in the rows of a step.
struct TracedField {
  TracedValue value;
  std::int64_t row = 0; ///< of the data: where the number is that is greatest in magnitude
  std::string where;    ///< that row as its file counts it: `row 7 of rows.csv`
};

/// The first value in a step that is not finite, though all that it is computed from is, of those that led to a loss, or an update, that is not
/// finite. (A constant that is infinite, and a state, are taken for what was meant.)
struct NumberTrace {
  std::int64_t step = 0; ///< 1 for the first step of the run
  std::string outcome;   ///< the loss, the norm that gradients are clipped by, or the variable, that is not finite
  bool isLoss = true;    ///< or a norm
  /// Of kind Operation: that is it. Variable: it was not finite before the step. Constant: infinite constants alone lead to the outcome.
  TracedValue first;
  std::vector<TracedValue> operands; ///< of an operation, but for conditions and whole numbers
  std::vector<TracedTurn> turns;     ///< of the loops in which it is, the outermost first
  std::vector<TracedField> fields;   ///< from which it is computed
};

/// Traces the step that comes next, on a copy of the session's variables: the session stays where it is. Nothing: its losses and updates are finite, or
/// the plan is done. The code for it is compiled now, with no limit of memory. Needs training data; fails as the step would for any other reason.
TALWEG_API Result<std::optional<NumberTrace>> traceStep(Session &session);

/// Trains on to the first step of which a loss, or a norm that gradients are clipped by, is not finite, or that leaves numbers that are not finite in a
/// variable that had none: then, with true, the session stands in front of that step. What the plan does there (OnNan) is not done. False: training has
/// returned for another reason, as Session::train does with these options; onChunk may be told of steps that are taken back.
TALWEG_API Result<bool> trainToNotFinite(Session &session, const TrainOptions &options = {});

} // namespace talweg

#endif
