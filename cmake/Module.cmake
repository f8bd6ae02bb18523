# module(NAME [DEPS module...] [LIBS private-lib...] [PUBLIC_LIBS lib...] [TEST_LIBS lib...]
#             [TEST_DEPS module...])
#
# Makes one module of src/ from the names of its files:
#   *_test.cc    -> executable NAME_test (GoogleTest, each test one ctest entry)
#   *_bench.cc   -> executable NAME_bench (Google Benchmark)
#   X_fuzz.cc    -> X_fuzz_replay, run in ctest over fuzz/corpus/X/; with UNDERSTUDY_FUZZ also X_fuzz
#   the rest     -> static library NAME, alias understudy::NAME
# DEPS are the modules it may include (public); LIBS stay private to its .cc files.
function(module name)
  cmake_parse_arguments(arg "" "" "DEPS;LIBS;PUBLIC_LIBS;TEST_LIBS;TEST_DEPS" ${ARGN})

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  set(benches ${sources})
  set(fuzzers ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|bench|fuzz)\\.cc$")
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")

  if(NOT sources)  # a module of headers only still needs one object file
    file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/empty.cc CONTENT "")
    set(sources ${CMAKE_CURRENT_BINARY_DIR}/empty.cc)
  endif()
  add_library(${name} STATIC ${sources})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX OUTPUT_NAME understudy_${name})
  add_library(understudy::${name} ALIAS ${name})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE understudy_warnings ${arg_LIBS})
  foreach(dep ${arg_DEPS})
    if(TARGET ${dep})
      target_link_libraries(${name} PUBLIC ${dep})
    else()
      message(WARNING "module ${name}: its dependency ${dep} is not in the tree")
    endif()
  endforeach()
  target_link_libraries(${name} PUBLIC ${arg_PUBLIC_LIBS} Threads::Threads)

  if(UNDERSTUDY_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_compile_definitions(${name}_test PRIVATE TEST_DATA_DIR="${CMAKE_CURRENT_SOURCE_DIR}")
    target_link_libraries(${name}_test PRIVATE understudy_warnings ${name} ${arg_TEST_DEPS}
      ${arg_TEST_LIBS} ${arg_LIBS} GTest::gtest GTest::gmock GTest::gtest_main)
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
      PROPERTIES TIMEOUT 300)
  endif()

  if(UNDERSTUDY_BENCH AND benches)
    add_executable(${name}_bench ${benches})
    target_compile_definitions(${name}_bench PRIVATE TEST_DATA_DIR="${CMAKE_CURRENT_SOURCE_DIR}")
    target_link_libraries(${name}_bench PRIVATE understudy_warnings ${name} ${arg_LIBS}
      benchmark::benchmark benchmark::benchmark_main)
  endif()

  foreach(fuzzer ${fuzzers})
    get_filename_component(target ${fuzzer} NAME_WE)
    string(REGEX REPLACE "_fuzz$" "" corpus ${target})
    set(corpus_dir ${CMAKE_SOURCE_DIR}/fuzz/corpus/${corpus})
    if(UNDERSTUDY_TESTS)
      add_executable(${target}_replay ${fuzzer} ${CMAKE_SOURCE_DIR}/fuzz/replay_main.cc)
      target_link_libraries(${target}_replay PRIVATE understudy_warnings ${name} ${arg_LIBS})
      add_test(NAME ${name}.fuzz_corpus.${corpus} COMMAND ${target}_replay ${corpus_dir})
    endif()
    if(UNDERSTUDY_FUZZ)
      add_executable(${target} ${fuzzer})
      target_link_libraries(${target} PRIVATE ${name} ${arg_LIBS})
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    endif()
  endforeach()
endfunction()
