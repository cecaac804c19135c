//! The block files of a folder: their numbers, and reads at a position.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::Error;

/// A block file by its number, not yet opened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlkFile {
    /// The number in its name.
    pub number: u32,
    /// Where it is.
    pub path: PathBuf,
}

/// The block files of `blocks_dir` in the order of their numbers.
///
/// Entries with other names are passed over. A name of a block file that stands for something else (a
/// folder, a device) is listed all the same: opening it tells what is wrong with it.
///
/// # Errors
/// The folder cannot be read.
pub fn list(blocks_dir: &Path) -> Result<Vec<BlkFile>, Error> {
    let mut files = Vec::new();
    for entry in fs::read_dir(blocks_dir).map_err(Error::io(blocks_dir))? {
        let entry = entry.map_err(Error::io(blocks_dir))?;
        if let Some(number) = entry.file_name().to_str().and_then(number_of) {
            files.push(BlkFile {
                number,
                path: entry.path(),
            });
        }
    }
    files.sort();
    files.dedup_by_key(|file| file.number);
    Ok(files)
}

/// The number in `blk01234.dat`. Core pads to five digits and goes on with six.
fn number_of(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("blk")?.strip_suffix(".dat")?;
    let canonical = digits.len() == 5 || (digits.len() > 5 && !digits.starts_with('0'));
    if !canonical || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // The highest number stands for no file (blocks of another folder), and no node gets there.
    digits.parse().ok().filter(|&number| number != u32::MAX)
}

/// The name of block file `number`.
pub fn name_of(number: u32) -> String {
    format!("blk{number:05}.dat")
}

/// Opens a block file for reading.
///
/// # Errors
/// It is missing, not readable, or not a regular file (a folder or a pipe under that name would
/// otherwise block or fail much later).
pub fn open(path: &Path) -> io::Result<(File, fs::Metadata)> {
    let meta = fs::metadata(path)?;
    if !meta.is_file() {
        return Err(io::Error::other("is not a regular file"));
    }
    let file = File::open(path)?;
    let meta = file.metadata()?;
    Ok((file, meta))
}

/// Reads up to `buffer.len()` bytes at `offset` and says how many there were before the end of the file.
pub(crate) fn read_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match read_some(file, offset + done as u64, &mut buffer[done..]) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

#[cfg(unix)]
fn read_some(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_some(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_core_writes_are_block_files() {
        assert_eq!(number_of("blk00000.dat"), Some(0));
        assert_eq!(number_of("blk05123.dat"), Some(5123));
        assert_eq!(number_of("blk123456.dat"), Some(123_456));
        for name in [
            "blk0000.dat",
            "blk000001.dat",
            "blk00000.dat.bak",
            "rev00000.dat",
            "blk+0001.dat",
            "blk99999999999.dat",
            "blk4294967295.dat",
            "blk٠٠٠٠٠.dat",
        ] {
            assert_eq!(number_of(name), None, "{name}");
        }
        assert_eq!(name_of(7), "blk00007.dat");
    }
}
