// A moment of a session in memory: a copy of its storage and its place.
#include "SessionImpl.h"

#include <fmt/format.h>

#include <cstring>

using namespace talweg;

struct Snapshot::Impl {
  Place place;
  std::vector<double> hypers;
  data::Buffer persistent;
  std::optional<Dataset> training;
  std::int64_t loadedRows;
  std::string loadedData;
};

std::int64_t Snapshot::step() const { return impl->place.step; }

Result<Snapshot> Session::snapshot() const {
  if (auto closed = impl->checkNoStep(); !closed)
    return closed.error();
  auto taken = std::make_shared<Snapshot::Impl>();
  if (!taken->persistent.resize(impl->persistent.size()))
    return Error{"memory", fmt::format("error: there is no memory for {} bytes", impl->persistent.size())};
  std::memcpy(taken->persistent.data(), impl->persistent.data(), std::size_t(impl->persistent.size()));
  taken->place = *impl;
  taken->hypers = impl->hypers;
  taken->training = impl->training;
  taken->loadedRows = impl->loadedRows;
  taken->loadedData = impl->loadedData;
  return Snapshot(std::move(taken));
}

Result<void> Session::restore(const Snapshot &snapshot) {
  const Snapshot::Impl &from = *snapshot.impl;
  // The storage only grows: what came behind is of modes that were compiled since, and keeps nothing.
  if (from.persistent.size() > impl->persistent.size() || from.hypers.size() != impl->hypers.size())
    return Error{"E0867", "error: the snapshot is of another session"};
  impl->abandonStep();
  std::memcpy(impl->persistent.data(), from.persistent.data(), std::size_t(from.persistent.size()));
  static_cast<Place &>(*impl) = from.place;
  impl->hypers = from.hypers;
  impl->training = from.training;
  impl->loadedRows = from.loadedRows;
  impl->loadedData = from.loadedData;
  impl->orderEpoch = -1;
  return {};
}
