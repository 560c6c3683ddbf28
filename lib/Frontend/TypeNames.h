// What types are called in the language; those of elements come from the table (Support/ElementType.def).
#ifndef TALWEG_LIB_FRONTEND_TYPENAMES_H
#define TALWEG_LIB_FRONTEND_TYPENAMES_H

#include <string>
#include <vector>

namespace talweg::frontend {

/// Of a field of the data: what it is stored in, or `class`.
const std::vector<std::string> &fieldTypes();

/// Of the elements of a tensor. Floats that are only stored are f32 there.
const std::vector<std::string> &tensorTypes();

/// Every type.
const std::vector<std::string> &allTypes();

/// The list, and `more`.
std::vector<std::string> with(std::vector<std::string> list, const std::vector<std::string> &more);

} // namespace talweg::frontend

#endif
