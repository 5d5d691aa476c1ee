# SPDX-License-Identifier: Apache-2.0
# The functions that make our tests. Each test is one CTest entry; TIMEOUT is in seconds (60).

set(TROUPE_TEST_TIMEOUT_FACTOR 1 CACHE STRING "Multiplies every test's timeout; sanitizers need it")
set(TROUPE_PYTHON /usr/bin/python3 CACHE FILEPATH "The interpreter that has Debian's python3-msgpack")

# Stops on what cmake_parse_arguments did not understand.
macro(troupe_refuse_unknown_arguments name)
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "${CMAKE_CURRENT_FUNCTION}(${name}): unknown argument ${ARG_UNPARSED_ARGUMENTS}")
  endif()
endmacro()

function(troupe_set_test_properties name timeout labels)
  if(NOT timeout)
    set(timeout 60)
  endif()
  math(EXPR timeout "${timeout} * ${TROUPE_TEST_TIMEOUT_FACTOR}")
  set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout} LABELS "${labels}")
endfunction()

# troupe_add_test(<name> SOURCES <file>... [DEPENDS <target>...] [LABELS <label>...] [TIMEOUT <s>])
#
# Makes a GoogleTest program with the main of tests/main.cpp, and the test that runs it.
function(troupe_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "TIMEOUT" "SOURCES;DEPENDS;LABELS")
  troupe_refuse_unknown_arguments(${name})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE
    troupe_test_main troupe::troupe ${ARG_DEPENDS} GTest::gtest troupe_warnings)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  add_test(NAME ${name} COMMAND ${name})
  troupe_set_test_properties(${name} "${ARG_TIMEOUT}" "${ARG_LABELS}")
endfunction()

# troupe_add_command_test(<name> COMMAND <word>... [EXPECT <regex>] [FAILS]
#   [LABELS <label>...] [TIMEOUT <s>])
#
# Runs a command, whose first word may be a program's target made above. It passes when the command
# succeeds, or with FAILS when it does not, and when its output (stdout and stderr) matches the
# extended regular expression, in which a dot also matches the end of a line.
function(troupe_add_command_test name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "FAILS" "EXPECT;TIMEOUT" "COMMAND;LABELS")
  troupe_refuse_unknown_arguments(${name})
  list(POP_FRONT ARG_COMMAND program)
  if(TARGET "${program}")
    set(program $<TARGET_FILE:${program}>)
  endif()
  set(end succeeds)
  if(ARG_FAILS)
    set(end fails)
  endif()
  add_test(NAME ${name}
    COMMAND "${PROJECT_SOURCE_DIR}/tests/expect" ${end} "${ARG_EXPECT}" "${program}" ${ARG_COMMAND})
  troupe_set_test_properties(${name} "${ARG_TIMEOUT}" "${ARG_LABELS}")
endfunction()

# troupe_add_tests_without(<feature>[,<feature>...]... TESTS <test>...)
#
# Runs tests that are there already once more for each group of features, as on a kernel that lacks them.
function(troupe_add_tests_without)
  cmake_parse_arguments(PARSE_ARGV 0 ARG "" "" "TESTS")
  foreach(test IN LISTS ARG_TESTS)
    foreach(without IN LISTS ARG_UNPARSED_ARGUMENTS)
      string(REPLACE "," "_and_" name "${test}_without_${without}")
      add_test(NAME ${name} COMMAND ${test})
      troupe_set_test_properties(${name} "" "")
      set_tests_properties(${name} PROPERTIES ENVIRONMENT "TROUPE_KERNEL_WITHOUT=${without}")
    endforeach()
  endforeach()
endfunction()

# troupe_add_compile_failure_test(<name> SOURCE <file> EXPECT <regex> [LABELS <label>...])
#
# Passes when the file does not compile and the compiler's output matches.
function(troupe_add_compile_failure_test name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "SOURCE;EXPECT" "LABELS")
  troupe_refuse_unknown_arguments(${name})
  troupe_add_command_test(${name} FAILS EXPECT "${ARG_EXPECT}" LABELS ${ARG_LABELS}
    COMMAND "${CMAKE_CXX_COMPILER}" -std=c++20 -fsyntax-only "-I${TROUPE_INCLUDE_DIR}"
      "${CMAKE_CURRENT_SOURCE_DIR}/${ARG_SOURCE}")
endfunction()

# troupe_add_fuzz_target(<name> SOURCES <file>... [DEPENDS <target>...] [SEEDS <folder>])
#
# One of the sources defines LLVMFuzzerTestOneInput. In the preset fuzz it is linked with libFuzzer,
# and ./dev fuzz runs it. Elsewhere it becomes a test that feeds it the seeds and their beginnings.
function(troupe_add_fuzz_target name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "SEEDS" "SOURCES;DEPENDS")
  troupe_refuse_unknown_arguments(${name})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE troupe::troupe ${ARG_DEPENDS} troupe_warnings)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz")
  set(seeds "")
  if(ARG_SEEDS)
    set(seeds "${CMAKE_CURRENT_SOURCE_DIR}/${ARG_SEEDS}")
  endif()

  if(TROUPE_FUZZ)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_property(GLOBAL APPEND_STRING PROPERTY TROUPE_FUZZ_TARGETS "${name} ${seeds}\n")
  else()
    target_sources(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests/fuzz/replay.cpp")
    add_test(NAME ${name} COMMAND ${name} ${seeds})
    troupe_set_test_properties(${name} "" fuzz)
  endif()
endfunction()

# Writes the list of fuzz targets, with their seeds, for ./dev fuzz. Call after all of them.
function(troupe_write_fuzz_targets)
  get_property(targets GLOBAL PROPERTY TROUPE_FUZZ_TARGETS)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/fuzz_targets" CONTENT "${targets}" @ONLY)
endfunction()
