#include "collector/name_patterns.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace fdtrace {
namespace {

// So many letters are drawn by mkstemp(3), Python's tempfile, mktemp(1), and those that want to be very sure.
constexpr std::array<size_t, 4> kRandomLengths = {6, 8, 10, 12};
// From so many hexadecimal digits on, dashes between them included, a word is a hash or a UUID.
constexpr size_t kHexadecimalWord = 16;
constexpr size_t kLongestName = 100;  // in which random parts are looked for

bool IsHexadecimal(char byte) { return absl::ascii_isxdigit(static_cast<unsigned char>(byte)) || byte == '-'; }
bool IsDigit(char byte) { return absl::ascii_isdigit(static_cast<unsigned char>(byte)); }

bool IsWord(char byte) { return absl::ascii_isalnum(static_cast<unsigned char>(byte)) || byte == '_'; }

size_t RunFrom(absl::string_view name, size_t at, bool (*belongs)(char)) {
  size_t end = at;
  while (end < name.size() && belongs(name[end])) ++end;
  return end - at;
}

bool MayBeRandom(absl::string_view part) { return std::all_of(part.begin(), part.end(), IsWord); }

// No word, nor a number: digits among letters, or capitals after small letters.
bool LooksRandom(absl::string_view part) {
  bool digit = false, letter = false, capital_inside = false, small = false;
  for (const unsigned char byte : part) {
    digit |= absl::ascii_isdigit(byte);
    letter |= absl::ascii_isalpha(byte);
    capital_inside |= small && absl::ascii_isupper(byte);
    small |= absl::ascii_islower(byte);
  }
  return (digit && letter) || capital_inside;
}

// A name but for a part of it.
struct Frame {
  absl::string_view before, after;
  size_t length;  // of the part

  uint64_t Key() const { return absl::HashOf(before, after, length); }
};

template <typename Visit>
void ForEachFrame(absl::string_view name, const Visit& visit) {
  if (name.size() > kLongestName) return;
  for (const size_t length : kRandomLengths) {
    for (size_t at = 0; at + length <= name.size(); ++at) {
      const absl::string_view part = name.substr(at, length);
      if (MayBeRandom(part)) visit(Frame{name.substr(0, at), name.substr(at + length), length}, part);
    }
  }
}

// Folds the random parts of names that share a frame; of several frames, the one that most share.
void FoldRandomParts(const std::vector<std::string>& names, const std::vector<size_t>& which,
                     std::vector<std::string>& patterns) {
  struct Uses {
    uint32_t names = 0;
    uint32_t random = 0;
  };
  absl::flat_hash_map<uint64_t, Uses> frames;  // by key: there may be millions
  for (const size_t i : which) {
    ForEachFrame(names[i], [&](const Frame& frame, absl::string_view part) {
      if (LooksRandom(part)) frames[frame.Key()].random++;
    });
  }
  // One that looks random in half of its names is random in the others.
  for (const size_t i : which) {
    ForEachFrame(names[i], [&](const Frame& frame, absl::string_view) {
      if (const auto it = frames.find(frame.Key()); it != frames.end()) it->second.names++;
    });
  }
  for (const size_t i : which) {
    uint32_t most = 1;
    ForEachFrame(names[i], [&](const Frame& frame, absl::string_view) {
      const auto it = frames.find(frame.Key());
      if (it == frames.end() || it->second.names <= most || 2 * it->second.random < it->second.names) return;
      most = it->second.names;
      patterns[i] = absl::StrCat(frame.before, "*", frame.after);
    });
  }
}

// A copy of the name with "*" for each part; `fold` tells how many bytes to fold at a position.
template <typename Fold>
std::string Folded(absl::string_view name, const Fold& fold) {
  std::string pattern;
  for (size_t at = 0; at < name.size();) {
    const size_t folded = fold(at);
    if (folded == 0) {
      pattern += name[at++];
    } else {
      if (!pattern.ends_with('*')) pattern += '*';
      at += folded;
    }
  }
  return pattern;
}

// Numbers and hexadecimal words.
std::string FoldNumbers(absl::string_view name) {
  return Folded(name, [&](size_t at) {
    const absl::string_view hexadecimal = name.substr(at, RunFrom(name, at, IsHexadecimal));
    const bool begins = at == 0 || !IsWord(name[at - 1]);
    const bool is_drawn = begins && hexadecimal.size() >= kHexadecimalWord && hexadecimal.front() != '-' &&
                          std::any_of(hexadecimal.begin(), hexadecimal.end(), IsDigit);
    return is_drawn ? hexadecimal.size() : RunFrom(name, at, IsDigit);
  });
}

}  // namespace

std::string CoarsePattern(const std::string& name) {
  const absl::string_view all = name;
  return Folded(all, [&](size_t at) -> size_t {
    const size_t length = RunFrom(all, at, IsWord);
    const absl::string_view word = all.substr(at, length);
    const bool begins = at == 0 || !IsWord(all[at - 1]);
    return begins && (LooksRandom(word) || std::any_of(word.begin(), word.end(), IsDigit)) ? length : 0;
  });
}

std::vector<std::string> NamePatterns(const std::vector<std::string>& names) {
  absl::flat_hash_map<std::string, size_t> folded;
  for (const std::string& name : names) ++folded[FoldNumbers(name)];
  std::vector<std::string> patterns = names;
  std::vector<size_t> single;
  for (size_t i = 0; i < names.size(); ++i) {
    std::string pattern = FoldNumbers(names[i]);
    if (folded[pattern] == 1) {
      single.push_back(i);
    } else {
      patterns[i] = std::move(pattern);
    }
  }
  FoldRandomParts(names, single, patterns);
  return patterns;
}

}  // namespace fdtrace
