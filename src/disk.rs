//! Files and directories that are nobody else's: made closed to others, and opened only when they are
//! what they seem.

use rustix::{fs::OFlags, io::Errno};
use std::{
    fs::{self, DirBuilder, File, FileType, OpenOptions, Permissions},
    io::{self, Read},
    os::unix::fs::{DirBuilderExt, FileTypeExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// All that a mode may give to others than the owner.
const OTHERS: u32 = 0o077;

/// Reads a whole file. A link is not followed, and a FIFO or a device is refused, not waited upon.
///
/// # Errors
/// When there is none, it is no regular file, or the file system refuses.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path, OpenOptions::new().read(true))?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Opens a file to be written, which only its owner may read from then on; likewise.
///
/// # Errors
/// Those of [`read`].
pub fn write(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let file = open(path, options.write(true).create(true).mode(0o600))?;
    if file.metadata()?.permissions().mode() & OTHERS != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// Puts a file in the place of this one, whole or not at all. Until then it stands beside it, with the
/// ending `new`.
///
/// # Errors
/// Those of [`write()`], and of `fill`, which writes it.
pub fn replace(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let fresh = path.with_extension("new");
    fill(&mut write(&fresh, OpenOptions::new().truncate(true))?)?;
    fs::rename(&fresh, path)
}

fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = options.custom_flags(flags.bits().cast_signed()).open(path);
    let file = opened.map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::LOOP) => unfit("a symbolic link, and links are not followed"),
        Some(Errno::NXIO) => unfit("a FIFO or a device, and no file"),
        _ => error,
    })?;
    let file_type = file.metadata()?.file_type();
    if file_type.is_file() { Ok(file) } else { Err(unfit(seen(file_type))) }
}

fn unfit(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("it is {what}"))
}

fn seen(file_type: FileType) -> &'static str {
    if file_type.is_dir() {
        "a directory, and no file"
    } else if file_type.is_fifo() {
        "a FIFO, and no file"
    } else {
        "a device, and no file"
    }
}

/// Makes a directory, and those above it that are missing, for its owner only. One that is there stays
/// as it is.
///
/// # Errors
/// When the file system refuses.
pub fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Closes a directory to others, and returns the mode that it had when it was open to them. One that
/// cannot be looked at is left to whoever needs it.
///
/// # Errors
/// When it is open and cannot be closed: it is somebody else's, or its file system keeps no modes.
pub fn close_directory(path: &Path) -> io::Result<Option<u32>> {
    let Some((folder, mode)) = directory(path) else { return Ok(None) };
    if mode & OTHERS == 0 {
        return Ok(None);
    }
    folder.set_permissions(Permissions::from_mode(mode & !OTHERS))?;
    match directory(path) {
        Some((_, now)) if now & OTHERS != 0 => Err(io::Error::other("its modes cannot be changed")),
        _ => Ok(Some(mode & 0o7777)),
    }
}

/// Whether nobody but its owner may look into a directory; one that is not there is closed.
pub fn is_closed(path: &Path) -> bool {
    directory(path).is_none_or(|(_, mode)| mode & OTHERS == 0)
}

/// Whether anybody may put another directory in the place of one in here.
pub fn is_anybodys(path: &Path) -> bool {
    directory(path).is_some_and(|(_, mode)| mode & 0o002 != 0 && mode & 0o1000 == 0)
}

fn directory(path: &Path) -> Option<(File, u32)> {
    let options = &mut OpenOptions::new();
    let flags = OFlags::DIRECTORY | OFlags::NONBLOCK;
    let folder = options.read(true).custom_flags(flags.bits().cast_signed()).open(path).ok()?;
    let mode = folder.metadata().ok()?.permissions().mode();
    Some((folder, mode))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{io::Write, os::unix::fs::symlink, process::Command};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_link_is_followed_neither_to_read_nor_to_write() {
        let directory = tempfile::tempdir().unwrap();
        let [theirs, link] = ["theirs", "link"].map(|name| directory.path().join(name));
        fs::write(&theirs, "theirs").unwrap();
        symlink(&theirs, &link).unwrap();
        let error = read(&link).unwrap_err().to_string();
        assert_eq!(error, "it is a symbolic link, and links are not followed");
        assert!(write(&link, OpenOptions::new().truncate(true)).is_err());
        symlink(&theirs, link.with_extension("new")).unwrap();
        assert!(replace(&link, |file| file.write_all(b"ours")).is_err());
        assert_eq!(fs::read_to_string(&theirs).unwrap(), "theirs");
    }

    #[test]
    fn a_fifo_a_device_or_a_directory_is_refused_and_not_waited_upon() {
        let directory = tempfile::tempdir().unwrap();
        let fifo = directory.path().join("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        assert_eq!(read(&fifo).unwrap_err().to_string(), "it is a FIFO, and no file");
        let error = write(&fifo, &mut OpenOptions::new()).unwrap_err().to_string();
        assert_eq!(error, "it is a FIFO or a device, and no file");
        let error = write(&fifo, OpenOptions::new().read(true)).unwrap_err().to_string();
        assert_eq!(error, "it is a FIFO, and no file");
        let null = Path::new("/dev/null");
        assert_eq!(read(null).unwrap_err().to_string(), "it is a device, and no file");
        let error = read(directory.path()).unwrap_err().to_string();
        assert_eq!(error, "it is a directory, and no file");
    }

    #[test]
    fn what_is_written_is_its_owners_also_when_it_was_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file.json");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        write(&path, &mut OpenOptions::new()).unwrap();
        assert_eq!(mode(&path), 0o600);
        fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        replace(&path, |file| file.write_all(b"new")).unwrap();
        assert_eq!((mode(&path), read(&path).unwrap()), (0o600, b"new".to_vec()));
    }

    #[test]
    fn a_directory_is_closed_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b");
        make_directory(&path).unwrap();
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o700, 0o700));
        assert_eq!(close_directory(&path).unwrap(), None);
        fs::set_permissions(&path, Permissions::from_mode(0o2775)).unwrap();
        assert_eq!(close_directory(&path).unwrap(), Some(0o2775));
        assert_eq!(mode(&path), 0o2700);
        assert_eq!(close_directory(&path.join("nowhere")).unwrap(), None);
    }

    #[test]
    fn a_directory_in_which_only_owners_may_rename_is_not_anybodys() {
        let directory = tempfile::tempdir().unwrap();
        for (mode, anybodys) in [(0o755, false), (0o775, false), (0o777, true), (0o1777, false)] {
            fs::set_permissions(directory.path(), Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_anybodys(directory.path()), anybodys, "{mode:o}");
        }
    }
}
