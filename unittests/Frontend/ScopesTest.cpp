// What is set for a while is as before afterwards, and instances keep their names.
#include "Scopes.h"
#include "Instances.h"
#include "gtest/gtest.h"

using namespace talweg;
using namespace talweg::frontend;

namespace {

TEST(Scopes, TellTheCallerWhileArgumentsAreMatched) {
  Scopes scopes;
  Frame train, body;
  EXPECT_EQ(scopes.toldFrame(), nullptr);
  FrameScope outer(scopes, train);
  {
    FrameScope inner(scopes, body);
    EXPECT_EQ(inner.caller(), &train);
    EXPECT_EQ(body.caller, &train);
    EXPECT_EQ(scopes.toldFrame(), &body);
    TellingScope telling(scopes, train);
    EXPECT_EQ(scopes.toldFrame(), &train);
    EXPECT_EQ(&scopes.frame(), &body);
  }
  EXPECT_EQ(&scopes.frame(), &train);
  EXPECT_EQ(scopes.toldFrame(), &train);
}

TEST(Scopes, LeaveIndexNotationForAnInitialValue) {
  Scopes scopes;
  Frame frame;
  FrameScope entered(scopes, frame);
  ProgramBody objective, initial{"Mlp.weight", {}};
  ProgramBodyScope writing(scopes, objective);
  IndexVar i;
  frame.ambient = {&i};
  EXPECT_FALSE(scopes.inInitialValue());
  {
    ProgramBodyScope inner(scopes, initial);
    EXPECT_TRUE(scopes.inInitialValue());
    EXPECT_TRUE(frame.ambient.empty());
  }
  EXPECT_EQ(scopes.body(), &objective);
  EXPECT_EQ(frame.ambient.size(), 1u);
}

TEST(Scopes, TakeIndexNamesOutAgain) {
  Frame frame;
  IndexScope outer(frame, {std::make_shared<IndexBinding>()});
  {
    IndexScope inner(frame, {std::make_shared<IndexBinding>(), std::make_shared<IndexBinding>()});
    EXPECT_EQ(frame.indices.size(), 3u);
  }
  EXPECT_EQ(frame.indices.size(), 1u);
}

TEST(Scopes, CallLayersAfterTheTurnsOfLoops) {
  Frame frame;
  frame.locals["x"] = Value::integer(1);
  {
    LoopScope outer(frame);
    outer.enterTurn(2);
    frame.locals["y"] = Value::integer(2);
    LoopScope inner(frame);
    inner.enterTurn(0);
    EXPECT_EQ(frame.loopSuffix, "_2_0");
    EXPECT_EQ(*frame.beforeLoop, std::set<std::string>{"x"});
  }
  EXPECT_EQ(frame.loopSuffix, "");
  EXPECT_EQ(frame.beforeLoop, nullptr);
}

TEST(Instances, AreTheSameInEachRunOfABody) {
  Instances instances;
  Instance &root = instances.root();
  ast::Decl dense;
  dense.kind = ast::Decl::Layer;
  const auto call = [&](const std::string &name) { return instances.instantiate(root, name, dense, {}, false).path; };
  root.enter();
  EXPECT_EQ(call(root.nextName("dense")), "dense_0");
  EXPECT_EQ(call(root.nextName("dense")), "dense_1");
  EXPECT_EQ(call("y"), "y");
  EXPECT_EQ(call("y"), "y_2"); // a second time in one run
  root.enter();
  EXPECT_EQ(call(root.nextName("dense")), "dense_0");
  EXPECT_EQ(call("y"), "y");
  EXPECT_EQ(root.children.size(), 4u);
}

TEST(Instances, OfTheTrainedModelThereIsOne) {
  Instances instances;
  ast::Decl model;
  model.kind = ast::Decl::Model;
  Instance &first = instances.instantiate(instances.root(), "Mlp", model, {}, true);
  EXPECT_EQ(&instances.instantiate(instances.root(), "Mlp", model, {}, true), &first);
}

TEST(Instances, FindVariablesByName) {
  Instances instances;
  DeclaredVariable variable;
  variable.name = instances.root().pathOf("weight");
  const DeclaredVariable &added = instances.add(variable);
  EXPECT_EQ(instances.find("weight"), &added);
  EXPECT_EQ(instances.find("bias"), nullptr);
}

} // namespace
