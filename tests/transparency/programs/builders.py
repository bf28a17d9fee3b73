"""Compilers and what runs them."""

from program import Program, Rule, Unread

SOURCES = r"""
for i in 1 2 3 4; do echo "#include <stdio.h>
int twice$i(int n) { return 2 * n + $i; }" >part$i.c; done
cat >main.cc <<'END'
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
extern "C" { int twice1(int); int twice2(int); int twice3(int); int twice4(int); }
int main(int count, char**) {
  std::map<std::string, int> map{{"a", twice1(count)}, {"b", twice2(3)}, {"c", twice3(4)}, {"d", twice4(5)}};
  for (auto& [name, n] : map) std::cout << name << n << '\n';
  try { throw std::runtime_error("caught"); } catch (const std::exception& e) { std::cout << e.what() << '\n'; }
}
END
"""

PROGRAMS = (
    Program("gcc with LTO", quick=True, needs=("g++",), packages=("g++",), script=SOURCES + r"""
flags="-O2 -g -pipe -flto -frandom-seed=1"; gcc $flags -c part*.c; g++ $flags -c main.cc; g++ -frandom-seed=1 -flto=2 -O2 -g *.o -o program && ./program; echo $?
gcc -save-temps=obj -O1 -o saved.o -c part1.c; gcc -E -dM part1.c | wc -l; ar rcsD lib.a part*.o; gcc -shared -fPIC -o lib.so part*.c; echo 'int main( {' >bad.c; gcc bad.c; echo $?
gcc -fno-such-flag part1.c; echo $?; gcc -wrapper "$PROBE",compiler -c part2.c -o wrapped.o; g++ -time=times -c main.cc -o timed.o; rm times
"""),
    Program("clang with LTO", needs=("clang", "ld.lld"), packages=("clang", "lld"), script=SOURCES + r"""
clang -O2 -g -flto=thin -c part*.c; clang++ -O2 -g -flto=thin -c main.cc; clang++ -fuse-ld=lld -flto=thin -Wl,--threads=2 -O2 -g *.o -o program && ./program; echo $?
clang -save-temps -O1 -c part1.c -o saved.o; clang++ -std=c++20 -stdlib=libstdc++ -fmodules -c main.cc -o other.o 2>/dev/null; echo 'int main( {' >bad.c; clang bad.c; echo $?; rm -rf .cache
"""),
    Program("CMake and Ninja", needs=("cmake", "ninja"), packages=("cmake", "ninja-build", "g++"), limit_seconds=120, script=SOURCES + r"""
cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.18)
project(made C CXX)
add_library(parts STATIC part1.c part2.c part3.c part4.c)
add_executable(program main.cc)
target_link_libraries(program parts)
add_custom_target(probe ALL COMMAND $ENV{PROBE} ninja)
enable_testing()
add_test(NAME runs COMMAND program)
add_test(NAME fails COMMAND false)
END
cmake -G Ninja -DCMAKE_BUILD_TYPE=Release -S . -B build | grep -v 'Detecting\|done ('; ninja -C build -j 2 | sed 's/^\[[0-9]*/[N/' | sort | uniq -c; build/program
(cd build && ctest -j 2 | sed -nE 's/.*(fails|runs) \.+ *(\**\w+).*/\1 \2/p; /tests passed/p' | sort); ninja -C build | tail -n 1; echo 'int broken' >>part2.c; ninja -C build >failed 2>&1; echo $?; rm failed
cmake -G 'Unix Makefiles' -S . -B make >/dev/null; make -C make -j 2 -k 2>&1 | grep -c error
""", unread=(Unread(r"(build|make)/.*\.ninja_(log|deps)|.*/Testing/.*|.*/CMakeFiles/(CMakeError|CMakeOutput)\.log|.*/(compiler_depend\S*|Progress/.*)", "times"),
             Unread(r".*a\.out|.*\.bin", "CMake's own checks, made in directories with random names")),
            rules=(Rule("files/.*", r"(CMakeScratch/|TryCompile-|CMakeTmp/cmTC_|cmTC_)\w+", r"\1N", "random names"),)),
)
