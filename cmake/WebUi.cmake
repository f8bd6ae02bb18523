# embed_web_ui(TARGET): builds web/ with esbuild (about a second) and links the result into TARGET as
# data. Node and web/node_modules come from scripts/bootstrap; without them the build of TARGET
# fails with a line that says so.
find_program(NODE_PROGRAM NAMES node nodejs)

function(embed_web_ui target)
  file(GLOB_RECURSE web_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/src/* ${CMAKE_SOURCE_DIR}/web/static/*)
  set(output ${CMAKE_BINARY_DIR}/web)
  set(node ${NODE_PROGRAM})
  if(NOT node)
    set(node node)
  endif()
  add_custom_command(OUTPUT ${output}/embedded_assets.cc
    COMMAND ${node} ${CMAKE_SOURCE_DIR}/web/build.mjs ${output}
    DEPENDS ${web_sources} ${CMAKE_SOURCE_DIR}/web/build.mjs ${CMAKE_SOURCE_DIR}/web/package-lock.json
    COMMENT "Building the web UI" VERBATIM)
  target_sources(${target} PRIVATE ${output}/embedded_assets.cc)
endfunction()

# Strict types are a test, not a step of the build: esbuild needs none.
if(UNDERSTUDY_TESTS AND NODE_PROGRAM)
  add_test(NAME web.types
    COMMAND ${NODE_PROGRAM} ${CMAKE_SOURCE_DIR}/web/node_modules/typescript/bin/tsc --noEmit -p ${CMAKE_SOURCE_DIR}/web)
endif()
