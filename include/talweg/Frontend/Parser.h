// Text to syntax tree. In: one source of Sources, any bytes at all. Out: a File, and what is wrong with it in Diagnostics. When
// something is wrong the tree holds what could be understood, with null values where it could not: it is for showing, not
// for elaborating. Expressions of a tree are at most ast::maxHeight high and blocks at most ast::maxNesting deep.
#ifndef TALWEG_FRONTEND_PARSER_H
#define TALWEG_FRONTEND_PARSER_H

#include "talweg/Frontend/Diagnostics.h"

namespace talweg {

ast::File parse(const Sources &sources, int file, Diagnostics &diagnostics);

/// The tree as indented text, one declaration or statement a line, expressions fully parenthesised.
std::string dumpAst(const ast::File &file);

/// The text of an expression or a type, as short as it can be written: `i*stride + u`, `f32[..b, i]`.
std::string toText(const ast::Expr &expr);
std::string toText(const ast::Type &type);
std::string toText(const ast::Index &index);

} // namespace talweg

#endif
