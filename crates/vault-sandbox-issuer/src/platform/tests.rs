use std::io::Write as _;

use super::*;

fn refused_with<T>(result: io::Result<T>) -> Option<FileRefusal> {
    let error = result.err().expect("it is refused");
    error.get_ref()?.downcast_ref().copied()
}

#[test]
fn regular_files_are_read_up_to_their_longest_length() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    let nothing = read_regular(&path, 9).unwrap_err();
    assert_eq!(nothing.kind(), io::ErrorKind::NotFound);
    std::fs::write(&path, "123").unwrap();
    for longest in [3, 4, u64::MAX] {
        assert_eq!(read_regular(&path, longest).unwrap(), b"123");
        assert!(open_regular(&path, longest).is_ok());
        assert!(open_regular_to_write(&path, longest).is_ok());
    }
    let too_long = Some(FileRefusal::TooLong { longest: 2 });
    assert_eq!(refused_with(read_regular(&path, 2)), too_long);
    assert_eq!(refused_with(open_regular(&path, 2)), too_long);
    assert_eq!(refused_with(open_regular_to_write(&path, 2)), too_long);
    assert_eq!(std::fs::read(&path).unwrap(), b"123");
    // Its length is told before a byte of it is read.
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    assert!(read_regular(&path, 1 << 20).is_err());
}

#[test]
fn a_directory_is_no_file() {
    let directory = tempfile::tempdir().unwrap();
    assert!(read_regular(directory.path(), 9).is_err());
    assert!(append_owner_only(directory.path()).is_err());
    assert!(check_replaceable(directory.path()).is_err());
    assert!(Replacement::beside(directory.path()).is_err());
}

#[test]
fn what_is_made_is_new_and_what_is_appended_to_need_not_be() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    create_owner_only(&path).unwrap().write_all(b"1").unwrap();
    let again = create_owner_only(&path).unwrap_err();
    assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    for path in [&path, &directory.path().join("other")] {
        append_owner_only(path).unwrap().write_all(b"2").unwrap();
        append_owner_only(path).unwrap().write_all(b"3").unwrap();
    }
    assert_eq!(std::fs::read(&path).unwrap(), b"123");
}

#[test]
fn a_lock_is_waited_for_so_long_and_no_longer() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    let held = create_owner_only(&path).unwrap();
    assert!(lock_within(&held, Duration::ZERO).unwrap());
    let other = open_regular_to_write(&path, 0).unwrap();
    assert!(!lock_within(&other, Duration::ZERO).unwrap());
    assert!(!lock_within(&other, LOCK_MOMENT).unwrap());
    let releasing = thread::spawn(move || {
        thread::sleep(LOCK_MOMENT);
        drop(held);
    });
    assert!(lock_within(&other, Duration::from_secs(60)).unwrap());
    releasing.join().unwrap();
}

#[test]
fn a_file_that_was_removed_or_replaced_is_no_longer_at_its_path() {
    let directory = tempfile::tempdir().unwrap();
    let (path, other) = (directory.path().join("a"), directory.path().join("b"));
    let file = create_owner_only(&path).unwrap();
    assert!(is_still_at(&file, &path).unwrap());
    assert!(is_same_file(&path, &path).unwrap());
    create_owner_only(&other).unwrap().write_all(b"1").unwrap();
    assert!(!is_same_file(&path, &other).unwrap());
    std::fs::rename(&other, &path).unwrap();
    assert!(!is_still_at(&file, &path).unwrap());
    std::fs::remove_file(&path).unwrap();
    assert!(!is_still_at(&file, &path).unwrap());
    assert!(!is_same_file(&path, &path).unwrap(), "nothing is there");
}

#[test]
fn a_replacement_takes_its_place_whole_or_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    let names = || std::fs::read_dir(directory.path()).unwrap().count();
    for content in ["first", "", "a longer one"] {
        let mut replacement = Replacement::beside(&path).unwrap();
        replacement.reserve(4096).unwrap();
        let _ = replacement.commit(content.as_bytes()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
        assert_eq!(names(), 1);
    }
    drop(Replacement::beside(&path).unwrap());
    assert_eq!(names(), 1);
    // Something else came there meanwhile.
    let replacement = Replacement::beside(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(replacement.commit(b"no").is_err());
    assert_eq!(names(), 1);
    assert!(Replacement::beside(&directory.path().join("none/file")).is_err());
}

#[test]
fn what_a_crash_left_is_swept_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    assert_eq!(
        sweep_replacements_of(&directory.path().join("none/file")).unwrap(),
        0
    );
    let others = [
        ".file.tmp",
        ".file.0123456789abcde.tmp",
        ".file.0123456789abcdeg.tmp",
        ".other.0123456789abcdef.tmp",
        "file.0123456789abcdef.tmp",
        ".file.0123456789abcdef",
    ];
    for name in others {
        std::fs::write(directory.path().join(name), "").unwrap();
    }
    for name in [".file.0123456789abcdef.tmp", ".file.fedcba9876543210.tmp"] {
        std::fs::write(directory.path().join(name), "").unwrap();
    }
    let under_way = Replacement::beside(&path).unwrap();
    assert_eq!(sweep_replacements_of(&path).unwrap(), 2);
    let count = || std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(count(), others.len() + 1);
    drop(under_way);
    assert_eq!(sweep_replacements_of(&path).unwrap(), 0);
    assert_eq!(count(), others.len());
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use rustix::io::Errno;

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.symlink_metadata().unwrap().permissions().mode() & 0o7777
    }

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn neither_links_nor_fifos_are_opened() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("file"), directory.path().join("link"));
        std::fs::write(&file, "1").unwrap();
        symlink(&file, &link).unwrap();
        let is_link = Some(FileRefusal::SymbolicLink);
        assert_eq!(refused_with(open_regular(&link, 9)), is_link);
        assert_eq!(refused_with(open_regular_to_write(&link, 9)), is_link);
        assert_eq!(refused_with(append_owner_only(&link)), is_link);
        assert_eq!(refused_with(Replacement::beside(&link)), is_link);
        assert!(create_owner_only(&link).is_err());
        let fifo = directory.path().join("fifo");
        mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        // That this ends is the point.
        let is_odd = Some(FileRefusal::NotRegular);
        assert_eq!(refused_with(open_regular(&fifo, 9)), is_odd);
        assert_eq!(refused_with(open_regular_to_write(&fifo, 9)), is_odd);
        assert_eq!(refused_with(append_owner_only(&fifo)), is_odd);
        assert_eq!(refused_with(Replacement::beside(&fifo)), is_odd);
        let device = Path::new("/dev/zero");
        assert_eq!(refused_with(read_regular(device, 9)), is_odd);
    }

    #[test]
    fn what_others_may_enter_or_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        owner_only_directory(&path).unwrap();
        owner_only_directory(&path).unwrap();
        for open in [0o701, 0o710, 0o755] {
            set_mode(&path, open);
            let refused = owner_only_directory(&path).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
            assert!(refused.to_string().contains("only you can read"));
        }
        let link = directory.path().join("link");
        set_mode(&path, 0o700);
        symlink(&path, &link).unwrap();
        assert!(owner_only_directory(&link).is_err(), "a link to it");
        let file = path.join("file");
        let opened = create_owner_only(&file).unwrap();
        check_owner_only(&opened).unwrap();
        assert!(owner_only_directory(&file).is_err());
        set_mode(&file, 0o640);
        let to_others = Some(FileRefusal::OpenToOthers);
        assert_eq!(refused_with(check_owner_only(&opened)), to_others);
        restrict_to_owner(&opened).unwrap();
        assert_eq!(mode(&file), 0o600);
        check_owner_only(&opened).unwrap();
    }

    #[test]
    fn one_file_is_the_same_by_all_its_names() {
        let directory = tempfile::tempdir().unwrap();
        let (one, other) = (directory.path().join("a"), directory.path().join("b"));
        std::fs::write(&one, "1").unwrap();
        std::fs::hard_link(&one, &other).unwrap();
        assert!(is_same_file(&one, &other).unwrap());
        let link = directory.path().join("link");
        symlink(&other, &link).unwrap();
        assert!(is_same_file(&one, &link).unwrap());
        // But a link is not the file that was opened.
        assert!(!is_still_at(&File::open(&one).unwrap(), &link).unwrap());
    }

    #[test]
    fn a_directory_is_synced_and_what_cannot_be_is_told_apart_from_a_failure() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        assert_eq!(sync_directory_of(&file).unwrap(), DirectorySync::Synced);
        let bare = sync_directory_of(Path::new("file")).unwrap();
        assert_eq!(bare, DirectorySync::Synced, "the working directory");
        assert!(sync_directory_of(&file.join("none")).is_err());
        for (errno, is_unsupported) in [
            (Errno::INVAL, true),
            (Errno::NOTSUP, true),
            (Errno::OPNOTSUPP, true),
            (Errno::NOSYS, true),
            (Errno::IO, false),
            (Errno::NOSPC, false),
            (Errno::DQUOT, false),
            (Errno::ROFS, false),
        ] {
            assert_eq!(system::is_unsupported(&errno.into()), is_unsupported);
        }
    }
}
