# Every library of the project, found once. A module names the imported target it links.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL REQUIRED)               # OpenSSL::Crypto, OpenSSL::SSL
find_package(ZLIB REQUIRED)                  # ZLIB::ZLIB
find_package(CURL REQUIRED)                  # CURL::libcurl
find_package(SQLite3 REQUIRED)               # SQLite::SQLite3
find_package(yaml-cpp REQUIRED)              # yaml-cpp
find_package(nlohmann_json REQUIRED)         # nlohmann_json::nlohmann_json
find_package(simdjson REQUIRED)              # simdjson::simdjson
find_package(CLI11 REQUIRED)                 # CLI11::CLI11
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)  # PkgConfig::RE2
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)  # PkgConfig::ZSTD
if(UNDERSTUDY_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
if(UNDERSTUDY_BENCH)
  find_package(benchmark REQUIRED)
endif()
