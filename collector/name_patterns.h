// What names that one piece of code makes up have in common: "log.1" and "log.2" are "log.*", "tmpab12cd" and
// "tmp9xk_q2" are "tmp*". Pure.
//  - Numbers, long hexadecimal words, and parts that look as if drawn by lot become "*".
//  - A name that shares its pattern with none is its own pattern.
#pragma once

#include <string>
#include <vector>

namespace fdtrace {

// The pattern of each of the names, which lie in one directory; the same name may come more than once.
std::vector<std::string> NamePatterns(const std::vector<std::string>& names);

// Of a name alone, and coarser: words that have digits in them are folded whole.
std::string CoarsePattern(const std::string& name);

}  // namespace fdtrace
