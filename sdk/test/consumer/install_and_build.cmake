# Installs the component `sdk` into an empty prefix, takes the example out of docs/sdk.md, builds it
# against the installed package as a project of its own, and runs it.
function(must_run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output
    ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGN}\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK_DIR})
must_run(${CMAKE_COMMAND} --install ${BUILD_DIR} --component sdk --prefix ${WORK_DIR}/prefix)

file(READ ${DOCUMENT} text)
string(FIND "${text}" "<!-- example begins -->" begins)
string(FIND "${text}" "<!-- example ends -->" ends)
if(begins LESS 0 OR ends LESS begins)
  message(FATAL_ERROR "${DOCUMENT} has no marked example")
endif()
math(EXPR length "${ends} - ${begins}")
string(SUBSTRING "${text}" ${begins} ${length} example)
string(REGEX REPLACE "^[^\n]*\n+```cpp\n" "" example "${example}")
string(REGEX REPLACE "\n```\n*$" "\n" example "${example}")
file(WRITE ${WORK_DIR}/source/main.cc "${example}")
file(COPY ${SOURCE_DIR}/test/consumer/CMakeLists.txt DESTINATION ${WORK_DIR}/source)

set(flags "")
if(SANITIZE)
  set(flags "-fsanitize=${SANITIZE}")
endif()
must_run(${CMAKE_COMMAND} -S ${WORK_DIR}/source -B ${WORK_DIR}/build -G Ninja
  -DCMAKE_PREFIX_PATH=${WORK_DIR}/prefix -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_CXX_FLAGS=${flags})
must_run(${CMAKE_COMMAND} --build ${WORK_DIR}/build)
execute_process(COMMAND ${WORK_DIR}/build/example RESULT_VARIABLE result OUTPUT_VARIABLE output)
if(NOT result EQUAL 0 OR NOT output MATCHES "AA 12.5")
  message(FATAL_ERROR "the example answered ${result}: ${output}")
endif()
