# SPDX-License-Identifier: Apache-2.0
# The CMake package and the pkg-config file. Both find their prefix from where they lie.

include(CMakePackageConfigHelpers)

set(package "${CMAKE_INSTALL_LIBDIR}/cmake/troupe")

install(EXPORT troupe-targets NAMESPACE troupe:: DESTINATION "${package}")

configure_package_config_file(cmake/troupe-config.cmake.in "${PROJECT_BINARY_DIR}/troupe-config.cmake"
  INSTALL_DESTINATION "${package}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/troupe-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/troupe-config.cmake" "${PROJECT_BINARY_DIR}/troupe-config-version.cmake"
  DESTINATION "${package}")

# The highest library first, as a linker of static libraries wants them.
get_property(libraries GLOBAL PROPERTY TROUPE_LIBRARIES)
list(REVERSE libraries)
list(TRANSFORM libraries PREPEND "-ltroupe_")
list(JOIN libraries " " TROUPE_PC_LIBRARIES)
file(RELATIVE_PATH TROUPE_PC_PREFIX
  "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
configure_file(cmake/troupe.pc.in "${PROJECT_BINARY_DIR}/troupe.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/troupe.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
