// What is combined is combined in the order of the batches, so that it does not depend on how they are grouped into calls.
#include "Combiner.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

using namespace talweg;

static double combined(Combine how, double all, double part) {
  switch (how) {
  case Combine::Sum: return all + part;
  case Combine::Product: return all * part;
  case Combine::Max: return std::isnan(all) || all > part ? all : part;
  case Combine::Min: return std::isnan(all) || all < part ? all : part;
  case Combine::Below: break;
  }
  return part;
}

/// What combining begins with.
static double neutral(Combine how) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return how == Combine::Sum ? 0 : how == Combine::Product ? 1 : how == Combine::Max ? -kInfinity : kInfinity;
}

/// Puts in the place of each number how many are less.
static void rank(std::vector<double> &column) {
  std::vector<double> sorted(column);
  sorted.erase(std::remove_if(sorted.begin(), sorted.end(), [](double x) { return std::isnan(x); }), sorted.end());
  std::sort(sorted.begin(), sorted.end());
  for (double &x : column)
    x = std::isnan(x) ? 0 : double(std::lower_bound(sorted.begin(), sorted.end(), x) - sorted.begin());
}

void talweg::combine(const Manifest &manifest, std::vector<double> &all, const std::vector<double> &part) {
  if (all.empty() || part.empty()) {
    all = part;
    return;
  }
  std::size_t i = 0;
  for (const Sum &sum : manifest.sums)
    for (std::int64_t end = std::int64_t(i) + sum.count; std::int64_t(i) < end; ++i)
      all[i] = combined(sum.combine, all[i], part[i]);
}

void Combiner::take(const Manifest &manifest, std::int64_t pass, std::int64_t count, const std::vector<double> &out) {
  if (!std::exchange(hasBegun, true))
    for (const Sum &sum : manifest.sums) {
      if (sum.combine == Combine::Below)
        columns.emplace_back();
      else
        sums.insert(sums.end(), std::size_t(sum.count), neutral(sum.combine));
    }
  const double *part = out.data();
  for (std::int64_t s = 0; s < count; ++s) {
    double *all = sums.data();
    auto column = columns.begin();
    for (const Sum &sum : manifest.sums) {
      const bool isNow = sum.pass == pass;
      if (sum.combine == Combine::Below) {
        if (isNow)
          column->insert(column->end(), part, part + manifest.batch), part += manifest.batch;
        ++column;
        continue;
      }
      for (std::int64_t i = 0; i < sum.count; ++i, ++all)
        if (isNow)
          *all = combined(sum.combine, *all, *part++);
    }
  }
}

void Combiner::endPass(const Manifest &manifest, std::int64_t pass) {
  auto column = columns.begin();
  for (const Sum &sum : manifest.sums)
    if (sum.combine == Combine::Below) {
      if (sum.pass == pass)
        rank(*column);
      ++column;
    }
}

std::vector<double> Combiner::values(std::int64_t rows) const {
  std::vector<double> values = sums;
  for (const std::vector<double> &ranks : columns) {
    values.insert(values.end(), ranks.begin(), ranks.end());
    values.resize(values.size() + std::size_t(rows) - ranks.size()); // of a pass to come
  }
  return values;
}
