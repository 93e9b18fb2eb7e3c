# Warnings are errors, and ccache is used where it is installed.
add_compile_options(-Wall -Wextra -Wconversion -Werror)
find_program(CCACHE ccache)
if(CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    add_compile_options(-fpch-instantiate-templates -Xclang -fno-pch-timestamp)
else()
    add_compile_options(-fpch-preprocess)
    # g++ 12 takes inlined std::string code for overruns (GCC bugs 105329, 105651); clang and the sanitizers watch there.
    add_compile_options(-Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
endif()
