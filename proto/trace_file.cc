#include "proto/trace_file.h"
