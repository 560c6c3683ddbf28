// A moment of a session in memory: a copy of its storage and its place.
#include "SessionImpl.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

using namespace talweg;

std::int64_t Snapshot::step() const { return impl->step; }

static void copy(const Standing &from, Standing &to) {
  std::memcpy(to.persistent.data(), from.persistent.data(),
              std::size_t(std::min(from.persistent.size(), to.persistent.size())));
  static_cast<Circumstances &>(to) = from;
}

Result<void> Session::Impl::copyTo(Standing &moment) const {
  if (!moment.persistent.resize(persistent.size()))
    return Error{"memory", fmt::format("error: there is no memory for {} bytes", persistent.size())};
  copy(*this, moment);
  return {};
}

Result<Snapshot> Session::Impl::snapshot() const {
  auto taken = std::make_shared<Snapshot::Impl>();
  if (auto copied = copyTo(*taken); !copied)
    return copied.error();
  return Snapshot(std::move(taken));
}

void Session::Impl::goBackTo(const Standing &moment) {
  abandonStep();
  copy(moment, *this);
  orderEpoch = -1;
}

Result<Snapshot> Session::snapshot() const {
  auto closed = impl->checkNoStep();
  return closed ? impl->snapshot() : closed.error();
}

Result<void> Session::restore(const Snapshot &snapshot) {
  // The storage only grows: what came behind is of modes that were compiled since, and keeps nothing.
  if (snapshot.impl->persistent.size() > impl->persistent.size() || snapshot.impl->hypers.size() != impl->hypers.size())
    return Error{"E0867", "error: the snapshot is of another session"};
  impl->goBackTo(*snapshot.impl);
  impl->good = {};
  return {};
}
