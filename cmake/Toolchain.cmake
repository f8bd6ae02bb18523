# Compiler settings shared by every target: ccache, a fast linker, warnings, sanitizers.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

# Line tables only: full debug information costs most of the link time.
set(CMAKE_CXX_FLAGS_DEV "-O1 -g1")

# The warnings apply to our code only: libraries come in as system includes.
add_library(understudy_warnings INTERFACE)
target_compile_options(understudy_warnings INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Werror
  # Designated initialisers leave out what keeps its default, on purpose.
  -Wno-missing-field-initializers
  $<$<CXX_COMPILER_ID:GNU>:-fno-semantic-interposition>
  # g++ 12 reports false positives of these through coroutines and std::string.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-maybe-uninitialized -Wno-dangling-pointer
    -Wno-mismatched-new-delete>)

if(UNDERSTUDY_SANITIZE)
  add_compile_options(-fsanitize=${UNDERSTUDY_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${UNDERSTUDY_SANITIZE})
endif()
if(UNDERSTUDY_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
