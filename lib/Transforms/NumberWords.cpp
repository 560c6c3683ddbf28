// See NumberWords.h.
#include "NumberWords.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace talweg;

static StringRef wordsFor(tw::Reduction kind) {
  switch (kind) {
  case tw::Reduction::sum: return "sum";
  case tw::Reduction::prod: return "product";
  case tw::Reduction::max: return "max";
  case tw::Reduction::min: return "min";
  default: return "reduction";
  }
}

/// Of an operation that is called by another name than its own in the language or by people; else nothing.
static StringRef specialWordsFor(Operation *op) {
  return llvm::TypeSwitch<Operation *, StringRef>(op)
      .Case<tw::AddOp>([](auto) { return "add"; })
      .Case<tw::SubOp>([](auto) { return "subtract"; })
      .Case<tw::MulOp>([](auto) { return "multiply"; })
      .Case<tw::DivOp>([](auto) { return "divide"; })
      .Case<tw::NegOp>([](auto) { return "negate"; })
      .Case<tw::RsqrtOp>([](auto) { return "1 / sqrt"; })
      .Case<tw::LogisticOp>([](auto) { return "sigmoid"; })
      .Case<tw::PowOp>([](auto) { return "power"; })
      .Case<tw::SelectOp, train::EveryOp>([](auto) { return "choice"; })
      .Case<tw::ConvertOp>([](auto) { return "conversion"; })
      .Case<tw::WindowOp>([](auto) { return "indexing"; })
      .Case<tw::FoldOp>([](auto) { return "sum by index"; })
      .Case<tw::GatherOp>([](auto) { return "lookup"; })
      .Case<tw::ScatterAddOp, tw::CoalesceOp>([](auto) { return "sum by row"; })
      .Case<tw::PutRowsOp>([](auto) { return "rows put into a table"; })
      .Case<tw::ConcatOp>([](auto) { return "concatenation"; })
      .Case<tw::ContractOp>([](auto) { return "sum of products"; })
      .Case<tw::UniformOp>([](auto) { return "random numbers"; })
      .Case<tw::HighHalfOp, tw::JoinHalvesOp>([](auto) { return "conversion"; })
      .Case<tw::ReduceOp>([](tw::ReduceOp reduce) { return wordsFor(reduce.getKind()); })
      .Default([](Operation *) { return ""; });
}

std::string talweg::wordsFor(Operation *op) {
  if (StringRef special = specialWordsFor(op); !special.empty())
    return special.str();
  std::string name = op->getName().stripDialect().str();
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}
