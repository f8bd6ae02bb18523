# Gives the imported target duckdb::duckdb: the C API header and the shared library of DuckDB.
#
# Where it is looked for, the first that is set:
#   -DDUCKDB_ROOT=/path, then $DUCKDB_ROOT, then .deps/duckdb (filled by scripts/bootstrap).
# The folder holds include/duckdb.h and lib/libduckdb.so.
#
# Built programs find the library in that folder; installed ones in ../lib beside their bin/,
# where the install rule below puts a copy.

set(DUCKDB_ROOT "$ENV{DUCKDB_ROOT}" CACHE PATH "Folder with include/duckdb.h and lib/libduckdb.so")
if(DUCKDB_ROOT)
  get_filename_component(duckdb_root "${DUCKDB_ROOT}" ABSOLUTE)
else()
  set(duckdb_root "${CMAKE_SOURCE_DIR}/.deps/duckdb")
endif()

set(duckdb_header "${duckdb_root}/include/duckdb.h")
set(duckdb_library "${duckdb_root}/lib/${CMAKE_SHARED_LIBRARY_PREFIX}duckdb${CMAKE_SHARED_LIBRARY_SUFFIX}")
foreach(file IN ITEMS "${duckdb_header}" "${duckdb_library}")
  if(NOT EXISTS "${file}")
    message(FATAL_ERROR
      "DuckDB: ${file} is missing.\n"
      "Run scripts/bootstrap, which fetches and verifies it, or point -DDUCKDB_ROOT at a folder "
      "with include/duckdb.h and lib/libduckdb.so.")
  endif()
endforeach()

if(NOT TARGET duckdb::duckdb)
  add_library(duckdb::duckdb SHARED IMPORTED GLOBAL)
  set_target_properties(duckdb::duckdb PROPERTIES
    IMPORTED_LOCATION "${duckdb_library}"
    INTERFACE_INCLUDE_DIRECTORIES "${duckdb_root}/include")
  # The library has a SONAME only in some packagings; without one the linker would store its path.
  execute_process(COMMAND ${CMAKE_OBJDUMP} -p "${duckdb_library}"
    OUTPUT_VARIABLE duckdb_dynamic ERROR_QUIET)
  if(NOT duckdb_dynamic MATCHES "SONAME")
    set_target_properties(duckdb::duckdb PROPERTIES IMPORTED_NO_SONAME TRUE)
  endif()
endif()

# Only what embeds the engine carries it along: the SDK's users never receive it.
install(FILES "${duckdb_library}" DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT server
  PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
# An installed program in bin/ looks in the library folder of its own prefix.
list(APPEND CMAKE_INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}" "$ORIGIN/../lib")
list(REMOVE_DUPLICATES CMAKE_INSTALL_RPATH)
