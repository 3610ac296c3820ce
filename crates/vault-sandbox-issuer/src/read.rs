//! Reading files that somebody else may have put there.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

/// The whole of a regular file, no longer than this. It is not followed if it is a link, and nothing
/// is waited for. `None`: it is longer.
pub(crate) fn read_regular(path: &Path, longest: u64) -> io::Result<Option<Vec<u8>>> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        options.custom_flags(i32::try_from(flags).map_err(io::Error::other)?);
    }
    #[cfg(not(unix))]
    if path.symlink_metadata()?.is_symlink() {
        return Err(io::Error::other(IS_A_LINK));
    }
    match options.open(path) {
        Ok(file) => read_open(file, longest),
        #[cfg(unix)]
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            Err(io::Error::other(IS_A_LINK))
        }
        Err(error) => Err(error),
    }
}

const IS_A_LINK: &str = "it is a symbolic link, which is not followed";

/// As [`read_regular`], of a file that was opened without following and without blocking.
pub(crate) fn read_open(file: File, longest: u64) -> io::Result<Option<Vec<u8>>> {
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut content = Vec::new();
    // One more shows that there is more; the length that is named may be of holes only.
    file.take(longest + 1).read_to_end(&mut content)?;
    Ok((content.len() as u64 <= longest).then_some(content))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn regular_files_only_and_no_longer_than_wanted() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::write(path("file"), "1234").unwrap();
        assert_eq!(read_regular(&path("file"), 4).unwrap().unwrap(), b"1234");
        assert_eq!(read_regular(&path("file"), 3).unwrap(), None);
        File::create(path("sparse"))
            .unwrap()
            .set_len(1 << 38)
            .unwrap();
        assert_eq!(read_regular(&path("sparse"), 1000).unwrap(), None);
        std::os::unix::fs::symlink("file", path("link")).unwrap();
        std::process::Command::new("mkfifo")
            .arg(path("fifo"))
            .status()
            .unwrap();
        for name in ["link", "fifo", "."] {
            let error = read_regular(&path(name), 9).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::Other, "{name}: {error}");
        }
        assert!(read_regular(Path::new("/dev/zero"), 9).is_err());
        let missing = read_regular(&path("missing"), 9).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }
}
