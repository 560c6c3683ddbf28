// The frontend's face: a parsed file, and elaboration on demand.
#include "talweg/Frontend/Frontend.h"

#include "Planning.h"
#include "StdFiles.h"
#include "Training.h"
#include "Walk.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Frontend/Parser.h"
#include "talweg/Frontend/PlanOps.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/Verifier.h"

#include <fmt/format.h>

#include <cstring>

#include <pthread.h>

using namespace talweg;
using namespace talweg::frontend;

struct Source::Impl {
  Sources sources;
  std::vector<ast::File> files; ///< 0: the user's, then the library's
};

/// Elaboration recurses over expressions and calls: it gets a stack that holds its own limits (see Limits.h). The thread
/// with it may be refused, which is an error; llvm::thread would end the process.
static Result<void> withLargeStack(llvm::function_ref<void()> work) {
  auto run = [](void *work) -> void * {
    (*static_cast<llvm::function_ref<void()> *>(work))();
    return nullptr;
  };
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_t thread;
  int refused = pthread_attr_setstacksize(&attributes, std::size_t(512) << 20);
  if (!refused)
    refused = pthread_create(&thread, &attributes, run, &work);
  pthread_attr_destroy(&attributes);
  if (refused)
    return Error{"E0807", fmt::format("error: the system refuses a thread to compile on: {}", std::strerror(refused))};
  pthread_join(thread, nullptr);
  return {};
}

Result<Source> Source::parse(std::string text, std::string filename) {
  auto impl = std::make_shared<Impl>();
  impl->sources.add(std::move(filename), std::move(text));
  for (int i = 0; i < kStdFileCount; ++i)
    impl->sources.add(kStdFiles[i].name, kStdFiles[i].text);
  Diagnostics diagnostics(impl->sources);
  for (int i = 0; i < impl->sources.size(); ++i)
    impl->files.push_back(talweg::parse(impl->sources, i, diagnostics));
  if (diagnostics.hasErrors())
    return diagnostics.toError();
  return Source(std::move(impl));
}

std::string Source::dumpAst() const { return talweg::dumpAst(impl->files[0]); }

static Result<void> verified(mlir::ModuleOp module, const std::string &path) {
  std::string problem;
  mlir::ScopedDiagnosticHandler handler(module.getContext(), [&](mlir::Diagnostic &diagnostic) {
    llvm::raw_string_ostream stream(problem);
    stream << diagnostic.getLocation() << ": " << diagnostic << "\n";
    return mlir::success();
  });
  if (mlir::succeeded(mlir::verify(module)))
    return {};
  return Error{"internal",
               fmt::format("{}: error: the compiler built an invalid program, which is a mistake of its own\n{}", path,
                           problem)};
}

static Result<Elaborated> elaborateHere(const Source::Impl &impl, const Options &options) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  Diagnostics diagnostics(impl.sources), ofPrediction(impl.sources);
  Walk walk(context, impl.sources, impl.files, diagnostics, ofPrediction, options);
  mlir::OwningOpRef<mlir::ModuleOp> module = elaborate(walk);
  if (diagnostics.hasErrors())
    return diagnostics.toError();
  if (auto good = verified(*module, impl.sources.path(0)); !good)
    return good.error();
  Elaborated result;
  llvm::raw_string_ostream stream(result.module);
  if (mlir::failed(mlir::writeBytecodeToFile(*module, stream)))
    return Error{"internal", impl.sources.path(0) + ": error: the program cannot be written as bytecode"};
  Result<Plan> plan = readPlan(*module->getOps<train::ProgramOp>().begin(), impl.sources.path(0));
  if (!plan)
    return plan.error();
  result.plan = std::move(*plan);
  if (ofPrediction.hasErrors())
    result.noPrediction = ofPrediction.toError();
  return result;
}

bool Source::preparesData() const {
  for (const auto &decl : impl->files[0].decls)
    for (const ast::DataField &field : decl->fields)
      if (field.type.element.text == "category" || (field.source && field.source->kind != ast::Expr::Call) ||
          (field.source && field.source->lhs->text != "column"))
        return true;
  return false;
}

static Result<DataDeclaration> dataHere(const Source::Impl &impl, const Options &options) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<tw::TwDialect, train::TrainDialect>();
  Diagnostics diagnostics(impl.sources), ofPrediction(impl.sources);
  Walk walk(context, impl.sources, impl.files, diagnostics, ofPrediction, options);
  planDeclarations(walk);
  if (diagnostics.hasErrors())
    return diagnostics.toError();
  return DataDeclaration{walk.fields, walk.plan.splits};
}

Result<DataDeclaration> Source::data(const Options &options) const {
  std::optional<Result<DataDeclaration>> result;
  if (auto done = withLargeStack([&] { result.emplace(dataHere(*impl, options)); }); !done)
    return done.error();
  return std::move(*result);
}

Result<Elaborated> Source::elaborate(const Options &options) const {
  std::optional<Result<Elaborated>> result;
  if (auto done = withLargeStack([&] { result.emplace(elaborateHere(*impl, options)); }); !done)
    return done.error();
  return std::move(*result);
}
