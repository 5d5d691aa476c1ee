# SPDX-License-Identifier: Apache-2.0
# The functions that make our libraries and programs.

# troupe_add_library(<folder>
#   SOURCES <file>... HEADERS <file>...     relative to the folder, each one named
#   [DEPENDS <target>...]                   what its headers use
#   [PRIVATE_DEPENDS <target>...]           what only its sources use
#   [UMBRELLA <file>])                      one header installed as troupe/<file>, not listed in HEADERS
#
# Makes the static library troupe_<folder>, alias troupe::<folder>. A header below an internal/
# folder is checked like the others but not installed.
function(troupe_add_library folder)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "UMBRELLA" "SOURCES;HEADERS;DEPENDS;PRIVATE_DEPENDS")
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "troupe_add_library(${folder}): unknown argument ${ARG_UNPARSED_ARGUMENTS}")
  endif()

  set(target troupe_${folder})
  add_library(${target} STATIC ${ARG_SOURCES} ${ARG_HEADERS} ${ARG_UMBRELLA})
  add_library(troupe::${folder} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${folder} POSITION_INDEPENDENT_CODE ON)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC
    "$<BUILD_INTERFACE:${TROUPE_INCLUDE_DIR}>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(${target}
    PUBLIC ${ARG_DEPENDS}
    PRIVATE ${ARG_PRIVATE_DEPENDS} "$<BUILD_INTERFACE:troupe_warnings>")

  file(MAKE_DIRECTORY "${TROUPE_INCLUDE_DIR}/troupe")
  file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}" "${TROUPE_INCLUDE_DIR}/troupe/${folder}" SYMBOLIC)
  if(ARG_UMBRELLA)
    file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}/${ARG_UMBRELLA}"
      "${TROUPE_INCLUDE_DIR}/troupe/${ARG_UMBRELLA}" SYMBOLIC)
  endif()

  set_property(GLOBAL APPEND PROPERTY TROUPE_LIBRARIES ${folder})
  list(TRANSFORM ARG_HEADERS PREPEND "${folder}/" OUTPUT_VARIABLE spellings)
  list(APPEND spellings ${ARG_UMBRELLA})
  list(TRANSFORM spellings PREPEND "troupe/")
  set_property(GLOBAL APPEND PROPERTY TROUPE_HEADERS ${spellings})

  if(TROUPE_INSTALL)
    set(include "${CMAKE_INSTALL_INCLUDEDIR}/troupe")
    foreach(header IN LISTS ARG_HEADERS)
      cmake_path(GET header PARENT_PATH parent)
      if(NOT "/${parent}/" MATCHES "/internal/")
        install(FILES "${header}" DESTINATION "${include}/${folder}/${parent}")
      endif()
    endforeach()
    if(ARG_UMBRELLA)
      install(FILES "${ARG_UMBRELLA}" DESTINATION "${include}")
    endif()
    install(TARGETS ${target} EXPORT troupe-targets)
  endif()
endfunction()

# troupe::troupe stands for all libraries. The build id is how two processes know that they run the
# same program (a function travels between them as {build id, offset}).
function(troupe_add_umbrella_target)
  get_property(libraries GLOBAL PROPERTY TROUPE_LIBRARIES)
  list(TRANSFORM libraries PREPEND troupe_)
  add_library(troupe INTERFACE)
  add_library(troupe::troupe ALIAS troupe)
  target_link_libraries(troupe INTERFACE ${libraries})
  target_link_options(troupe INTERFACE -Wl,--build-id)
  if(TROUPE_INSTALL)
    install(TARGETS troupe EXPORT troupe-targets)
  endif()
endfunction()

# troupe_add_program(<name> SOURCES <file>... [DEPENDS <target>...])
#
# Makes build/<preset>/bin/<name>, linked with troupe::troupe and what it depends on.
function(troupe_add_program name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;DEPENDS")
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "troupe_add_program(${name}): unknown argument ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE troupe::troupe ${ARG_DEPENDS} troupe_warnings)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
endfunction()
