// Targets by their names: what LLVM knows of them, and which of them this process can run.
#include "talweg/Codegen/Target.h"

#include <gtest/gtest.h>

using namespace talweg;

namespace {

Target named(const std::string &name) {
  Result<Target> target = targetFromName(name);
  EXPECT_TRUE(bool(target)) << target.error().message;
  return target ? *target : Target{};
}

TEST(TargetTest, VectorsFollowFromTheName) {
  EXPECT_EQ(named("x86-64-v4"), Target{}); // what passes take where nothing is said
  auto vectors = [](const std::string &name) {
    Target target = named(name);
    EXPECT_EQ(target.cpu, name);
    return std::pair(target.vectorBits, target.registers);
  };
  EXPECT_EQ(vectors("x86-64-v2"), std::pair(std::int64_t(128), std::int64_t(16)));
  EXPECT_EQ(vectors("x86-64-v3"), std::pair(std::int64_t(256), std::int64_t(16)));
  EXPECT_EQ(vectors("znver4"), std::pair(std::int64_t(512), std::int64_t(32)));
  EXPECT_EQ(vectors("neoverse-n1"), std::pair(std::int64_t(128), std::int64_t(32)));
  EXPECT_EQ(named("native"), nativeTarget());
}

TEST(TargetTest, WrongNamesAreToldRightOnes) {
  for (const char *name : {"", "none", "pentium4", "i386", "x86-64-v5", "+avx2"}) { // those of 32 bits, too
    Result<Target> target = targetFromName(name);
    ASSERT_FALSE(target) << name;
    EXPECT_EQ(target.error().code, "E0806");
    EXPECT_NE(target.error().message.find("`native` is this machine; others are x86-64-v2"), std::string::npos);
  }
  EXPECT_NE(targetFromName("znver-4").error().message.find("did you mean `znver4`?"), std::string::npos);
}

TEST(TargetTest, WhatIsSuggestedIsATarget) {
  for (const char *name : {"", "k", "pentium5", "i686x", "athlon-xq", "x86-64-v5", "neoverse-n4", "cortex-m55"}) {
    std::string help = targetFromName(name).error().message, before = "did you mean `";
    std::size_t at = help.find(before);
    if (at == std::string::npos)
      continue;
    help = help.substr(at + before.size());
    named(help.substr(0, help.find('`')));
    EXPECT_NE(std::string(name), "");
  }
}

TEST(TargetTest, WhatThisMachineLacksDoesNotRun) {
  EXPECT_TRUE(bool(runsHere(nativeTarget())));
  auto runs = [](const std::string &name) {
    Result<void> can = runsHere(named(name));
    if (!can)
      EXPECT_EQ(can.error().code, "E0808");
    return bool(can);
  };
  EXPECT_FALSE(runs("x86-64") && runs("neoverse-n1"));
  EXPECT_FALSE(runs("bdver4") && runs("sapphirerapids")); // no processor has both fma4 and amx-tile
  EXPECT_GE(runs("x86-64-v2"), runs("x86-64-v3"));
  EXPECT_GE(runs("x86-64-v3"), runs("x86-64-v4"));
}

#ifdef __x86_64__
TEST(TargetTest, WhatNoCodeUsesIsNotAskedFor) {
  Target target = nativeTarget();
  target.features += ",+mwaitx,+rdpru,+clzero,+ermsb,+shstk,+wbnoinvd,+amx-tile";
  EXPECT_TRUE(bool(runsHere(target)));
  target.features += ",+fma4,+avx512fp16"; // no processor has both
  EXPECT_FALSE(runsHere(target));
}
#endif

} // namespace
