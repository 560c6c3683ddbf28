// What must hold of every random program, once it is compiled and has run for two steps.
#ifndef TALWEG_UNITTESTS_TW_CHECKSTEP_H
#define TALWEG_UNITTESTS_TW_CHECKSTEP_H

#include "RandomStep.h"

#include "talweg/Engine/Engine.h"

namespace talweg::random {

/// Empty if all is right, else what is wrong. The seed chooses directions and the number of threads.
using CheckOf = std::string (*)(const RandomStep &step, std::uint64_t seed);

/// Compared are, in each step: the losses and the metrics; what states keep; the gradient, as its product with a random
/// direction, which the evaluator finds without any rule of differentiation, and so each tw.gradient; what is made of the gradient by clips
/// and by the optimizer; norms. Scratch memory holds nan at the beginning of each step.
std::string checkValues(const RandomStep &step, std::uint64_t seed);

/// That derivatives of derivatives are right, by the dot-product test in the evaluator: of a program of f64.
std::string checkSecondDerivatives(const RandomStep &step, std::uint64_t seed);

/// That the loss, a product of its gradient and one of its second derivative are the same where what turns of loops have in common is lifted
/// out of them: in the evaluator, of a program of f64.
std::string checkLifted(const RandomStep &step, std::uint64_t seed);

/// That losses and variables are the same bits without a limit of memory, at the least memory, and, as the seed chooses, half-way,
/// with remarks or with a profile.
std::string checkBits(const RandomStep &step, std::uint64_t seed);

/// The bits themselves, of losses and variables, as one number to compare builds by.
std::string tellBits(const RandomStep &step, std::uint64_t seed);

/// Whether a message refuses parameters because the loss does not change with them, and the evaluator finds that it does not.
bool isWithoutDerivative(const RandomStep &step, const std::string &message);

/// A check in a process of its own, which may crash.
std::string apart(CheckOf check, const RandomStep &step, std::uint64_t seed);

/// Makes a program as small as ops can be left out of it while it fails in the same way.
void shrink(CheckOf check, RandomStep &step, std::uint64_t seed);

/// All rows of the program's fields.
Result<Dataset> rowsOf(const RandomStep &step, const Program &program);

} // namespace talweg::random

#endif
