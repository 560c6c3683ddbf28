// See RecordClasses.h.
#include "RecordClasses.h"

#include "talweg/Runtime/Shuffle.h"

#include <algorithm>

using namespace talweg;

RecordClasses::RecordClasses(const std::vector<std::int32_t> &classOf, std::int64_t count) : members(classOf.size()) {
  std::vector<std::int64_t> places(std::size_t(count) + 1);
  for (const std::int32_t number : classOf)
    ++places[std::size_t(number) + 1];
  for (std::size_t number = 1; number < places.size(); ++number)
    places[number] += places[number - 1];
  begins = places;
  for (std::size_t record = 0; record < classOf.size(); ++record)
    members[std::size_t(places[std::size_t(classOf[record])]++)] = std::int32_t(record);
  const auto same = std::ranges::unique(begins); // classes whose rows are no record's own have no turn
  begins.erase(same.begin(), same.end());
}

std::int64_t RecordClasses::drawnBefore(std::int64_t epoch, std::int64_t number) const {
  return (epoch * records() + count() - 1 - number) / count();
}

std::vector<std::int32_t> RecordClasses::shuffledOrder(std::uint64_t seed, std::int64_t epoch) const {
  std::vector<std::int32_t> drawn, cards;
  drawn.reserve(members.size());
  for (std::int64_t number = 0; number < count(); ++number) {
    const std::int64_t begin = begins[std::size_t(number)], size = sizeOf(number);
    const std::int64_t first = drawnBefore(epoch, number), last = drawnBefore(epoch + 1, number);
    for (std::int64_t at = first; at < last;) {
      const std::int64_t round = at / size, end = std::min(last, (round + 1) * size);
      cards.assign(members.begin() + begin, members.begin() + begin + size);
      for (std::int64_t i = size - 1; i > 0;
           --i) // the places of one class are no other's, nor are their numbers by chance
        std::swap(cards[std::size_t(i)], cards[uniformBelow(std::uint32_t(i + 1), std::uint32_t(begin + i), seed,
                                                            std::uint32_t(round), Shuffling::Class)]);
      drawn.insert(drawn.end(), cards.begin() + (at - round * size), cards.begin() + (end - round * size));
      at = end;
    }
  }
  std::vector<std::int32_t> order = talweg::shuffledOrder(records(), seed, epoch);
  for (std::int32_t &place : order)
    place = drawn[std::size_t(place)];
  return order;
}

std::vector<std::int32_t> RecordClasses::orderInTurn(std::int64_t epoch) const {
  std::vector<std::int32_t> order;
  order.reserve(members.size());
  for (std::int64_t at = epoch * records(); at < (epoch + 1) * records(); ++at) {
    const std::int64_t number = at % count(), draw = at / count();
    order.push_back(members[std::size_t(begins[std::size_t(number)] + draw % sizeOf(number))]);
  }
  return order;
}
