// `every_function [CALL…]`: see RunRows.
#include "tests/every_function.h"

int main(int count, char** names) { return fdtrace::RunRows(count, names); }
