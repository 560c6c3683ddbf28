// Rows that take more memory than they may lie in files, with the same bytes.
#include "Scratch.h"

#include <csignal>
#include <sys/resource.h>

namespace talweg::data {

namespace {

struct Rows : Scratch {
  std::string text;
  Rows() {
    for (int i = 0; i < 200000; ++i)
      text += std::to_string(i) + "," + std::to_string(i % 7) + "\n";
  }
};

TEST_F(Rows, beyond_the_limit_lie_in_files) {
  const Source source = csv(file("a.csv", text));
  const Table table = loaded(source, {f32("x"), label("y", 7)});
  EXPECT_EQ(table.storage->inFiles, 0);
  Result<Table> mapped = load(source, {f32("x"), label("y", 7)}, {1 << 20, folder.string()});
  ASSERT_TRUE(mapped);
  EXPECT_GE(mapped->storage->inFiles, mapped->bytes() / 2);
  EXPECT_LE(mapped->storage->inMemory, 1 << 20);
  EXPECT_EQ(column<float>(*mapped, 0), column<float>(table, 0));
  EXPECT_EQ(column<std::int32_t>(*mapped, 1), column<std::int32_t>(table, 1));
  EXPECT_TRUE(std::filesystem::directory_iterator(folder) != std::filesystem::directory_iterator());
  for (const auto &entry : std::filesystem::directory_iterator(folder)) // the files have no names
    EXPECT_EQ(entry.path().filename(), "a.csv");
}

TEST_F(Rows, need_room_in_the_folder) {
  const Source source = csv(file("a.csv", text));
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{rlim_t(1) << 19, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  Result<Table> table = load(source, {f32("x"), label("y", 7)}, {1 << 18, folder.string()});
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_DFL);
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, "E0780");
  EXPECT_NE(
      table.error().message.find("the data takes more than the 256.0 KiB that it may have in memory, and there is no "
                                 "room for it in "),
      std::string::npos)
      << table.error().message;
}

TEST_F(Rows, need_a_folder_that_is_there) {
  Result<Table> table = load(csv(file("a.csv", text)), {f32("x"), f32("y")}, {1 << 18, (folder / "none").string()});
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, "E0780");
}

} // namespace

} // namespace talweg::data
