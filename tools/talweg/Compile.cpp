// talweg compile: the program at any stage of compilation.
#include "Commands.h"
#include "Console.h"
#include "Experiment.h"

#include <fmt/format.h>

namespace talweg::driver {

namespace {

struct Options {
  Experiment experiment;
  std::string emit = "graph";
  std::string mode = "train";
  std::string output = "-";
  std::string target = "native";
  bool remarks = false;
  bool timing = false;
};

Mode modeFromName(const std::string &name) {
  for (Mode mode : {Mode::Eval, Mode::Predict, Mode::Gradient})
    if (name == nameOf(mode))
      return mode;
  return Mode::Train;
}

void showTimes(const Facts &facts) {
  double total = 0;
  for (const PhaseTime &phase : facts.phases) {
    complain(fmt::format("  {:<12}{:>10}", phase.phase, humanSeconds(phase.seconds)));
    total += phase.seconds;
  }
  complain(fmt::format("  {:<12}{:>10}", "total", humanSeconds(total)));
}

int run(const Options &options) {
  const Experiment &experiment = options.experiment;
  Stage stage = *stageFromName(options.emit);
  if (stage == Stage::Object && options.output == "-" && isTerminal(Stream::Out))
    return report(makeError("an object file is not shown in a terminal", "name a file with --output"), experiment.json);
  CompileOptions settings = experiment.compileOptions();
  settings.remarks = options.remarks;
  settings.target = options.target;
  auto program = Program::fromFile(experiment.file, settings);
  if (!program)
    return report(program.error(), experiment.json);
  if (options.timing) {
    auto facts = program->check(stage, /*quiet=*/true);
    if (!facts)
      return report(facts.error(), experiment.json);
    showTimes(*facts);
  }
  auto text = program->emit(stage, modeFromName(options.mode));
  if (!text)
    return report(text.error(), experiment.json);
  if (auto written = writeFile(options.output, *text); !written)
    return report(written.error(), experiment.json);
  if (experiment.json && options.output != "-")
    printLine(eventText({{"event", "compile"},
                         {"emit", options.emit},
                         {"mode", options.mode},
                         {"target", options.target},
                         {"bytes", text->size()},
                         {"output", options.output}}));
  return kOk;
}

} // namespace

void addCompile(CommandLine &line) {
  static Options options;
  Command command = line.add("compile", "show the program at a stage of compilation",
                             "Compiles a model file as far as a stage and writes the program as it is there: the "
                             "syntax tree (ast), the mathematics (graph), with its derivative (gradient), with its "
                             "optimizer (update), as loops over tensors (linalg), as vector code (vector), as LLVM IR "
                             "(llvm), and as machine code (asm, object). MLIR's debugging flags are passed on: "
                             "--mlir-print-ir-after-all, --mlir-timing and the rest of --mlir-….");
  options.experiment.declareFile(command);
  command.choice(options.emit, "--emit STAGE",
                 {"ast", "graph", "gradient", "update", "linalg", "vector", "llvm", "asm", "object"},
                 "ast, graph, gradient, update, linalg, vector, llvm, asm or object (default: graph)");
  command.choice(options.mode, "--mode MODE", {"train", "eval", "predict", "gradient"},
                 "of the step for train, eval, predict or gradient (default: train)");
  options.experiment.declareBatch(command);
  options.experiment.declareCode(command);
  command.text(
      options.target, "--target NAME",
      "what code is made for, from stage vector on: native, which is this machine, or a processor of x86-64 or "
      "AArch64 by LLVM's name, such as x86-64-v3, znver4 or neoverse-n1",
      "native");
  command.text(options.output, "--output,-o OUT", "where to write; `-` is standard output", "-");
  command.flag(
      options.remarks, "--remarks",
      "tell, line by line, which rewrites were taken and what they spare, what is stored and why, which products are "
      "slow, and which optimizations were wanted and not done; of all stages up to vector, whatever is shown");
  command.flag(options.timing, "--timing", "tell the time of each phase of the training program, on standard error");
  command.examples({{"talweg compile digits.tw --emit=gradient", "the backward pass"},
                    {"talweg compile digits.tw --remarks -o digits.mlir", "what was decided, on standard error"},
                    {"talweg compile digits.tw --emit=asm -o digits.s", "the machine code"},
                    {"talweg compile digits.tw --emit=object --target=x86-64-v3 -o digits.o",
                     "for any processor with AVX2, whatever this one has"}});
  command.action([] { return run(options); });
}

} // namespace talweg::driver
