// The least of what the machine has and what its control groups allow, as files below another root tell it.
#include "../../lib/Engine/MachineMemory.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace talweg;
namespace fs = std::filesystem;

namespace {

class MachineMemoryTest : public testing::Test {
protected:
  MachineMemoryTest() {
    std::string pattern = (fs::temp_directory_path() / "talweg-machine-XXXXXX").string();
    root = mkdtemp(pattern.data());
    write("proc/meminfo", "MemTotal:       1024 kB\nMemFree:          12 kB\n");
  }
  ~MachineMemoryTest() override { fs::remove_all(root); }

  void write(const std::string &path, const std::string &text) {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }
  void expect(std::int64_t bytes, bool ofGroup) {
    MachineMemory found = machineMemory(root.string());
    EXPECT_EQ(found.bytes, bytes);
    EXPECT_EQ(found.ofGroup, ofGroup);
  }

  fs::path root;
};

TEST_F(MachineMemoryTest, PhysicalMemoryWhereNoGroupIsLimited) {
  expect(1 << 20, false);
  write("proc/self/cgroup", "0::/user/shell\n");
  write("sys/fs/cgroup/user/shell/memory.max", "max\n");
  write("sys/fs/cgroup/user/memory.max", "2097152\n");
  expect(1 << 20, false);
}

TEST_F(MachineMemoryTest, TheLeastOfVersionTwo) {
  write("proc/self/cgroup", "0::/user/shell\n");
  write("sys/fs/cgroup/user/shell/memory.max", "9000\n");
  write("sys/fs/cgroup/user/memory.max", "5000\n");
  expect(5000, true);
}

TEST_F(MachineMemoryTest, TheLeastOfVersionOne) {
  write("proc/self/cgroup", "5:cpu:/\n4:hugetlb,memory:/box/one\n0::/\n");
  write("sys/fs/cgroup/memory/box/one/memory.limit_in_bytes", "7000\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  expect(7000, true);
}

TEST_F(MachineMemoryTest, AContainerThatSeesItsGroupAsTheRoot) {
  write("proc/self/cgroup", "0::/system/box\n");
  write("sys/fs/cgroup/memory.max", "6000\n");
  expect(6000, true);
}

TEST_F(MachineMemoryTest, BothSizesAreTold) {
  Manifest facts;
  facts.batch = 64;
  facts.variables = {{"weight", Role::Parameter, ElementType::F32, {512}}};
  facts.persistentBytes = 2048;
  facts.arenaBytes = 3072;
  EXPECT_TRUE(bool(fitsMachine(facts, {5120, true}, "net.tw")));
  auto refused = fitsMachine(facts, {4096, true}, "net.tw");
  ASSERT_FALSE(bool(refused));
  EXPECT_EQ(refused.error().code, "E0872");
  EXPECT_EQ(refused.error().message,
            "net.tw: error: the program needs 5.0 KiB of memory, and this process's control group has 4.0 KiB [E0872]\n"
            "net.tw: note: its variables take 2.0 KiB (parameters 2.0 KiB); its arena takes 3.0 KiB for a batch of 64\n"
            "help: a smaller batch needs a smaller arena: --batch 32");
}

} // namespace
