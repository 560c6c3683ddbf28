// Labels of cells where no step says how. Internal.
#ifndef TALWEG_LIB_PREPARE_VOCABULARY_H
#define TALWEG_LIB_PREPARE_VOCABULARY_H

#include "Work.h"

namespace talweg::prepare {

/// The number of its name among those of the field's classes.
std::unique_ptr<Work> makeNamedClasses(const Field &field);

} // namespace talweg::prepare

#endif
