// What is known of the machine besides its instructions: sizes and speeds of its caches. Plans are ranked by it; no result depends on it.
#ifndef TALWEG_CODEGEN_MACHINE_H
#define TALWEG_CODEGEN_MACHINE_H

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <string>

namespace talweg {

/// Sizes and speeds are those of one core. The defaults are a server's of no maker in particular.
struct Machine {
  std::int64_t l1Bytes = 32 << 10; ///< of data
  std::int64_t l1Ways = 8;         ///< places for a line, among which its address decides no further
  std::int64_t l2Bytes = 1 << 20;
  std::int64_t l2Ways = 16;
  std::int64_t l3Bytes = 4 << 20; ///< its share of the cache that cores share
  std::int64_t cores = 2;
  double flopsPerNs = 120; ///< multiply-adds count two
  double l2Rate = 100;     ///< bytes read in a nanosecond from the second cache, from the third, from memory
  double l3Rate = 40;
  double memoryRate = 20;
  double l3Ns = 40;      ///< until a line comes from the third cache
  double storedNs = 8;   ///< until what was stored can be added to
  std::int64_t rank = 0; ///< of the plans by their estimates, the one that is taken: others are taken to be compared
  double forkNs = 4000;  ///< of starting threads on all cores and waiting for the last

  /// Of plans that were timed on this machine, by their keys (ProductNest.h), the ranks that were fastest; null: none was timed.
  std::shared_ptr<const std::map<std::string, std::int64_t>> tuned{};

  /// The rate of passing over so many bytes again and again: of the cache that they fit in, beside what else is in it.
  double rateOf(double bytes) const {
    return bytes <= kUsable * double(l2Bytes) ? l2Rate : bytes <= kUsable * double(l3Bytes) ? l3Rate : memoryRate;
  }
  static constexpr double kUsable = 0.7; ///< of a cache

  /// What a fork costs: what is in one core's caches has to go to another's, too.
  double costOfFork() const { return std::max(forkNs, 2000.0); }
  /// Work below which it costs more than it gains, in multiply-adds or simple operations on elements.
  double workOfFork() const {
    constexpr double perNs = 125; // of one core
    return perNs * costOfFork();
  }

  /// How many lines so many bytes apart the first cache holds, and the second: their addresses leave them some of its sets alone.
  std::int64_t linesInL1(std::int64_t apart) const { return linesIn(l1Bytes, l1Ways, apart); }
  std::int64_t linesInL2(std::int64_t apart) const { return linesIn(l2Bytes, l2Ways, apart); }
  static constexpr std::int64_t kLineBytes = 64;

  bool operator==(const Machine &) const = default;

private:
  static std::int64_t linesIn(std::int64_t bytes, std::int64_t ways, std::int64_t apart) {
    const std::int64_t sets = std::max<std::int64_t>(1, bytes / kLineBytes / ways);
    return sets / std::gcd(sets, std::max<std::int64_t>(1, apart / kLineBytes)) * ways;
  }
};

/// All of it as one line: machines for which plans are the same have the same.
std::string textOf(const Machine &machine);

/// Replaces the number of cores and the sizes of caches, and the second one's ways, as the first core has them, by what the system tells, where it does.
void readMachine(Machine &machine);

} // namespace talweg

#endif
