// What tests of random programs share: the numbers of all choices, and how many programs are made from which seed.
#ifndef TALWEG_UNITTESTS_SUPPORT_CHANCE_H
#define TALWEG_UNITTESTS_SUPPORT_CHANCE_H

#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace talweg::random {

/// The random numbers of all choices: the same on every machine.
class Chance {
public:
  explicit Chance(std::uint64_t seed) : engine(seed) {}
  std::int64_t below(std::int64_t end) { return std::int64_t(engine() % std::uint64_t(end)); }
  bool oneIn(std::int64_t n) { return below(n) == 0; }
  double uniform(double low, double high) { return low + (high - low) * double(engine() >> 11) * 0x1p-53; }
  template <typename T>
  T pick(std::initializer_list<T> of) {
    return of.begin()[below(std::int64_t(of.size()))];
  }
  template <typename List>
  void shuffle(List &list) {
    for (std::int64_t i = std::int64_t(list.size()) - 1; i > 0; --i)
      std::swap(list[i], list[below(i + 1)]);
  }

private:
  std::mt19937_64 engine;
};

/// The programs of one test, from number `first` up to `end`. NAME_CASES, NAME_SEED and NAME_FIRST in the environment say how
/// many, from which seed, and which is the first. Without them there are `usual` from seed 1; `./dev test --all`, which sets
/// TALWEG_ALL to a seed, makes `all` from that one.
struct Cases {
  std::string name;
  std::uint64_t first, end, seed;

  static Cases of(const std::string &name, std::uint64_t usual, std::uint64_t all) {
    auto setting = [](const std::string &variable, std::uint64_t otherwise) {
      const char *text = std::getenv(variable.c_str());
      return text && *text ? std::strtoull(text, nullptr, 10) : otherwise;
    };
    bool isAll = std::getenv("TALWEG_ALL") != nullptr;
    std::uint64_t first = setting(name + "_FIRST", 0);
    return {name, first, first + setting(name + "_CASES", isAll ? all : usual),
            setting(name + "_SEED", setting("TALWEG_ALL", 1))};
  }

  /// How a failure is made again: what stands before the command.
  std::string again(std::uint64_t number) const {
    return name + "_SEED=" + std::to_string(seed) + " " + name + "_FIRST=" + std::to_string(number) + " " + name +
           "_CASES=1";
  }

  /// Each program has a seed of its own, so that it can be made alone.
  std::uint64_t seedOf(std::uint64_t number) const { return (seed << 32) + number * 0x9e3779b97f4a7c15; }
};

} // namespace talweg::random

#endif
