// How much a program may make the elaborator do. A limit that is exceeded is told once, and nothing is evaluated afterwards.
#ifndef TALWEG_LIB_FRONTEND_LIMITS_H
#define TALWEG_LIB_FRONTEND_LIMITS_H

#include "Messages.h"

namespace talweg::frontend {

class Limits {
public:
  /// Expressions evaluated for one program: what bounds a program that unrolls itself.
  static constexpr int mostEvaluations = 1'000'000;
  /// Nesting of evaluations, through expressions and calls together, and of calls: bodies that call themselves end there.
  static constexpr int deepest = 6000, deepestCall = 200;

  explicit Limits(Messages &messages) : messages(messages) {}

  bool exceeded() const { return over; }
  /// One expression more. False: that is too many.
  bool spend(ast::Range range) {
    if (!over && ++spent > mostEvaluations)
      exceed(Code::TooMuchUnrolled, range,
             "the program unrolls to more than " + std::to_string(mostEvaluations) + " expressions");
    return !over;
  }

  /// One level of evaluation deeper, for as long as the scope lasts. False: that is too deep.
  class Level {
  public:
    Level(Limits &limits, ast::Range range) : kept(limits.depth, limits.depth + 1), good(limits.depth <= deepest) {
      if (!good)
        limits.exceed(Code::TooDeepCalls, range, "the evaluation nests too deeply");
    }
    explicit operator bool() const { return good; }

  private:
    llvm::SaveAndRestore<int> kept;
    bool good;
  };

  /// May `callee` be called here? The body then runs within a CallLevel.
  bool admitCall(const std::string &callee, ast::Range range) {
    if (callDepth < deepestCall)
      return true;
    exceed(Code::TooDeepCalls, range,
           "calls nest more than " + std::to_string(deepestCall) + " deep, in the call to " + callee);
    return false;
  }
  class CallLevel {
  public:
    explicit CallLevel(Limits &limits) : kept(limits.callDepth, limits.callDepth + 1) {}

  private:
    llvm::SaveAndRestore<int> kept;
  };

private:
  void exceed(Code code, ast::Range range, std::string message) {
    if (!over)
      messages.fail(code, range, std::move(message));
    over = true;
  }

  Messages &messages;
  int spent = 0, depth = 0, callDepth = 0;
  bool over = false;
};

} // namespace talweg::frontend

#endif
