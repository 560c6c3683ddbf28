// The list of the steps. `name_Step` is defined in the file of what it does. Internal.
#ifndef TALWEG_LIB_PREPARE_STEPTABLE_H
#define TALWEG_LIB_PREPARE_STEPTABLE_H

#include "talweg/Prepare/Steps.h"

namespace talweg::prepare {

#define TALWEG_PREPARE_STEPS(STEP)                                                                                     \
  STEP(filled)                                                                                                         \
  STEP(standardized)                                                                                                   \
  STEP(scaled)                                                                                                         \
  STEP(log1p)                                                                                                          \
  STEP(clipped)                                                                                                        \
  STEP(ranks)                                                                                                          \
  STEP(number)                                                                                                         \
  STEP(yes_no)                                                                                                         \
  STEP(date)                                                                                                           \
  STEP(cycles)                                                                                                         \
  STEP(lower)                                                                                                          \
  STEP(normalized)                                                                                                     \
  STEP(trimmed)                                                                                                        \
  STEP(vocabulary)                                                                                                     \
  STEP(hashed)                                                                                                         \
  STEP(balanced)                                                                                                       \
  STEP(bytes)                                                                                                          \
  STEP(characters)                                                                                                     \
  STEP(words)                                                                                                          \
  STEP(tokens)                                                                                                         \
  STEP(bag)                                                                                                            \
  STEP(tf_idf)                                                                                                         \
  STEP(image)

#define TALWEG_DECLARE(name) extern const StepInfo name##Step;
TALWEG_PREPARE_STEPS(TALWEG_DECLARE)
#undef TALWEG_DECLARE

} // namespace talweg::prepare

#endif
