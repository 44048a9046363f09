#pragma once

#include <filesystem>

namespace labrec {

// Whether, besides root, one user at most can reach what `fd` is open on, a file or a folder: by its owner,
// its mode and its POSIX access control list (acl(5)), whose mask shows as the group's bits. Never true where
// a group or everybody has any right.
bool IsPrivate(int fd);

// Whether the file stands in $CREDENTIALS_DIRECTORY (systemd.exec(5), LoadCredential=) and that folder is
// private: then nobody else gets as far as the file, whatever its own mode.
bool IsPrivateCredential(const std::filesystem::path& file);

}  // namespace labrec
