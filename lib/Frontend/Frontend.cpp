// The frontend's face: a parsed file, and elaboration on demand.
#include "talweg/Frontend/Frontend.h"

#include "Elaborator.h"
#include "StdFiles.h"

#include "talweg/Frontend/Parser.h"

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

/// Elaboration recurses over expressions and calls: it gets a stack that holds its own limits (see Expressions.cpp). The thread
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

Result<Plan> Source::plan(const Options &options) const {
  std::optional<Result<Plan>> result;
  auto done = withLargeStack([&] {
    mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
    Diagnostics diagnostics(impl->sources);
    Elaborator elaborator(context, impl->sources, impl->files, diagnostics, options);
    Plan plan = elaborator.plan();
    if (diagnostics.hasErrors()) {
      elaborator.build(); // for the errors in bodies
      result.emplace(diagnostics.toError());
    } else
      result.emplace(std::move(plan));
  });
  if (!done)
    return done.error();
  return std::move(*result);
}

/// Parameters outlive the batch: elaborated for one row more, the program has the same. What else may be wrong with that batch
/// is told when it is asked for.
static void checkBatchIndependence(mlir::MLIRContext &context, const Source::Impl &impl, Elaborator &elaborator,
                                   Diagnostics &diagnostics, Options options) {
  options.batch = elaborator.plan().batch + 1;
  Diagnostics unsaid(impl.sources);
  Elaborator other(context, impl.sources, impl.files, unsaid, options);
  other.build();
  if (unsaid.hasErrors())
    return;
  for (const Variable &variable : elaborator.declaredVariables())
    if (const Variable *same = other.declaredVariable(variable.name); same && same->type != variable.type)
      diagnostics.error(Code::BatchDependent, variable.place,
                        fmt::format("the shape of `{}` depends on the number of rows in a batch", variable.name));
}

Result<mlir::OwningOpRef<mlir::ModuleOp>> Source::build(mlir::MLIRContext &context, const Options &options) const {
  std::optional<Result<mlir::OwningOpRef<mlir::ModuleOp>>> result;
  auto done = withLargeStack([&] {
    Diagnostics diagnostics(impl->sources);
    mlir::OwningOpRef<mlir::ModuleOp> module;
    {
      Elaborator elaborator(context, impl->sources, impl->files, diagnostics, options);
      module = elaborator.build();
      if (!diagnostics.hasErrors() && options.mode == "train")
        checkBatchIndependence(context, *impl, elaborator, diagnostics, options);
    }
    if (diagnostics.hasErrors()) {
      result.emplace(diagnostics.toError());
      return;
    }
    std::string problem;
    mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
      llvm::raw_string_ostream stream(problem);
      stream << diagnostic.getLocation() << ": " << diagnostic << "\n";
      return mlir::success();
    });
    if (mlir::failed(mlir::verify(*module)))
      result.emplace(Error{
          "internal", fmt::format("{}: error: the compiler built an invalid program, which is a mistake of its own\n{}",
                                  impl->sources.path(0), problem)});
    else
      result.emplace(std::move(module));
  });
  if (!done)
    return done.error();
  return std::move(*result);
}
