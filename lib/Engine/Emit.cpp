// Translation to LLVM IR, LLVM's optimizations for the target and code generation.
#include "Emit.h"

#include "CutModule.h"

#include "talweg/Pipeline/Pipeline.h"
#include "talweg/Runtime/Abi.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/OpenMP/OpenMPToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/BinaryFormat/Magic.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/Archive.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

#include <fmt/format.h>

#include <future>

using namespace talweg;

static Error nativeError(const std::string &what) {
  return {"internal", fmt::format("error: code generation failed: {}", what)};
}

static std::unique_ptr<llvm::TargetMachine> makeTargetMachine(const Target &target) {
  const llvm::Target *generator = codeGeneratorFor(target);
  if (!generator)
    return nullptr;
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict; // a multiply-add is an op: talweg-form-multiply-adds
  return std::unique_ptr<llvm::TargetMachine>(generator->createTargetMachine(
      llvm::Triple(target.triple), target.cpu, target.features, options, llvm::Reloc::PIC_, llvm::CodeModel::Small,
      llvm::CodeGenOptLevel::Aggressive, /*JIT=*/true));
}

//===-- LLVM IR ----------------------------------------------------------------------------------------------------===//

/// Attributes that tell LLVM which processor the code is for.
static void describeFunction(llvm::Function &function, const Target &target) {
  function.addFnAttr("target-cpu", target.cpu);
  if (!target.features.empty())
    function.addFnAttr("target-features", target.features);
  if (target.vectorBits == 512)
    function.addFnAttr("prefer-vector-width", "512");
  function.addFnAttr(llvm::Attribute::NoUnwind);
}

/// Gives `talweg_<entry>` the signature of the ABI: the generated function becomes internal, and a new one under its name
/// takes the arguments from an array.
static bool wrapEntry(llvm::Function &body, const Target &target) {
  for (llvm::Argument &argument : body.args()) {
    if (!argument.getType()->isPointerTy())
      return false;
    argument.addAttr(llvm::Attribute::NoAlias);
    bool aligned = argument.getArgNo() <= abi::kArena || argument.getArgNo() >= abi::kFields;
    if (aligned)
      argument.addAttr(llvm::Attribute::getWithAlignment(body.getContext(), llvm::Align(abi::kAlignment)));
  }
  std::string name = body.getName().str();
  body.setName(name + ".body");
  body.setLinkage(llvm::GlobalValue::InternalLinkage);
  llvm::IRBuilder<> builder(body.getContext());
  auto *type = llvm::FunctionType::get(builder.getVoidTy(), {builder.getPtrTy()}, false);
  auto *entry = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name, body.getParent());
  builder.SetInsertPoint(llvm::BasicBlock::Create(body.getContext(), "", entry));
  std::vector<llvm::Value *> values;
  for (unsigned i = 0; i < body.arg_size(); ++i) {
    llvm::Value *slot = builder.CreateConstInBoundsGEP1_64(builder.getPtrTy(), entry->getArg(0), i);
    values.push_back(builder.CreateLoad(builder.getPtrTy(), slot));
  }
  builder.CreateCall(&body, values);
  builder.CreateRetVoid();
  describeFunction(*entry, target);
  return true;
}

static Result<std::unique_ptr<llvm::Module>> translate(mlir::ModuleOp source, llvm::LLVMContext &context,
                                                       const Target &target, llvm::TargetMachine &machine) {
  std::unique_ptr<llvm::Module> module = mlir::translateModuleToLLVMIR(source, context, "talweg");
  if (!module)
    return nativeError("the program cannot be translated to LLVM IR");
  module->setTargetTriple(machine.getTargetTriple());
  module->setDataLayout(machine.createDataLayout());
  std::vector<llvm::Function *> entries;
  for (llvm::Function &function : *module) {
    if (function.isDeclaration())
      continue;
    describeFunction(function, target);
    if (function.getName().starts_with("talweg_") && !function.hasLocalLinkage())
      entries.push_back(&function);
    else if (!function.hasHiddenVisibility()) // of another part
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
  }
  for (llvm::Function *entry : entries)
    if (!wrapEntry(*entry, target))
      return nativeError(fmt::format("`{}` has an argument that is not a pointer", entry->getName().str()));
  return module;
}

/// The loops, vectors and tiles are final: what is left is address arithmetic to share and hoist. LLVM's stock pipelines would spend
/// twenty times as long on unrolling and vectorizing what must stay as it is.
static bool optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder passes(&machine);
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(callGraph);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, callGraph, modules);
  llvm::ModulePassManager manager;
  if (auto failed =
          passes.parsePassPipeline(manager, "function(early-cse,loop-mssa(loop-rotate,licm),early-cse<memssa>,"
                                            "instcombine<no-verify-fixpoint>,simplifycfg)")) {
    llvm::consumeError(std::move(failed));
    return false;
  }
  manager.run(module, modules);
  return true;
}

/// LLVM's passes behind its optimizations, without strength reduction: it gives addresses that share a register one each, so that more is
/// spilled, and takes a tenth of the time.
class CodeGeneration : public llvm::legacy::PassManager {
public:
  void add(llvm::Pass *pass) override {
    if (pass->getPassName() == "Loop Strength Reduction")
      delete pass;
    else
      PassManager::add(pass);
  }
};

static void addConstant(llvm::Module &module, const char *name, const std::string &text) {
  llvm::Constant *bytes = llvm::ConstantDataArray::getString(module.getContext(), text);
  new llvm::GlobalVariable(module, bytes->getType(), /*isConstant=*/true, llvm::GlobalValue::ExternalLinkage, bytes,
                           name);
}

/// Of one module, by this thread.
static Result<std::string> emitModule(mlir::ModuleOp source, const Target &target, NativeForm form,
                                      const std::string &manifest) {
  std::unique_ptr<llvm::TargetMachine> machine = makeTargetMachine(target);
  if (!machine)
    return nativeError("this LLVM makes no code for " + target.triple);
  llvm::LLVMContext context;
  auto module = translate(source, context, target, *machine);
  if (!module)
    return module.error();
  if (!manifest.empty())
    addConstant(**module, abi::kManifest, manifest);
  std::string text;
  if (form == NativeForm::LlvmIr) {
    llvm::raw_string_ostream stream(text);
    (*module)->print(stream, nullptr);
    return text;
  }
  if (!optimize(**module, *machine))
    return nativeError("LLVM does not know a pass of its own");
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  CodeGeneration emitter;
  auto type = form == NativeForm::Assembly ? llvm::CodeGenFileType::AssemblyFile : llvm::CodeGenFileType::ObjectFile;
  if (machine->addPassesToEmitFile(emitter, stream, nullptr, type))
    return nativeError("this target cannot write such a file");
  emitter.run(**module);
  return std::string(bytes.begin(), bytes.end());
}

static Result<std::string> emitLibrary(mlir::ModuleOp source, const Target &target, const std::string &manifest) {
  source.getContext()->enableMultithreading();
  const auto modules = cutModule(source, std::size_t(target.machine.cores));
  std::vector<std::future<Result<std::string>>> others;
  for (std::size_t i = 1; i < modules.size(); ++i)
    others.push_back(std::async(
        std::launch::async, [&, module = *modules[i]] { return emitModule(module, target, NativeForm::Object, ""); }));
  std::vector<Result<std::string>> objects;
  objects.push_back(emitModule(*modules.front(), target, NativeForm::Object, manifest));
  for (auto &other : others)
    objects.push_back(other.get());
  std::vector<llvm::NewArchiveMember> members;
  for (const Result<std::string> &object : objects) {
    if (!object)
      return object.error();
    members.emplace_back(llvm::MemoryBufferRef(*object, "talweg"));
  }
  auto archive = llvm::writeArchiveToBuffer(members, llvm::SymtabWritingMode::NoSymtab, llvm::object::Archive::K_GNU,
                                            /*Deterministic=*/true, /*Thin=*/false);
  if (!archive)
    return nativeError(llvm::toString(archive.takeError()));
  return (*archive)->getBuffer().str();
}

Result<std::string> talweg::emitNative(mlir::ModuleOp source, const Target &target, NativeForm form,
                                       const std::string &manifest) {
  mlir::registerBuiltinDialectTranslation(*source.getContext());
  mlir::registerLLVMDialectTranslation(*source.getContext());
  mlir::registerOpenMPDialectTranslation(*source.getContext());
  return form == NativeForm::Library ? emitLibrary(source, target, manifest)
                                     : emitModule(source, target, form, manifest);
}

std::vector<std::string> talweg::objectsIn(const std::string &native) {
  const llvm::MemoryBufferRef bytes(native, "talweg");
  if (llvm::identify_magic(native) != llvm::file_magic::archive)
    return {native};
  std::vector<std::string> objects;
  auto archive = llvm::cantFail(llvm::object::Archive::create(bytes));
  llvm::Error ignored = llvm::Error::success();
  for (const llvm::object::Archive::Child &child : archive->children(ignored))
    objects.push_back(llvm::cantFail(child.getBuffer()).str());
  llvm::cantFail(std::move(ignored));
  return objects;
}

std::string talweg::manifestIn(const std::string &native) {
  const std::vector<std::string> objects = objectsIn(native);
  const std::string &object = objects.front(); // the manifest is in the first
  auto file = llvm::cantFail(llvm::object::ObjectFile::createObjectFile(llvm::MemoryBufferRef(object, "talweg")));
  for (const llvm::object::SymbolRef &symbol : file->symbols()) {
    if (llvm::cantFail(symbol.getName()) != abi::kManifest)
      continue;
    llvm::StringRef section = llvm::cantFail(llvm::cantFail(symbol.getSection())->getContents());
    return section.drop_front(llvm::cantFail(symbol.getValue())).split('\0').first.str();
  }
  return {};
}
