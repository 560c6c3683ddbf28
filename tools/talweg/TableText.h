// Metrics of several numbers, under the names of classes where they are of each class.
#ifndef TALWEG_DRIVER_TABLETEXT_H
#define TALWEG_DRIVER_TABLETEXT_H

#include "KnownRun.h"

#include "talweg/Engine/Engine.h"

namespace talweg::driver {

/// Its name, and a line for each of its rows, or as many as it takes.
std::string tableText(const Session &session, const TableValue &table);

/// Lists of lists; objects, by their names, of classes that have some.
Json tableEvent(const Session &session, const TableValue &table);

} // namespace talweg::driver

#endif
