// How much of the process stays in memory.
#ifndef TALWEG_ENGINE_RESIDENT_H
#define TALWEG_ENGINE_RESIDENT_H

namespace talweg {

/// Gives back what compilation has freed, and lets go of the compiler's own pages: code and constants of LLVM and MLIR, which
/// come back from their files when they are next used. To be called when a program is ready to run.
void letGoOfCompiler();

} // namespace talweg

#endif
