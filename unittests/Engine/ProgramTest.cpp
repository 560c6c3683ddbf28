// Programs from modules in MLIR's text: what can be asked of them, and what is refused, under which code.
#include "talweg/Engine/Engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace talweg;

namespace {
/// The sum over a batch of four rows of x * w, in a mode.
std::string module(const std::string &mode, const std::string &element, const std::string &yielded) {
  return fmt::format(R"(
train.program "Sum" mode {0} batch 4 {{
  train.field @x : tensor<3xf32>
  train.hyper @lr = 0.5 at 0
  train.variable parameter @w : tensor<3x{1}> {{
  ^bb0(%key: tensor<2xi64>):
    %one = tw.constant dense<1.0> : tensor<3x{1}>
    train.yield %one : tensor<3x{1}>
  }}
  train.optimizer @sgd slots [] report ["lr"] {{
  ^bb0(%p: tensor<*x{1}>, %g: tensor<*x{1}>):
    %lr = train.get_hyper @lr : tensor<f64>
    %near = tw.convert %lr : tensor<f64> -> tensor<{1}>
    %s = tw.window %near by affine_map<() -> ()> : tensor<{1}> -> tensor<*x{1}>
    %d = tw.mul %s, %g : tensor<*x{1}>
    %n = tw.sub %p, %d : tensor<*x{1}>
    train.yield %n, %lr : tensor<*x{1}>, tensor<f64>
  }}
  train.objective {{
  ^bb0(%x: tensor<4x3xf32>):
    %c = tw.convert %x : tensor<4x3xf32> -> tensor<4x3x{1}>
    %w = train.get @w : tensor<3x{1}>
    %row = tw.contract %c, %w over [4, 3] a affine_map<(i, j) -> (i, j)> b affine_map<(i, j) -> (j)>
             y affine_map<(i, j) -> (i)> : tensor<4x3x{1}>, tensor<3x{1}> -> tensor<4x{1}>
    %loss = tw.reduce sum %row dims [0] : tensor<4x{1}> -> tensor<{1}>
    %label = tw.arg max %c dim 1 : tensor<4x3x{1}> -> tensor<4xi32>
    {2}
  }}
}}
)",
                     mode, element, yielded);
}

/// The end of a step that minimizes `loss`.
std::string minimized(const std::string &loss, const std::string &element) {
  return fmt::format(R"(train.report loss "loss", {0} : tensor<{1}>
    train.minimize "loss", {0} over [@w] by [@sgd] : tensor<{1}>
    train.yield)",
                     loss, element);
}
const std::string kLoss = minimized("%loss", "f32"), kLoss64 = minimized("%loss", "f64");

Result<Program> load(const std::string &text, const CompileOptions &options = {}) {
  return Program::fromText(text, "sum.mlir", options);
}

template <typename T>
std::string codeOf(const Result<T> &result) {
  return result ? "none" : result.error().code;
}
} // namespace

TEST(Program, ModuleRuns) {
  Result<Program> program = load(module("train", "f32", kLoss));
  ASSERT_TRUE(bool(program)) << program.error().message;
  EXPECT_EQ(program->parameterCount(), 3);
  Result<Session> session = Session::create(*program);
  ASSERT_TRUE(bool(session)) << session.error().message;
  EXPECT_EQ(session->facts().manifest.reports, std::vector<std::string>{"lr"});
  std::vector<float> x{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  Result<Dataset> rows = Dataset::fromMemory(*program, {{"x", x.data()}}, 4);
  ASSERT_TRUE(bool(session->setTrainingData(*rows)));
  ASSERT_TRUE(bool(session->train({})));
  EXPECT_EQ(*session->read("w"), (std::vector<float>{1 - 22 / 2.f, 1 - 26 / 2.f, 1 - 30 / 2.f}));
}

TEST(Program, FactsAreCounted) {
  Result<Facts> facts = load(module("train", "f32", kLoss))->check();
  ASSERT_TRUE(bool(facts)) << facts.error().message;
  EXPECT_EQ(facts->manifest.persistentBytes, 64);
  EXPECT_EQ(facts->phases.front().phase, "parse");
  EXPECT_EQ(facts->phases.back().phase, "vector");
}

TEST(Program, EveryStageHasAText) {
  Result<Program> program = load(module("train", "f32", kLoss));
  auto emitted = [&](Stage stage) { return *program->emit(stage); };
  EXPECT_NE(emitted(Stage::Graph).find("train.optimizer"), std::string::npos);
  EXPECT_NE(emitted(Stage::Gradient).find("train.update"), std::string::npos);
  EXPECT_NE(emitted(Stage::Update).find("train.set"), std::string::npos);
  EXPECT_NE(emitted(Stage::Linalg).find("linalg"), std::string::npos);
  EXPECT_NE(emitted(Stage::Vector).find("func.func @talweg_step"), std::string::npos);
  EXPECT_NE(emitted(Stage::Llvm).find("define void @talweg_step(ptr"), std::string::npos);
  EXPECT_NE(emitted(Stage::Asm).find("talweg_step:"), std::string::npos);
  EXPECT_EQ(emitted(Stage::Object).substr(1, 3), "ELF");
  EXPECT_EQ(codeOf(program->emit(Stage::Ast)), "E0835");
  EXPECT_EQ(codeOf(program->emit(Stage::Graph, Mode::Predict)), "E0836");
  EXPECT_EQ(codeOf(program->emit(Stage::Graph, Mode::Train, 5)), "E0837");
  EXPECT_FALSE(stageFromName("tokens"));
}

TEST(Program, CodeForAnotherMachineIsMadeAndNotRun) {
  int foreign = 0;
  for (const char *name : {"x86-64", "neoverse-n1"}) {
    CompileOptions options;
    options.target = name;
    Result<Program> program = load(module("train", "f32", kLoss), options);
    ASSERT_TRUE(bool(program)) << program.error().message;
    EXPECT_EQ(program->emit(Stage::Object)->substr(1, 3), "ELF");
    EXPECT_TRUE(bool(program->check(Stage::Object)));
    for (int time : {1, 2}) // compiled, and found among what is kept
      if (Result<Session> session = Session::create(*program); !session) {
        EXPECT_EQ(session.error().code, "E0808") << session.error().message << " for the time " << time;
        ++foreign;
      }
  }
  EXPECT_GE(foreign, 2);
  CompileOptions options;
  options.target = "no-such-processor";
  EXPECT_EQ(codeOf(load(module("train", "f32", kLoss), options)), "E0806");
}

TEST(Program, WrongModulesAreRefused) {
  EXPECT_EQ(codeOf(load("train.program")), "E0831");
  EXPECT_EQ(codeOf(load("module {}")), "E0831");
  CompileOptions options;
  options.set = {{"lr", "1"}};
  EXPECT_EQ(codeOf(load(module("train", "f32", kLoss), options)), "E0834");
  EXPECT_EQ(
      codeOf(load(module("predict", "f32", "train.yield %label : tensor<4xi32>"))->emit(Stage::Linalg, Mode::Predict)),
      "E0832");
}

TEST(Program, FailuresOfPassesNameTheLine) {
  std::string unreached =
      module("train", "f32", "%zero = tw.constant dense<0.0> : tensor<f32>\n    " + minimized("%zero", "f32"));
  Result<Facts> facts = load(unreached)->check();
  ASSERT_FALSE(bool(facts));
  EXPECT_EQ(facts.error().code, "E0830");
  EXPECT_EQ(facts.error().message.substr(0, 9), "sum.mlir:") << facts.error().message;
}

TEST(Program, OptionsAreChecked) {
  auto with = [](auto change) {
    CompileOptions options;
    change(options);
    return codeOf(load(module("train", "f32", kLoss), options));
  };
  EXPECT_EQ(with([](CompileOptions &o) { o.batch = 0; }), "E0805");
  EXPECT_EQ(with([](CompileOptions &o) { o.epochs = -1; }), "E0805");
  EXPECT_EQ(with([](CompileOptions &o) { o.steps = -1; }), "E0805");
  EXPECT_EQ(with([](CompileOptions &o) { o.steps = o.epochs = 1; }), "E0805");
  EXPECT_EQ(codeOf(Program::fromFile("/nowhere/at/all.tw", {})), "E0801");
  EXPECT_EQ(codeOf(setDebugFlags({"--no-such-flag"})), "E0804");
}

TEST(Program, GradientsAreCheckedInDoubles) {
  Result<GradcheckResult> result = load(module("train", "f64", kLoss64))->gradcheck({});
  ASSERT_TRUE(bool(result)) << result.error().message;
  EXPECT_LT(result->maxError, 1e-6);
  EXPECT_EQ(result->variables.at(0).checked, 3);
  EXPECT_EQ(codeOf(load(module("train", "f32", kLoss))->gradcheck({})), "E0870");
}

TEST(Program, DataMustFit) {
  Result<Program> program = load(module("train", "f32", kLoss));
  EXPECT_EQ(codeOf(Dataset::load(*program, "train")), "E0840");
  EXPECT_EQ(codeOf(Dataset::fromMemory(*program, {}, -1)), "E0842");
  Result<Session> session = Session::create(*program);
  EXPECT_EQ(codeOf(session->train({})), "E0854");
  std::vector<float> x(12);
  Result<Dataset> none = Dataset::fromMemory(*program, {{"x", x.data()}}, 0);
  EXPECT_EQ(codeOf(session->setTrainingData(*none)), "E0853");
  Result<Dataset> rows = Dataset::fromMemory(*program, {{"x", x.data()}}, 4);
  session->requestStop();
  EXPECT_EQ(codeOf(session->evaluate(*rows)), "E0855");
}

TEST(Program, PredictionsHaveARowForEachRow) {
  EXPECT_EQ(codeOf(load(module("predict", "f32", "train.yield %loss : tensor<f32>"))), "E0831");
  Result<Program> program = load(module("predict", "f32", "train.yield %row : tensor<4xf32>"));
  ASSERT_TRUE(bool(program)) << program.error().message;
  SessionOptions options;
  options.mode = Mode::Predict;
  Result<Session> session = Session::create(*program, options);
  ASSERT_TRUE(bool(session)) << session.error().message;
  std::vector<float> x{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  Result<Prediction> result = session->predict(*Dataset::fromMemory(*program, {{"x", x.data()}}, 4));
  ASSERT_TRUE(bool(result)) << result.error().message;
  EXPECT_EQ(result->values, (std::vector<double>{6, 15, 24, 33}));
}

TEST(Program, CheckpointsNeedAFolderAndAState) {
  auto folder = std::filesystem::temp_directory_path() / fmt::format("talweg-program-{}", ::getpid());
  std::filesystem::create_directories(folder);
  std::string run = (folder / "run").string();
  Result<Session> session = Session::create(*load(module("train", "f32", kLoss)));
  ASSERT_TRUE(bool(session->save(run)));
  ASSERT_TRUE(bool(session->writeRunRecord(run, {"talweg", "train"})));
  ASSERT_TRUE(bool(session->load(run)));
  for (const char *state : {"", "[]", "{}", R"({"format":1,"step":-1,"epochs":0,"step_in_epoch":0,"seed":0})",
                            R"({"format":2,"step":1,"epochs":0,"step_in_epoch":0,"seed":0})"}) {
    std::ofstream(run + "/last/state.json") << state;
    EXPECT_EQ(codeOf(session->load(run)), "E0865") << state;
  }
  EXPECT_EQ(codeOf(session->save(run + "/last/state.json")), "E0803");
  EXPECT_EQ(codeOf(session->saveModel((folder / "absent" / "model.safetensors").string())), "E0802");
  std::filesystem::remove_all(folder);
}
