// Finds the limits of gradients on the losses of a program.
#include "talweg/Pipeline/Clips.h"

#include "talweg/Dialect/Train/Train.h"

using namespace talweg;

bool talweg::hasClips(const Unit &unit) {
  bool result = false;
  mlir::ModuleOp(*unit.module).walk([&](train::MinimizeOp minimize) { result |= minimize.getClips().has_value(); });
  return result;
}

void talweg::takeClips(Unit &unit) {
  unit.module->walk([](train::MinimizeOp minimize) {
    minimize.getLimitsMutable().clear();
    minimize.removeClipsAttr();
  });
}
