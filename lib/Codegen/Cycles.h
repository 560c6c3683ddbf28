// What is assumed of every core with vector units of its full width. Only ratios matter. No fact of a machine (Machine.h) takes their place: tiles follow
// them, and sums that begin with a tile's rows follow tiles, so that bits would be a machine's.
#ifndef TALWEG_LIB_CODEGEN_CYCLES_H
#define TALWEG_LIB_CODEGEN_CYCLES_H

#include <algorithm>

namespace talweg::cycles {

/// Multiply-adds and loads of registers begun in a cycle, cycles until a multiply-add's result can be used again.
inline constexpr double fmaPerCycle = 2, loadsPerCycle = 2, fmaLatency = 4;

/// Of one step of a sum in registers: so many multiply-adds and loads, in `chains` that do not wait for each other.
inline double ofStep(double multiplyAdds, double loads, double chains) {
  return std::max({multiplyAdds / fmaPerCycle, loads / loadsPerCycle, fmaLatency * multiplyAdds / chains});
}

/// Of a tile of so many registers of results, besides its sums.
inline double ofResults(double registers) { return 2 * registers + 20; }

/// Of moving so many bytes, which stay in the second cache if they fit into it.
inline double ofBytes(double bytes) {
  constexpr double cached = 1 << 20, perCycleCached = 32, perCycle = 8;
  return bytes / (bytes <= cached ? perCycleCached : perCycle);
}

} // namespace talweg::cycles

#endif
