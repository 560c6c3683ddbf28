#include "Scaler.h"

#include <algorithm>
#include <cmath>

namespace talweg::prepare {

std::vector<Scaler::Taps> Scaler::tapsOf(const Stretch &stretch) {
  const double scale = (stretch.end - stretch.begin) / double(stretch.into), reach = std::max(scale, 1.0);
  std::vector<Taps> all;
  for (std::int64_t i = 0; i < stretch.into; ++i) {
    const double center = stretch.begin + (double(i) + 0.5) * scale;
    const auto from = std::max<std::int64_t>(std::int64_t(std::floor(center - reach)), 0);
    const auto to = std::min<std::int64_t>(std::int64_t(std::ceil(center + reach)), stretch.line);
    std::vector<double> weights;
    double sum = 0;
    for (std::int64_t pixel = from; pixel < to; ++pixel) {
      weights.push_back(std::max(1 - std::abs(double(pixel) + 0.5 - center) / reach, 0.0));
      sum += weights.back();
    }
    Taps taps{from, {}};
    for (const double weight : weights)
      taps.weights.push_back(float(weight / sum));
    all.push_back(std::move(taps));
  }
  return all;
}

Scaler::Scaler(const Stretch &across, const Stretch &down, int channels)
    : across(tapsOf(across)), down(tapsOf(down)), channels(std::size_t(channels)),
      line(std::size_t(across.into) * this->channels), values(std::size_t(down.into) * line.size()) {}

void Scaler::add(std::span<const float> pixels) {
  for (; open < down.size() && down[open].first + std::ssize(down[open].weights) <= row; ++open)
    ;
  if (open < down.size() && down[open].first <= row) {
    std::ranges::fill(line, 0.f);
    for (std::size_t x = 0; x < across.size(); ++x)
      for (std::size_t k = 0; k < across[x].weights.size(); ++k) {
        const float weight = across[x].weights[k];
        const float *from = pixels.data() + (std::size_t(across[x].first) + k) * channels;
        for (std::size_t c = 0; c < channels; ++c)
          line[x * channels + c] += weight * from[c];
      }
  }
  for (std::size_t y = open; y < down.size() && down[y].first <= row; ++y) {
    const std::int64_t k = row - down[y].first;
    if (k >= std::ssize(down[y].weights))
      continue;
    float *to = values.data() + y * line.size();
    for (std::size_t i = 0; i < line.size(); ++i)
      to[i] += down[y].weights[std::size_t(k)] * line[i];
  }
  ++row;
}

} // namespace talweg::prepare
