# talweg_room(NAME [DEPENDS targets…] [LINK libs…])
# One static library from every .cpp in the calling folder. DEPENDS names the generated headers it includes.
function(talweg_room name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(${name} STATIC ${sources})
  set_target_properties(${name} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# talweg_passes(ROOM): generates talweg/ROOM/Passes.h.inc from Passes.td in the calling folder, as target Talweg<ROOM>PassIncGen.
function(talweg_passes room)
  set(LLVM_TARGET_DEFINITIONS Passes.td)
  mlir_tablegen(Passes.h.inc -gen-pass-decls -name Talweg${room})
  add_public_tablegen_target(Talweg${room}PassIncGen)
endfunction()
