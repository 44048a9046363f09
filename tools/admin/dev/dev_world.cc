#include "tools/admin/dev/dev_world.h"

#include <array>
#include <fstream>

#include "absl/strings/str_cat.h"

#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"

namespace labrec::admin {
namespace {

constexpr size_t kMostQuoted = 600;

}  // namespace

absl::Status WriteNew(const std::filesystem::path& path, const std::string& text) {
  return WriteFile(path, AsBytes(text), 0600, Overwrite::kRefuse);
}

std::string EndOf(const std::filesystem::path& log) {
  std::ifstream file(log);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.size() > kMostQuoted ? "..." + text.substr(text.size() - kMostQuoted) : text;
}

std::string Neighbour(const std::string& program) {
  std::error_code unknown;
  const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe", unknown).parent_path();
  for (const std::filesystem::path& place : {here / program, here.parent_path() / "sbin" / program}) {
    if (!unknown && std::filesystem::exists(place, unknown)) return place;
  }
  return program;
}

absl::Status DevWorld::Run(const ProgramToRun& program, const std::string& package) const {
  LABREC_ASSIGN_OR_RETURN(Child child, Child::Start(program));
  const std::array<int, 1> ends = {child.ended()};
  LABREC_RETURN_IF_ERROR(stopping_.Await(ends, kForEver).status());
  const int code = child.End();
  if (code == 0) return absl::OkStatus();
  if (code == Child::kCannotBeRun && EndOf(program.log).empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(program.words[0], " cannot be run: install Debian's package ", package));
  }
  return absl::InternalError(absl::StrCat(program.words[0], " failed: ", EndOf(program.log)));
}

}  // namespace labrec::admin
