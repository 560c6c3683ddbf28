// Cells read as numbers where no step says how. Internal.
#ifndef TALWEG_LIB_PREPARE_SPELLINGS_H
#define TALWEG_LIB_PREPARE_SPELLINGS_H

#include "Work.h"

namespace talweg::prepare {

std::unique_ptr<Work> makePlainNumbers();

} // namespace talweg::prepare

#endif
