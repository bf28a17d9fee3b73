#include "viewer/pinned_text.h"
