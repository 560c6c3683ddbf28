// The threads that generated code runs on, from one host thread and from several at once.
#include "talweg/Runtime/Threads.h"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>
#include <vector>

using namespace talweg;

namespace {

/// Each thread writes its own place, without a lock; who called reads them all afterwards.
void expectEveryThreadsWrites(int threads) {
  ASSERT_TRUE(bool(runtime::setThreads(threads)));
  std::vector<int> written(std::size_t(threads), 0);
  for (int turn = 1; turn <= 20; ++turn) {
    auto write = [](int thread, int, void *context) {
      ++(*static_cast<std::vector<int> *>(context))[std::size_t(thread)];
    };
    runtime::onEachThread(threads, write, &written);
    ASSERT_EQ(std::accumulate(written.begin(), written.end(), 0), turn * threads);
  }
}

TEST(Threads, WhatTheyWriteIsReadAfterTheCall) {
  for (int threads : {1, 2, 4, 3})
    expectEveryThreadsWrites(threads);
}

TEST(Threads, HostThreadsHaveTheirOwn) {
  std::vector<std::thread> hosts;
  for (int threads : {1, 2, 3})
    hosts.emplace_back(expectEveryThreadsWrites, threads);
  for (std::thread &host : hosts)
    host.join();
}

} // namespace
