// Declared types: their dimensions, which are expressions over names, and what fits them.
#ifndef TALWEG_LIB_FRONTEND_TYPES_H
#define TALWEG_LIB_FRONTEND_TYPES_H

#include "Value.h"

namespace talweg::frontend {

struct Given;
struct Walk;

/// A dimension's size. Nothing: reported.
std::optional<Count> evalDim(Walk &walk, const ast::Expr &expr);
/// The dimensions of a type all of whose names are known. Nothing: reported.
std::optional<Dims> evalDims(Walk &walk, const ast::Type &type);
/// The sizes of a declared result, where they are known already; empty: nothing is known.
std::vector<std::optional<Count>> expectedSizes(Walk &walk, const ast::Type &type);

/// Is it the type of a tensor?
bool isTensorType(const ast::Type &type);
/// Checks an argument against its declaration and gives it the callee's names; converts stored data to the wanted element.
bool conform(Walk &walk, const ast::Formal &formal, Value &value, const Given &given, const std::string &callee);
/// Checks a body's value against the declared result, and gives its dimensions the caller's names.
bool conformResult(Walk &walk, const ast::Decl &decl, Value &value);

} // namespace talweg::frontend

#endif
