# Gives duckdb::duckdb: DuckDB's C API, from -DDUCKDB_ROOT=, $DUCKDB_ROOT, or the .deps/duckdb that
# the repository's scripts/bootstrap fills.
find_path(DuckDB_INCLUDE_DIR duckdb.h
  HINTS ${DUCKDB_ROOT} $ENV{DUCKDB_ROOT} ${CMAKE_CURRENT_LIST_DIR}/../../../.deps/duckdb
  PATH_SUFFIXES include)
find_library(DuckDB_LIBRARY duckdb
  HINTS ${DUCKDB_ROOT} $ENV{DUCKDB_ROOT} ${CMAKE_CURRENT_LIST_DIR}/../../../.deps/duckdb
  PATH_SUFFIXES lib)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(DuckDB REQUIRED_VARS DuckDB_LIBRARY DuckDB_INCLUDE_DIR)
if(DuckDB_FOUND AND NOT TARGET duckdb::duckdb)
  add_library(duckdb::duckdb SHARED IMPORTED)
  set_target_properties(duckdb::duckdb PROPERTIES
    IMPORTED_LOCATION "${DuckDB_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${DuckDB_INCLUDE_DIR}")
endif()
