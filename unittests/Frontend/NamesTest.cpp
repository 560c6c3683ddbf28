// Which declaration a name stands for.
#include "Names.h"
#include "gtest/gtest.h"

using namespace talweg;
using namespace talweg::frontend;

namespace {

ast::Decl declaration(ast::Decl::Kind kind, std::string name) {
  ast::Decl decl;
  decl.kind = kind;
  decl.name.text = std::move(name);
  return decl;
}

TEST(Names, OfTheUserAreNotSeenByTheLibrary) {
  Names names({"exp"});
  const ast::Decl own = declaration(ast::Decl::Fn, "relu"), library = declaration(ast::Decl::Fn, "relu"),
                  mine = declaration(ast::Decl::Fn, "mine");
  EXPECT_EQ(names.declare(own, 0), nullptr);
  EXPECT_EQ(names.declare(library, 3), nullptr);
  EXPECT_EQ(names.declare(mine, 0), nullptr);
  EXPECT_EQ(names.find("relu", 0), &own);
  EXPECT_EQ(names.find("relu", 2), &library);
  EXPECT_EQ(names.find("mine", 2), nullptr);
  names.configs["rate"] = Value::real(0.1);
  EXPECT_NE(names.findConfig("rate", 0), nullptr);
  EXPECT_EQ(names.findConfig("rate", 2), nullptr);
}

TEST(Names, BelongToWhatIsDeclaredFirst) {
  Names names({});
  const ast::Decl first = declaration(ast::Decl::Layer, "block"), second = declaration(ast::Decl::Fn, "block");
  const ast::Decl train = declaration(ast::Decl::Train, "block"), again = declaration(ast::Decl::Train, "other");
  names.declare(first, 0);
  EXPECT_EQ(names.declare(second, 0), &first);
  EXPECT_EQ(names.find("block", 0), &first);
  EXPECT_EQ(names.declare(train, 0), nullptr); // a train block is called after its model
  EXPECT_EQ(names.declare(again, 0), &train);
}

TEST(Names, AreListedByKind) {
  Names names({"exp"});
  const ast::Decl layer = declaration(ast::Decl::Layer, "conv"), rule = declaration(ast::Decl::Optimizer, "adam"),
                  own = declaration(ast::Decl::Layer, "block");
  names.declare(layer, 1);
  names.declare(rule, 1);
  names.declare(own, 0);
  EXPECT_EQ(names.namesOf({ast::Decl::Layer}), (std::vector<std::string>{"block", "conv"}));
  EXPECT_EQ(names.namesOf({ast::Decl::Layer}, false), std::vector<std::string>{"block"});
  EXPECT_TRUE(names.isBuiltin("exp"));
  EXPECT_FALSE(names.isBuiltin("adam"));
}

} // namespace
