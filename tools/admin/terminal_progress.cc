#include "tools/admin/terminal_progress.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "tools/cli/progress_bar.h"

namespace labrec::admin {

std::string ProgressText(const recovery::VerifyProgress& progress) {
  const double seconds = progress.seconds > 0 ? progress.seconds : 1e-9;
  return fmt::format("{}/{} rows, {:.0f} rows/s, {:.1f} MB/s", progress.rows, progress.rows_expected,
                     static_cast<double>(progress.rows) / seconds,
                     static_cast<double>(progress.bytes) / seconds / 1e6);
}

std::function<void(const recovery::VerifyProgress&)> ShowProgress(std::string what) {
  auto bar = std::make_shared<cli::ProgressBar>(STDERR_FILENO, std::move(what));
  return [bar](const recovery::VerifyProgress& progress) {
    bar->Show(progress.rows, progress.rows_expected, ProgressText(progress));
  };
}

}  // namespace labrec::admin
