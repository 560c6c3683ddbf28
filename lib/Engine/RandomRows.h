// Rows for any program, from a seed.
#ifndef TALWEG_ENGINE_RANDOMROWS_H
#define TALWEG_ENGINE_RANDOMROWS_H

#include "talweg/Engine/Engine.h"
#include "talweg/Pipeline/Compiler.h"
#include "talweg/Runtime/Philox.h"

namespace talweg {

/// A sequence of random words, a function of its seed and number.
class Words {
public:
  Words(std::uint64_t seed, std::uint32_t sequence) : seed(seed), sequence(sequence) {}
  std::uint32_t next() { return runtime::philox({at++, 0, sequence, 0x4743u}, seed)[0]; }
  double uniform() { return next() * 0x1p-32; }

private:
  std::uint64_t seed;
  std::uint32_t sequence, at = 0;
};

/// How f32 fields are distributed: uniform in [-1, 1), or normal with mean 0 and variance 1.
enum class Floats { Uniform, Normal };

/// Values for every field, a function of the arguments: floats as told, bytes and whole numbers uniform in the bounds `uses` has for
/// them, else in their classes, else in 0 to 255 and 0 to 15.
Result<Dataset> randomRows(const Program &program, const std::vector<FieldUse> &uses, std::int64_t rows,
                           std::uint64_t seed, Floats floats);

} // namespace talweg

#endif
