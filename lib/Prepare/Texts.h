// Cells as texts, whatever they are. Internal.
#ifndef TALWEG_LIB_PREPARE_TEXTS_H
#define TALWEG_LIB_PREPARE_TEXTS_H

#include "Work.h"

namespace talweg::prepare {

std::unique_ptr<Work> makeNumbersAsText();

} // namespace talweg::prepare

#endif
