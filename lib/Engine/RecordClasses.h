// Records that are drawn by their classes, all of which come equally often.
#ifndef TALWEG_ENGINE_RECORDCLASSES_H
#define TALWEG_ENGINE_RECORDCLASSES_H

#include <cstdint>
#include <vector>

namespace talweg {

/// Classes take turns, from epoch to epoch: of n records of k classes, an epoch has n / k of each, rounded up or down. Those of one class are
/// drawn as cards are: each once, in an order by chance, before one comes again, and so on in the next epoch. All is a function of the seed and of
/// the epoch's number.
class RecordClasses {
public:
  /// `classOf` has the class of each record, below `count`.
  RecordClasses(const std::vector<std::int32_t> &classOf, std::int64_t count);

  /// So many have a record.
  std::int64_t count() const { return std::int64_t(begins.size()) - 1; }
  /// The records of one of them.
  std::int64_t sizeOf(std::int64_t number) const {
    return begins[std::size_t(number) + 1] - begins[std::size_t(number)];
  }

  /// The records of an epoch, shuffled.
  std::vector<std::int32_t> shuffledOrder(std::uint64_t seed, std::int64_t epoch) const;
  /// The same without chance: classes in turn, the records of each in their order.
  std::vector<std::int32_t> orderInTurn(std::int64_t epoch) const;

private:
  std::int64_t records() const { return begins.back(); }
  /// How many of the class are drawn in all epochs before this one.
  std::int64_t drawnBefore(std::int64_t epoch, std::int64_t number) const;

  std::vector<std::int32_t> members; ///< the records of the first class, then those of the next
  std::vector<std::int64_t> begins;  ///< of the members of each class; at last, the end
};

} // namespace talweg

#endif
