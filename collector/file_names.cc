#include "collector/file_names.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

constexpr FileId kNoFile = {};
constexpr size_t kNamesForEachRemembered = 4;
constexpr size_t kMaxGuesses = 4;  // from one component of a name

}  // namespace

struct FileNames::Node {
  ~Node();

  Node* parent = nullptr;
  std::string name;
  absl::flat_hash_map<absl::string_view, std::unique_ptr<Node>> below;  // by their names
  FileId file = kNoFile;
  bool made = false;         // the program made it, and nothing was there before
  uint32_t moves = 0;        // that are remembered to have led here
  uint64_t given_at = 0;     // by FileNames::now_
  bool from_before = false;  // its file has taken the place of one that the program did not make
};

// A tree may be deeper than a stack: directories are moved into directories without a limit.
FileNames::Node::~Node() {
  std::vector<std::unique_ptr<Node>> doomed;
  const auto doom_below = [&doomed](Node& node) {
    for (auto& [name, child] : node.below) doomed.push_back(std::move(child));
    node.below.clear();
  };
  doom_below(*this);
  while (!doomed.empty()) {
    const std::unique_ptr<Node> one = std::move(doomed.back());
    doomed.pop_back();
    doom_below(*one);
  }
}

FileNames::FileNames(size_t max_remembered) : max_remembered_(max_remembered), root_(std::make_unique<Node>()) {}
FileNames::~FileNames() = default;

// None: it names nothing. ".." goes back to where the path itself came from.
FileNames::Components FileNames::Split(absl::string_view path) {
  Components components;
  if (path.empty() || path.front() != '/' || path.size() >= kMaxPathBytes) return components;
  for (const absl::string_view one : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    if (one == ".") continue;
    if (one != "..") {
      components.push_back(one);
    } else if (!components.empty()) {
      components.pop_back();
    }
  }
  return components;
}

FileNames::Node* FileNames::Find(const Components& path) const {
  Node* node = root_.get();
  for (const absl::string_view name : path) {
    const auto child = node->below.find(name);
    if (child == node->below.end()) return nullptr;
    node = child->second.get();
  }
  return node;
}

FileNames::Node* FileNames::Make(absl::Span<const absl::string_view> path) {
  Node* node = root_.get();
  for (const absl::string_view name : path) {
    const auto found = node->below.find(name);
    if (found != node->below.end()) {
      node = found->second.get();
      continue;
    }
    auto made = std::make_unique<Node>();
    made->parent = node;
    made->name = std::string(name);
    Node* const child = made.get();
    node->below.emplace(child->name, std::move(made));
    node = child;
  }
  return node;
}

std::string FileNames::PathOf(const Node& node) {
  std::vector<const Node*> way;
  for (const Node* at = &node; at->parent != nullptr; at = at->parent) way.push_back(at);
  std::string path;
  for (auto at = way.rbegin(); at != way.rend(); ++at) path.append("/").append((*at)->name);
  return path;
}

void FileNames::Bind(Node& node, const FileId& file) {
  if (node.file == file) return;
  const bool made = node.made;
  Unbind(node);
  if (node.made) --remembered_;
  node.made = made;
  node.file = file;
  names_of_[file].push_back(&node);
  ++names_;
}

void FileNames::Unbind(Node& node) {
  if (node.file == kNoFile) return;
  const auto names = names_of_.find(node.file);
  names->second.erase(std::find(names->second.begin(), names->second.end(), &node));
  if (names->second.empty()) names_of_.erase(names);
  node.file = kNoFile;
  node.from_before = false;
  --names_;
  node.made = node.made && remembered_ < max_remembered_;
  if (node.made) ++remembered_;
}

void FileNames::Give(const FileId& file, absl::string_view path, bool replaced) {
  const Components components = Split(path);
  if (components.empty() || file == kNoFile) return;
  if (names_ >= kNamesForEachRemembered * max_remembered_ && names_of_.contains(file)) return;
  Node& node = *Make(components);
  Bind(node, file);
  node.given_at = ++now_;
  node.from_before = replaced && !node.made;
  node.made = !node.from_before;
}

void FileNames::Take(const FileId& file, absl::string_view path) {
  Node* const node = Find(Split(path));
  if (node == nullptr || node->file != file || file == kNoFile) return;
  Unbind(*node);
  Prune(node);
}

void FileNames::TakeAll(const FileId& file) {
  for (auto names = names_of_.find(file); names != names_of_.end(); names = names_of_.find(file)) {
    Node* const node = names->second.back();
    Unbind(*node);
    Prune(node);
  }
}

// The node, with all below it, and nothing above.
std::unique_ptr<FileNames::Node> FileNames::Detach(Node* node) {
  if (node == nullptr || node->parent == nullptr) return nullptr;
  const auto in_parent = node->parent->below.find(node->name);
  std::unique_ptr<Node> detached = std::move(in_parent->second);
  node->parent->below.erase(in_parent);
  Prune(std::exchange(node->parent, nullptr));
  return detached;
}

void FileNames::Attach(std::unique_ptr<Node> node, const Components& path) {
  if (node == nullptr) return;
  if (path.empty()) return Drop(std::move(node));
  Drop(Detach(Find(path)));
  Node* const parent = Make({path.data(), path.size() - 1});
  node->parent = parent;
  node->name = std::string(path.back());
  Node& attached = *node;
  parent->below.emplace(attached.name, std::move(node));
}

// It is known no more what these names are of.
void FileNames::Drop(std::unique_ptr<Node> node) {
  if (node == nullptr) return;
  std::vector<Node*> all = {node.get()};
  while (!all.empty()) {
    Node& one = *all.back();
    all.pop_back();
    Unbind(one);
    if (one.made) --remembered_;
    if (one.moves != 0) ForgetMovesTo(one);
    for (const auto& [name, child] : one.below) all.push_back(child.get());
  }
}

void FileNames::Prune(Node* node) {
  while (node != nullptr && node->parent != nullptr && node->below.empty() && node->file == kNoFile && !node->made &&
         node->moves == 0) {
    Node* const parent = node->parent;
    parent->below.erase(parent->below.find(node->name));
    node = parent;
  }
}

void FileNames::Move(absl::string_view from, absl::string_view to, bool exchanged) {
  const Components old_path = Split(from), new_path = Split(to);
  if (old_path == new_path) return;
  std::unique_ptr<Node> moved = old_path.empty() ? nullptr : Detach(Find(old_path));
  std::unique_ptr<Node> other = new_path.empty() ? nullptr : Detach(Find(new_path));
  if (exchanged) {
    Attach(std::move(other), old_path);
  } else {
    Drop(std::move(other));
  }
  Attach(std::move(moved), new_path);
  RememberMove(old_path, new_path);
  if (exchanged) RememberMove(new_path, old_path);
}

void FileNames::RememberMove(const Components& from, const Components& to) {
  if (from.empty() || to.empty()) return;
  Node* const node = Make(to);
  ++node->moves;
  std::string name(from.back());
  moved_[name].push_back({.at = ++now_, .to = node});
  moved_in_order_.push_back(std::move(name));
  if (moved_in_order_.size() <= kMaxMoved) return;
  const auto oldest = moved_.find(moved_in_order_.front());
  moved_in_order_.pop_front();
  Node* const led_to = oldest->second.front().to;
  oldest->second.pop_front();
  if (oldest->second.empty()) moved_.erase(oldest);
  if (led_to != nullptr && --led_to->moves == 0) Prune(led_to);
}

void FileNames::ForgetMovesTo(Node& node) {
  for (auto& [name, moves] : moved_) {
    for (Moved& moved : moves) {
      if (moved.to == &node) moved.to = nullptr;
    }
  }
  node.moves = 0;
}

void FileNames::Guess(const Node& name, std::vector<std::string>& paths) const {
  std::string below = "/" + name.name;
  for (const Node* at = name.parent; at != nullptr && at->parent != nullptr; at = at->parent) {
    const auto moves = moved_.find(at->name);
    size_t guesses = 0;
    if (moves != moved_.end()) {
      for (const Moved& moved : moves->second) {
        if (moved.at <= name.given_at || moved.to == nullptr) continue;
        if (++guesses > kMaxGuesses) break;
        paths.push_back(PathOf(*moved.to) + below);
      }
    }
    below.insert(0, "/" + at->name);
  }
}

std::vector<std::string> FileNames::GuessesOf(const FileId& file) const {
  std::vector<std::string> paths;
  const auto names = names_of_.find(file);
  if (moved_.empty() || names == names_of_.end()) return paths;
  for (const Node* const node : names->second) {
    if (!node->from_before) Guess(*node, paths);
  }
  return paths;
}

std::vector<std::string> FileNames::Of(const FileId& file) const {
  std::vector<std::string> paths;
  const auto names = names_of_.find(file);
  if (names == names_of_.end()) return paths;
  for (const Node* const node : names->second) {
    if (!node->from_before) paths.push_back(PathOf(*node));
  }
  return paths;
}

}  // namespace fdtrace
