// What training has made of a session.
#ifndef TALWEG_UNITTESTS_ENGINE_STATE_H
#define TALWEG_UNITTESTS_ENGINE_STATE_H

#include "talweg/Engine/Engine.h"

#include <vector>

namespace talweg {

/// All parameters, states and slots, one behind the other.
inline std::vector<float> state(const Session &session) {
  std::vector<float> all;
  for (const Variable &variable : session.program().manifest().variables) {
    std::vector<float> values = *session.read(variable.name);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

} // namespace talweg

#endif
