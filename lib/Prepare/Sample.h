// All values of a column, for what asks for their order: each different one once, with its count. Internal.
#ifndef TALWEG_LIB_PREPARE_SAMPLE_H
#define TALWEG_LIB_PREPARE_SAMPLE_H

#include <cstdint>
#include <utility>
#include <vector>

namespace talweg::prepare {

class Sample {
public:
  void add(double value) {
    fresh.push_back(value);
    if (fresh.size() >= kFreshest && fresh.size() >= values.size())
      merge();
  }
  void merge();
  std::int64_t count() const { return total; }

  /// After merge: the value at each of the places, which ascend in [0, count - 1]; linear between two values.
  std::vector<double> at(const std::vector<double> &places) const;

private:
  static constexpr std::size_t kFreshest = 1 << 16;
  std::vector<double> fresh;
  std::vector<std::pair<double, std::int64_t>> values; ///< ascending
  std::int64_t total = 0;
};

} // namespace talweg::prepare

#endif
